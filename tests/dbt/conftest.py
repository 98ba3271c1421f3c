"""The real dbt project, built from rows written by hand."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode: test folders are no packages

from model_run import build_models
from raw_fixture import NIGHT, fill_small_company

from valuegap import warehouse
from valuegap.settings import Settings


@pytest.fixture(scope="session")
def small_company(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Marts of the small company of `raw_fixture`, as of its night."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("small_company"))
    with warehouse.writer(settings) as connection:
        fill_small_company(connection)
    build_models(settings, NIGHT)
    return settings
