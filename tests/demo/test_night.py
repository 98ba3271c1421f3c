"""The demo company as `valuegap demo run` starts it: what its nights are told to read."""

from datetime import date

import pytest

from valuegap.demo.night import demo_company
from valuegap.night import Night
from valuegap.settings import Settings


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Settings:
    folder = tmp_path_factory.mktemp("demo")
    (folder / "own").mkdir()
    (folder / "own" / "custom_fields.yml").write_text("# none\n")
    settings = Settings.from_environment(
        {"VALUEGAP_DATA_DIR": str(folder / "data"), "VALUEGAP_CONFIG_DIR": str(folder / "own")}
    )
    with demo_company(settings, Night(date(2026, 1, 31)), lambda _line: None) as of_demo:
        yield of_demo


def test_the_nights_read_three_vendors_and_the_dropped_files(demo):
    assert demo.sources == ("hubspot", "zendesk", "qualtrics", "files")
    assert demo.connection("zendesk_default").base_url.startswith("http://127.0.0.1:")
    assert sorted(path.name for path in demo.drop_dir.iterdir()) == ["initiatives.csv", "targets.csv"]
    assert (demo.config_dir / "file_drop.yml").exists()


def test_the_nights_write_where_other_nights_do(demo, tmp_path):
    assert demo.drop_dir.is_relative_to(demo.data_dir)
    assert demo.project_root == Settings().project_root


def test_fields_that_were_declared_are_known_to_the_demo_too(demo):
    assert (demo.config_dir / "custom_fields.yml").read_text() == "# none\n"
