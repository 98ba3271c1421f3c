"""The vendors a night reads, by name. A new one is a module beside these and a line here."""

from collections.abc import Mapping

from valuegap.sources.file_drop import FILES
from valuegap.sources.hubspot import HUBSPOT
from valuegap.sources.qualtrics import QUALTRICS
from valuegap.sources.salesforce import SALESFORCE
from valuegap.sources.stream import Declared, Source
from valuegap.sources.zendesk import ZENDESK

SOURCES: Mapping[str, Source] = {source.name: source for source in (HUBSPOT, SALESFORCE, ZENDESK, QUALTRICS)}

DECLARED: Mapping[str, Declared] = {**SOURCES, FILES.name: FILES}
"""Everything that has a raw schema: the vendors, and the drop folder."""
