-- Tickets on a topic the seed ticket_topic does not list are about nothing in particular: say what they are about there.
{{ config(severity="warn") }}

select
    tickets.topic_code,
    count(*) as n_tickets
from {{ ref("fct_ticket") }} as tickets
left join {{ ref("ticket_topic") }} as topics on tickets.topic_code = topics.topic_code
where tickets.topic_code is not null and topics.topic_code is null
group by tickets.topic_code
