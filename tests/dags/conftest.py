import os
import tempfile

# Airflow reads these when it is first imported, and would make a home in the user's otherwise.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
