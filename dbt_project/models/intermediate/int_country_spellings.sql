with

countries as (
    select * from {{ ref("country") }}
),

other_names as (
    select
        country_code,
        unnest({{ split_text("other_names", ";") }}) as spelling
    from countries
    where other_names is not null
),

spellings as (
    select country_code, country_code as spelling
    from countries
    union all
    select country_code, country_name as spelling
    from countries
    union all
    select country_code, spelling
    from other_names
),

final as (
    select distinct
        lower(trim(spellings.spelling)) as spelling,
        countries.country_code,
        countries.region,
        countries.culture_cluster
    from spellings
    inner join countries on spellings.country_code = countries.country_code
)

select * from final
