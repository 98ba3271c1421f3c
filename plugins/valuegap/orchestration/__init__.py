"""Airflow's side of a night: assets, schedules, tasks, alerts. The only sub-package that imports airflow."""
