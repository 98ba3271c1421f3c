{#- Bands of the number of employees, those of the European Commission's definition of small and medium enterprises. -#}
{% macro size_band(n_employees) -%}
    case
        when {{ n_employees }} < 10 then '1-9'
        when {{ n_employees }} < 50 then '10-49'
        when {{ n_employees }} < 250 then '50-249'
        when {{ n_employees }} >= 250 then '250+'
    end
{%- endmacro %}
