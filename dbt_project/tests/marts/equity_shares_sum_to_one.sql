-- All positive relationship value is shared out, unless there is none.
select sum(equity_share) as total_share
from {{ ref("relationship_value") }}
having sum(equity_share) is not null and abs(sum(equity_share) - 1) > 1e-9
