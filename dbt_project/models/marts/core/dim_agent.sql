select
    agent_key,
    source_system,
    source_id,
    role,
    email_hash,
    is_active,
    known_since,
    {{ lineage_columns() }}
from {{ ref("int_agents") }}
