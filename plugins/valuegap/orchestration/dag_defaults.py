"""What every DAG of the project shares."""

from datetime import timedelta
from typing import Any

from airflow.sdk import Param
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

from valuegap.errors import ConfigurationError, GateFailedError
from valuegap.orchestration.alerts import alert
from valuegap.orchestration.notify import tell_failure

# The same data fails the same check again, and a missing token stays missing.
NOT_WORTH_A_RETRY = ExceptionRetryPolicy(
    rules=[RetryRule([GateFailedError, ConfigurationError], RetryAction.FAIL, reason="needs a person")]
)

AS_OF_DATE = Param(
    None,
    type=["null", "string"],
    format="date",
    description="Last day the warehouse may know, as 2026-01-31. Empty: the partition key, or yesterday.",
)

DAG_DEFAULTS: dict[str, Any] = {
    "catchup": False,  # a night that was missed is in the next one's delta; `airflow backfill` makes old ones
    "max_active_runs": 1,  # nights in order: the cursor of one is the start of the next
    "params": {"as_of_date": AS_OF_DATE},
    "default_args": {
        "owner": "valuegap",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 4.0,  # 30 s, 2 min: the vendors' client has waited before that itself
        "max_retry_delay": timedelta(minutes=10),
        "retry_policy": NOT_WORTH_A_RETRY,
        "execution_timeout": timedelta(hours=1),
        "on_failure_callback": [alert, tell_failure],
    },
}
