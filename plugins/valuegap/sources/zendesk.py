"""Zendesk Support: users, organizations, tickets with their metric sets, and ticket events."""

from valuegap.sources.stream import Field, FieldType, Stream

INTEGER, BOOLEAN = FieldType.INTEGER, FieldType.BOOLEAN
TIMESTAMP, EPOCH_SECONDS, JSON = FieldType.TIMESTAMP, FieldType.EPOCH_SECONDS, FieldType.JSON


def _metric_minutes(name: str) -> tuple[Field, Field]:
    path = f"$.metric_set.{name}_in_minutes"
    return (
        Field(f"{name}_minutes_calendar", f"{path}.calendar", INTEGER),
        Field(f"{name}_minutes_business", f"{path}.business", INTEGER),
    )


STREAMS = (
    Stream(
        "users",
        fields=(
            Field("id", "$.id", required=True),
            Field("name", "$.name"),
            Field("email", "$.email"),
            Field("phone", "$.phone"),
            Field("role", "$.role"),
            Field("external_id", "$.external_id"),
            Field("organization_id", "$.organization_id"),
            Field("is_active", "$.active", BOOLEAN),
            Field("locale", "$.locale"),
            Field("time_zone", "$.time_zone"),
            Field("created_at", "$.created_at", TIMESTAMP, required=True),
            Field("updated_at", "$.updated_at", TIMESTAMP, required=True),
        ),
    ),
    Stream(
        "organizations",
        fields=(
            Field("id", "$.id", required=True),
            Field("name", "$.name"),
            Field("external_id", "$.external_id"),
            Field("domain_names", "$.domain_names", JSON),
            Field("deleted_at", "$.deleted_at", TIMESTAMP),
            Field("created_at", "$.created_at", TIMESTAMP, required=True),
            Field("updated_at", "$.updated_at", TIMESTAMP, required=True),
        ),
    ),
    Stream(
        "tickets",
        version="generated_at",
        fields=(
            Field("id", "$.id", required=True),
            Field("external_id", "$.external_id"),
            Field("status", "$.status", required=True),
            Field("priority", "$.priority"),
            Field("type", "$.type"),
            Field("channel", "$.via.channel"),
            Field("requester_id", "$.requester_id"),
            Field("assignee_id", "$.assignee_id"),
            Field("organization_id", "$.organization_id"),
            Field("tags", "$.tags", JSON),
            Field("custom_fields", "$.custom_fields", JSON),
            Field("satisfaction_score", "$.satisfaction_rating.score"),
            Field("created_at", "$.created_at", TIMESTAMP, required=True),
            Field("updated_at", "$.updated_at", TIMESTAMP, required=True),
            Field("generated_at", "$.generated_timestamp", EPOCH_SECONDS, required=True),
            Field("reopens", "$.metric_set.reopens", INTEGER),
            Field("replies", "$.metric_set.replies", INTEGER),
            Field("assignee_stations", "$.metric_set.assignee_stations", INTEGER),
            Field("solved_at", "$.metric_set.solved_at", TIMESTAMP),
            *_metric_minutes("reply_time"),
            *_metric_minutes("first_resolution_time"),
            *_metric_minutes("full_resolution_time"),
            *_metric_minutes("requester_wait_time"),
        ),
    ),
    Stream(
        "ticket_events",
        version="occurred_at",
        fields=(
            Field("id", "$.id", required=True),
            Field("ticket_id", "$.ticket_id", required=True),
            Field("occurred_at", "$.timestamp", EPOCH_SECONDS, required=True),
            Field("updater_id", "$.updater_id"),
            Field("child_events", "$.child_events", JSON),
        ),
    ),
)
