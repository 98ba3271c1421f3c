"""YAML as the project's configuration is written in: no second key may hide the first."""

from collections.abc import Hashable
from typing import Any

import yaml


def parse(text: str) -> Any:  # noqa: ANN401 - YAML is Any
    """Return the document in `text`.

    Raises:
        yaml.YAMLError: It is no YAML, or a mapping has the same key twice.
    """
    return yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader


def parse_text(text: str) -> Any:  # noqa: ANN401 - YAML is Any
    """Return the document with every value as the text it is written in: a column `No` is not false.

    Raises:
        yaml.YAMLError: As for `parse`.
    """
    return yaml.load(text, Loader=_UniqueKeyTextLoader)  # noqa: S506 - makes nothing but text, lists, mappings


class _UniqueKeys(yaml.constructor.BaseConstructor):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = next((key for key in keys if keys.count(key) > 1), None)
        if repeated is not None:
            raise yaml.YAMLError(f"the key `{repeated}` stands twice at line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


class _UniqueKeyLoader(_UniqueKeys, yaml.SafeLoader):
    pass


class _UniqueKeyTextLoader(_UniqueKeys, yaml.BaseLoader):
    pass
