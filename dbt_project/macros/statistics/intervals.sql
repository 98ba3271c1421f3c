{#-
    Bounds of a mean's interval by Student's t: estimate ∓ t · se, held inside the metric's range.
-#}
{% macro mean_low(estimate, se, t, low, high) -%}
    {{ clip("cast(" ~ estimate ~ " - " ~ t ~ " * " ~ se ~ " as double)", low, high) }}
{%- endmacro %}

{% macro mean_high(estimate, se, t, low, high) -%}
    {{ clip("cast(" ~ estimate ~ " + " ~ t ~ " * " ~ se ~ " as double)", low, high) }}
{%- endmacro %}

{#- Standard error of a mean over n customers. NULL for fewer than two. -#}
{% macro mean_standard_error(n, total, square_total) -%}
    sqrt({{ safe_divide(sample_variance(n, total, square_total), n) }})
{%- endmacro %}

{#- Standard error of a share (0–1) over n customers. NULL for n = 0. -#}
{% macro share_standard_error(share, n) -%}
    sqrt({{ safe_divide(share ~ " * (1 - " ~ share ~ ")", n) }})
{%- endmacro %}

{#-
    Wilson's bounds of a share (0–1) over n customers. They stay inside 0–1 and hold for 0 and n of n. NULL for n = 0.
    Each is held on its side of the share: rounding in the last bit must not put a share of 1 above its own bound.
    Source: Wilson 1927.
-#}
{% macro wilson_low(share, n, z) -%}
    {{ clip(_wilson_centre(share, n, z) ~ " - " ~ _wilson_half_width(share, n, z), 0, share) }}
{%- endmacro %}

{% macro wilson_high(share, n, z) -%}
    {{ clip(_wilson_centre(share, n, z) ~ " + " ~ _wilson_half_width(share, n, z), share, 1) }}
{%- endmacro %}

{% macro _wilson_centre(share, n, z) -%}
    {{ safe_divide(n ~ " * " ~ share ~ " + " ~ z ~ " * " ~ z ~ " / 2", "nullif(" ~ n ~ ", 0) + " ~ z ~ " * " ~ z) }}
{%- endmacro %}

{% macro _wilson_half_width(share, n, z) -%}
    {{ z }} * sqrt({{ n }} * {{ share }} * (1 - {{ share }}) + {{ z }} * {{ z }} / 4) / (nullif({{ n }}, 0) + {{ z }} * {{ z }})
{%- endmacro %}
