"""How a stage tells a person what has happened."""

from collections.abc import Callable

Progress = Callable[[str], None]
"""Called with one line each time something worth knowing has happened."""


def silent(_line: str) -> None:
    """Progress nobody watches."""
