"""The vendors a night reads, by name. A new one is a module beside these and a line here."""

from collections.abc import Mapping

from valuegap.sources.hubspot import HUBSPOT
from valuegap.sources.qualtrics import QUALTRICS
from valuegap.sources.stream import Source
from valuegap.sources.zendesk import ZENDESK

SOURCES: Mapping[str, Source] = {source.name: source for source in (HUBSPOT, ZENDESK, QUALTRICS)}
