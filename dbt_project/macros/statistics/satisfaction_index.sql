{#-
    Unweighted ACSI-style index of one response: the mean of overall satisfaction, confirmation of expectations and
    nearness to the ideal, each 0–100. On the usual 1–10 answers that is (x1 + x2 + x3 - 3) / 27 · 100. NULL where an
    item is missing. The published ACSI uses weights of its own, which are not public.
    Source: Fornell et al. 1996.
-#}
{% macro satisfaction_index(overall, disconfirmation, ideal) -%}
    ({{ overall }} + {{ disconfirmation }} + {{ ideal }}) / 3
{%- endmacro %}

{#-
    Cronbach's alpha of k items from the sum of their variances and the variance of their sum; at most 1, negative
    where items contradict each other, NULL where nobody differs. To nine digits: sums of doubles can pass the 1 by
    their last bit; what rounds to -0 is 0. Source: Cronbach 1951.
-#}
{% macro cronbach_alpha(k, item_variances, total_variance) -%}
    round({{ k }} / ({{ k }} - 1.0) * (1 - {{ safe_divide(item_variances, total_variance) }}), 9) + 0.0
{%- endmacro %}
