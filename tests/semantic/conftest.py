"""The project, parsed once for the tests of the semantic layer and of the exposures."""

import pytest

pytest.importorskip("metricflow", reason="the extra `semantic` is not installed: make semantic")

from tests.semantic.semantic_layer import SemanticLayer


@pytest.fixture(scope="session")
def layer(tmp_path_factory: pytest.TempPathFactory) -> SemanticLayer:
    return SemanticLayer.parsed(tmp_path_factory.mktemp("semantic"))
