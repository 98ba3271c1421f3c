select
    agent_key,
    source_system,
    source_id,
    role,
    team_id,
    is_bot,
    email_hash,
    is_active,
    known_since,
    {{ lineage_columns() }}
from {{ ref("int_agents") }}
