{#-
    Sentiment of words by a lexicon with rules for negation, intensity and contrast, after Taboada et al. 2011 (SO-CAL)
    and Hutto & Gilbert 2014 (VADER). Words, weights and reach are ours: seeds/sentiment_word.csv.

    What one word says, -1 to 1: its weight, times each modifier just before it, turned round and damped where negated.
-#}
{% macro polarity(weight, modifiers, is_negated, negation_weight) -%}
    {{ clip(
        weight ~ " * coalesce(" ~ modifiers ~ ", 1) * case when " ~ is_negated ~ " then " ~ negation_weight ~ " else 1 end",
        -1, 1
    ) }}
{%- endmacro %}

{#- How much a word counts in a text with a "but": half before it, one and a half times after it. -#}
{% macro contrast_weight(clause, last_contrast) -%}
    case when {{ clause }} < {{ last_contrast }} then 0.5 when {{ last_contrast }} > 0 then 1.5 else 1 end
{%- endmacro %}

{#-
    The word for a score: mixed where the lesser side weighs at least half of the greater one, neutral within ± 0.1 and
    where a text judges nothing; unknown where nothing of it was understood. Both sides are sums, not negative.
-#}
{% macro sentiment_of(score, praise, blame, is_themed) -%}
    case
        when {{ score }} is null and not {{ is_themed }} then 'unknown'
        when {{ score }} is null then 'neutral'
        when least({{ praise }}, {{ blame }}) >= greatest({{ praise }}, {{ blame }}) / 2 and {{ praise }} > 0 then 'mixed'
        when {{ score }} > 0.1 then 'positive'
        when {{ score }} < -0.1 then 'negative'
        else 'neutral'
    end
{%- endmacro %}
