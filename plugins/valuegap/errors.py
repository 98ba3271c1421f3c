"""Errors for the person who reads them: what happened, and what to do about it."""


class ValuegapError(Exception):
    """Anything that stops a stage of the night.

    `str()` is one line: what happened, then the remedy.
    """

    def __init__(self, what: str, *, remedy: str) -> None:
        """`what` happened and where; `remedy` is the next thing to try."""
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        """Return one line, fit for a log and a terminal."""
        return " ".join(f"{self.what} {self.remedy}".split())


class ConfigurationError(ValuegapError):
    """A setting or a connection is missing or malformed."""


class SourceError(ValuegapError):
    """A vendor refused, failed, or answered something that is not its protocol."""


class LandingError(ValuegapError):
    """The landing zone could not be written, or does not match its manifests."""


class LoadError(ValuegapError):
    """Landed records could not be put into the build warehouse."""


class WarehouseLockedError(ValuegapError):
    """Another process holds the build warehouse."""


class BuildError(ValuegapError):
    """Dbt failed to build or test the models."""


class GateFailedError(ValuegapError):
    """A critical check failed: nothing is published."""


class PublishError(ValuegapError):
    """The audited candidate could not become the published warehouse."""
