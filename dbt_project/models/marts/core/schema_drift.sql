select
    source,
    stream,
    path as field_path,
    kind,
    renamed_to,
    json_type,
    previous_json_type,
    is_declared,
    noticed_as_of,
    first_seen_as_of,
    last_seen_as_of,
    n_records,
    {{ lineage_columns() }}
from ops.schema_drift({{ as_of_date() }})  -- of {{ source("ops", "field_census") }}
