"""What `adapter.dispatch` is while sqlfluff renders a model: a function call that parses on any engine.

The macros themselves are not linted; a model only has to stay SQL around them.
"""

from collections.abc import Callable


def dispatch(macro_name: str) -> Callable[..., str]:
    """Return a renderer of `macro_name(first argument)`; the other arguments may be no SQL."""

    def render(*arguments: object) -> str:
        return f"{macro_name}({arguments[0]})"

    return render
