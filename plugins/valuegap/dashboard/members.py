"""Which customers a segment holds, for figures made of customers and not taken from a mart by segment."""

FEWEST_CUSTOMERS = 5
"""Of fewer than these no figure made here is shown; `min_n_publish` of `dbt_project.yml` says the same."""

MEMBERS = """
    select customer_key from marts.dim_customer
    where case split_part($segment, ':', 1)
        when 'all' then 'all'
        when 'industry' then coalesce(industry, 'unknown')
        when 'market_segment' then coalesce(market_segment, 'unknown')
        when 'country' then coalesce(country, 'unknown')
        when 'region' then coalesce(region, 'unknown')
        when 'culture_cluster' then coalesce(culture_cluster, 'unknown')
        when 'size_band' then coalesce(size_band, 'unknown')
        when 'lead_source' then coalesce(lead_source, 'unknown')
        when 'acquisition_channel' then coalesce(acquisition_channel, 'unknown')
        when 'value_tier' then coalesce(cast(value_tier as varchar), 'unknown')
    end = substr($segment, strpos($segment, ':') + 1)
"""
"""Query of the customers of `$segment`, a segment_key."""
