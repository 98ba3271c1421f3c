"""The import rules of DECISIONS.md, read from the source: who may know whom."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "plugins" / "valuegap"
HEAVY = {"dbt", "duckdb", "great_expectations", "numpy", "pandas", "scipy", "sqlalchemy"}


def imported_modules(source: str, *, top_level_only: bool = False) -> set[str]:
    """Every module a file imports; `from a.b import c` counts as both a.b and a.b.c."""
    tree = ast.parse(source)
    nodes: Iterator[ast.AST] = iter(tree.body) if top_level_only else ast.walk(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def files_importing(prefixes: set[str], files: list[Path], *, top_level_only: bool = False) -> list[str]:
    """Paths, from the root, of the files that import a module at or below one of the prefixes."""
    return [
        str(file.relative_to(ROOT))
        for file in files
        if any(
            module == prefix or module.startswith(f"{prefix}.")
            for module in imported_modules(file.read_text(), top_level_only=top_level_only)
            for prefix in prefixes
        )
    ]


def package_files(*, without: tuple[str, ...] = ()) -> list[Path]:
    """Python files of the package, without those in the named sub-packages."""
    return [
        file for file in sorted(PACKAGE.rglob("*.py")) if file.relative_to(PACKAGE).parts[0] not in without
    ]


def test_the_reader_sees_every_form_of_import() -> None:
    source = "import a.b\nfrom c import d\ndef f():\n    from e.f import g\n"
    assert imported_modules(source) == {"a.b", "c", "c.d", "e.f", "e.f.g"}
    assert imported_modules(source, top_level_only=True) == {"a.b", "c", "c.d"}


def test_airflow_is_imported_only_by_dags_and_orchestration() -> None:
    assert files_importing({"airflow"}, package_files(without=("orchestration",))) == []


def test_sources_know_nothing_of_warehouse_quality_or_publish() -> None:
    later = {
        f"valuegap.{name}"
        for name in ("warehouse", "loading", "transform", "quality", "publish", "orchestration")
    }
    assert files_importing(later, sorted((PACKAGE / "sources").rglob("*.py"))) == []


def test_only_the_dashboard_imports_what_draws_pages() -> None:
    files = [*package_files(without=("dashboard",)), *sorted((ROOT / "dags").glob("*.py"))]
    assert files_importing({"streamlit", "plotly"}, files) == []


def test_the_dashboard_knows_nothing_of_sources_demo_or_airflow() -> None:
    others = {f"valuegap.{name}" for name in ("sources", "demo", "orchestration", "landing", "loading")}
    files = sorted((PACKAGE / "dashboard").rglob("*.py"))
    assert files
    assert files_importing(others, files) == []


def test_only_the_command_line_starts_the_dashboard() -> None:
    files = [file for file in package_files(without=("dashboard",)) if file.name != "cli.py"]
    assert files_importing({"valuegap.dashboard"}, [*files, *sorted((ROOT / "dags").glob("*.py"))]) == []


def test_only_the_command_line_knows_the_demo_company() -> None:
    files = [file for file in package_files(without=("demo",)) if file.name != "cli.py"]
    assert files_importing({"valuegap.demo"}, [*files, *sorted((ROOT / "dags").glob("*.py"))]) == []


@pytest.mark.parametrize("folder", [ROOT / "dags", PACKAGE / "orchestration"], ids=["dags", "orchestration"])
def test_what_airflow_parses_imports_no_heavy_library_at_module_level(folder: Path) -> None:
    files = sorted(folder.rglob("*.py"))
    assert files
    assert files_importing(HEAVY, files, top_level_only=True) == []


def test_only_settings_reads_the_environment() -> None:
    """Setting a default for a library is not reading."""
    reading = re.compile(r"os\.(environ\b(?!\.setdefault)|getenv)")
    readers = [str(file.relative_to(PACKAGE)) for file in package_files() if reading.search(file.read_text())]
    assert readers == ["settings.py"]


def test_nothing_is_named_like_a_module_dbt_would_import() -> None:
    assert [file.name for file in ROOT.glob("*/dbt_*.py")] == []
    assert not (ROOT / "dbt_project" / "__init__.py").exists()
    assert (ROOT / "plugins" / ".airflowignore").read_text().split() == ["valuegap"]
