"""Pages and mails from their templates: every value is escaped, and one that is missing is an error."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters["count"] = "{:,}".format


def rendered(template: str, **values: object) -> str:
    """Return a template of this package, filled in."""
    return ENVIRONMENT.get_template(template).render(**values)
