"""The unit tests in the project's YAML. They judge code, not data: a night leaves them out."""

import re

from project_manifest import run_dbt


def test_every_unit_test_of_the_project_passes(small_company, tmp_path) -> None:
    finished = run_dbt(
        "test", "--select", "test_type:unit",
        work_dir=tmp_path, build_file=small_company.build_file, candidate_file=small_company.candidate_file,
    )  # fmt: skip
    (passed,) = re.findall(r"Done\. PASS=(\d+)", finished.stdout) or ["0"]
    assert finished.returncode == 0, finished.stdout[-6000:]
    assert int(passed) >= 100
