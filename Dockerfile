# One image for every Airflow component and for the demo company, and one, with other dependencies, for the
# dashboard; docker-compose.yml says who runs what.
FROM python:3.12-slim-bookworm

# Fixed ids, so that a named volume belongs to the same user in every version of the image.
RUN groupadd --gid 50000 valuegap && useradd --uid 50000 --gid 50000 --create-home valuegap

# Dependencies before code: a change of a model or a DAG does not install them again.
# requirements-postgres.lock is requirements.lock, the two drivers of Airflow's metadata database and what
# exports need;
# requirements-dashboard.lock is requirements.lock and what draws the dashboard.
ARG REQUIREMENTS=requirements-postgres.lock
WORKDIR /opt/valuegap
COPY requirements-postgres.lock requirements-postgres.lock
COPY requirements-dashboard.lock requirements-dashboard.lock
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement "$REQUIREMENTS"

COPY plugins plugins
COPY dags dags
COPY dbt_project dbt_project
COPY expectations expectations
COPY config config
# Compiled once here; otherwise each task's process would do it again, as the user cannot write there.
RUN python -m compileall -q plugins dags \
    && install --directory --owner=valuegap --group=valuegap /opt/valuegap/data \
        /opt/valuegap/data/published /opt/valuegap/data/reports /opt/airflow

ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/valuegap/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/valuegap/plugins \
    PYTHONPATH=/opt/valuegap/plugins

USER valuegap
CMD ["airflow", "version"]
