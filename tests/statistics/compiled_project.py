"""The dbt project compiled once, so that its own SQL can be run on the warehouse of one seed after the other."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from tests.dbt.model_run import build_models
from tests.statistics.raw_night import fill_raw

from valuegap import warehouse
from valuegap.analytics import driver_importance
from valuegap.demo.company import generate_company
from valuegap.demo.truth import Truth
from valuegap.demo.world import Size
from valuegap.night import Night
from valuegap.settings import Settings

FITTED = {"driver_importance": "int_driver_answers"}
"""Marts that publish a fit, and the model it is fitted to."""


@dataclass(frozen=True)
class Model:
    """One model as dbt would build it: `columns` are those of its contract, empty without one."""

    name: str
    relation: str
    is_view: bool
    columns: Mapping[str, str]
    sql: str

    @property
    def statement(self) -> str:
        """What creates it."""
        if not self.columns:
            return f"create {'view' if self.is_view else 'table'} {self.relation} as {self.sql}"
        definitions = ", ".join(f"{name} {type_}" for name, type_ in self.columns.items())
        return (
            f"create table {self.relation} ({definitions}); insert into {self.relation} by name ({self.sql})"
        )


@dataclass(frozen=True)
class CompiledProject:
    """The models that lead to some marts, in an order they can be built in, and a warehouse with their seeds."""

    night: Night
    models: tuple[Model, ...]
    seeds: tuple[str, ...]
    seeds_file: Path

    @classmethod
    def of(cls, marts: Sequence[str], folder: Path, as_of: date, **variables: object) -> "CompiledProject":
        """Let dbt build the project on empty raw tables in `folder`, once, and keep the SQL it ran."""
        settings = Settings(data_dir=folder)
        with warehouse.writer(settings):
            pass
        wanted = [*(FITTED[name] for name in marts if name in FITTED), *marts]
        build_models(settings, as_of, select=[f"+{name}" for name in wanted], **variables)
        manifest = json.loads((settings.build_file.parent / "dbt" / "target" / "manifest.json").read_bytes())
        nodes = list(_needed(manifest["nodes"], [f"model.valuegap.{name}" for name in wanted], set()))
        return cls(
            night=Night(as_of),
            models=tuple(_model(node) for node in nodes if node["resource_type"] == "model"),
            seeds=tuple(node["relation_name"] for node in nodes if node["resource_type"] == "seed"),
            seeds_file=settings.build_file,
        )

    def build(self, seed: int, folder: Path, *, size: Size = "S", nights: int = 1) -> Truth:
        """Build the marts of the demo company of `seed` in `folder`, as a night would; return what was planted."""
        company = generate_company(seed=seed, size=size, nights=nights, first_night=self.night.as_of_date)
        settings = Settings(data_dir=folder, threads=1)
        with warehouse.writer(settings) as connection:
            connection.execute("set enable_progress_bar = false")
            fill_raw(connection, company, self.night)
            connection.execute(f"attach '{settings.candidate_file}' as candidate")
            self._copy_seeds(connection)
            for model in self.models:
                if model.name in FITTED:
                    driver_importance.run(connection)
                _create(connection, model)
        return company.truth

    def _copy_seeds(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("create schema if not exists seeds")
        connection.execute(f"attach '{self.seeds_file}' as seeded (read_only)")
        for relation in self.seeds:
            there = relation.replace('"build"', "seeded")
            connection.execute(f"create table {relation} as select * from {there}")
        connection.execute("detach seeded")


def _needed(
    nodes: Mapping[str, Mapping[str, Any]], wanted: Sequence[str], seen: set[str]
) -> Iterator[Mapping[str, Any]]:
    for unique_id in wanted:
        if unique_id in nodes and unique_id not in seen:
            seen.add(unique_id)
            yield from _needed(nodes, nodes[unique_id]["depends_on"].get("nodes", ()), seen)
            yield nodes[unique_id]


def _model(node: Mapping[str, Any]) -> Model:
    columns = node["columns"].values() if node["contract"]["enforced"] else ()
    return Model(
        name=node["name"],
        relation=node["relation_name"],
        is_view=node["config"]["materialized"] == "view",
        columns={column["name"]: column["data_type"] for column in columns},
        sql=node["compiled_code"],
    )


def _create(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    schema = model.relation.rpartition(".")[0]
    connection.execute(f"create schema if not exists {schema}")
    try:
        connection.execute(model.statement)
    except duckdb.Error as error:
        raise AssertionError(f"{model.name}: {error}") from error
