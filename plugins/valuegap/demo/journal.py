"""Request journal: what was asked of each vendor, so that tests can say how little is needed."""

from collections import Counter
from uuid import UUID

from valuegap.demo.faults import Faults


class Journal:
    """Counts answers a vendor, endpoint and status."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self._requests = 0

    def next_request_id(self) -> str:
        """Return the id of the next request: a UUID by its shape, a running number by its value."""
        self._requests += 1
        return str(UUID(int=self._requests))

    def record(self, vendor: str, endpoint: str, status: int) -> None:
        """Count one answer."""
        self.answers[vendor, endpoint, status] += 1

    def to_json(self, vendors: tuple[str, ...], faults: Faults) -> dict[str, object]:
        """Return, a vendor: requests, their statuses and endpoints, and the faults that happened."""
        return {vendor: self._of(vendor, faults) for vendor in vendors}

    def _of(self, vendor: str, faults: Faults) -> dict[str, object]:
        statuses: Counter[str] = Counter()
        endpoints: Counter[str] = Counter()
        for (name, endpoint, status), count in self.answers.items():
            if name == vendor:
                statuses[str(status)] += count
                endpoints[endpoint] += count
        return {
            "requests": statuses.total(),
            "statuses": dict(statuses),
            "endpoints": dict(endpoints),
            "faults": {fault: count for (name, fault), count in faults.counts.items() if name == vendor},
        }
