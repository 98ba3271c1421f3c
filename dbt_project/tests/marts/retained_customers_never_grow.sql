-- Who ordered in a month or later ordered in an earlier one or later.
select
    later.segment_key,
    later.cohort_month,
    later.month_number
from {{ ref("retention_cohort") }} as later
inner join {{ ref("retention_cohort") }} as earlier
    on
        later.segment_key = earlier.segment_key
        and later.cohort_month = earlier.cohort_month
        and later.month_number = earlier.month_number + 1
where later.retained > earlier.retained or later.size <> earlier.size
