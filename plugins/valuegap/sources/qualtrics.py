"""Qualtrics: surveys, their definitions, and responses through the export job."""

from valuegap.sources.stream import Field, FieldType, Stream

INTEGER, BOOLEAN = FieldType.INTEGER, FieldType.BOOLEAN
TIMESTAMP, JSON = FieldType.TIMESTAMP, FieldType.JSON

STREAMS = (
    Stream(
        "surveys",
        version="last_modified_at",
        fields=(
            Field("id", "$.id", required=True),
            Field("name", "$.name"),
            Field("is_active", "$.isActive", BOOLEAN),
            Field("created_at", "$.creationDate", TIMESTAMP),
            Field("last_modified_at", "$.lastModified", TIMESTAMP, required=True),
        ),
    ),
    Stream(
        "survey_definitions",
        version="last_modified_at",
        fields=(
            Field("id", "$.SurveyID", required=True),
            Field("name", "$.SurveyName"),
            Field("questions", "$.Questions", JSON),
            Field("last_modified_at", "$.LastModified", TIMESTAMP, required=True),
        ),
    ),
    Stream(
        "responses",
        record_id=("survey_id", "id"),
        version="last_modified_at",
        context=("survey_id",),
        fields=(
            Field("id", "$.responseId", required=True),
            Field("started_at", "$.values.startDate", TIMESTAMP),
            Field("ended_at", "$.values.endDate", TIMESTAMP),
            Field("recorded_at", "$.values.recordedDate", TIMESTAMP, required=True),
            Field("last_modified_at", "$.values.LastModifiedDate", TIMESTAMP),
            Field("is_finished", "$.values.finished", BOOLEAN),
            Field("duration_seconds", "$.values.duration", INTEGER),
            Field("language", "$.values.userLanguage"),
            Field("distribution_channel", "$.values.distributionChannel"),
            Field("recipient_email", "$.values.recipientEmail"),
            Field("external_data_reference", "$.values.externalDataReference"),
            Field("order_number", "$.values.order_number"),
            Field("ticket_id", "$.values.ticket_id"),
            Field("answers", "$.values", JSON),
        ),
    ),
)
