"""Who says something, in words: organisations by name, and which of them are not up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from interop.fhir.shapes import Json, dicts, text
from interop.pages.record.asking import Known, feed_of
from interop.pages.record.origins import origin
from interop.screen.words import spoken


@dataclass(frozen=True, slots=True)
class Source:
    """``who`` says it, in words; ``trouble`` is what the API says of a source that is not up to date, '' for one that is."""

    who: str
    trouble: str = ""
    code: str = ""


@dataclass(slots=True)
class Sources:
    """The organisations of a record: ``names`` by code, ``troubles`` by code."""

    names: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_card(cls, card: Json) -> Sources:
        """As a crew card tells of them."""
        names = {text(each, "code"): text(each, "name") for each in dicts(card.get("sources"), "lines") if text(each, "name")}
        lines = dicts(card.get("absent"), "lines")
        return cls(names, {text(each, "source"): spoken(text(each, "words")) for each in lines if text(each, "source")})

    def of(self, codes: Iterable[str], by: str = "") -> Source:
        """Of organisations by code, and of an author."""
        listed = list(codes)
        named = [self.names.get(each, each) for each in listed]
        who = ", ".join(dict.fromkeys(each for each in (by, *named) if each))
        return Source(who, "; ".join(self.troubles[each] for each in listed if each in self.troubles), ",".join(listed))

    def of_resource(self, resource: Json, known: Known) -> Source:
        """Of a resource as the API gives it: whom it names, else whose feed it came by."""
        code = known.feeds.get(feed_of(resource), "")
        told = origin(resource, known)
        return Source(told.organisation or told.feed, self.troubles.get(code, ""), code)
