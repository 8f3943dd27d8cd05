"""What the parts of a record ask the API: resources with their numbers as they were written, and who and where they refer to."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from interop.api.inside import Inside, NotGiven
from interop.apply.drafts import SOURCE
from interop.careplan.words import Words
from interop.fhir.shapes import Json, dicts, text
from interop.formats.json import load_json
from interop.ids.national import ODS_ORGANISATION
from interop.pages.visiting import Visit

NAMES: Final = ("Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService", "Medication")
"""Types of who, where and what that a resource refers to and that are of no person."""
MOST: Final = 200
"""Of a type, so many are looked up."""
_FORM: Final = [(b"content-type", b"application/x-www-form-urlencoded")]


class Found(NamedTuple):
    """What a search came to: ``matches`` in its order, ``total`` where the API tells it, and the words of what is absent."""

    matches: list[Json]
    total: int | None
    outcomes: list[Json]


async def search(api: Inside, type: str, criteria: Iterable[tuple[str, str]]) -> Found:
    """A page of a search, by POST; raises NotGiven."""
    form = urlencode(list(criteria)).encode("ascii")
    return of(_read(await api.ask("POST", f"/fhir/{type}/_search", body=form, headers=_FORM)))


async def get(api: Inside, path: str, *query: tuple[str, str]) -> Any:
    """The JSON at an address of the API with its numbers as they were written; raises NotGiven."""
    return _read(await api.ask("GET", path, query))


def of(bundle: Json) -> Found:
    """The parts of a searchset."""
    resources = [each["resource"] for each in dicts(bundle, "entry") if isinstance(each.get("resource"), dict)]
    told = [each for each in resources if text(each, "resourceType") == "OperationOutcome"]
    matches = [each for each in resources if text(each, "resourceType") != "OperationOutcome"]
    total = bundle.get("total")
    return Found(matches, total if isinstance(total, int) else None, told)


def _read(answer: Any) -> Any:
    said = load_json(answer.body, values=None, size=len(answer.body)) if answer.body else None
    if not 200 <= answer.status < 300:
        raise NotGiven(answer.status, said)
    return said


class Known:
    """Words of codes, people and places, by what has been looked up."""

    def __init__(self, resources: Iterable[Json] = (), feeds: Mapping[str, str] | None = None) -> None:
        """``feeds``: the organisations of feeds by name."""
        self._held = {f"{text(each, 'resourceType')}/{text(each, 'id')}": each for each in resources}
        self.feeds = feeds or {}
        self.words = Words({}, self.at)

    def at(self, reference: Any) -> Json | None:
        """The resource that a Reference leads to, None where it has not been looked up."""
        return self._held.get(text(reference, "reference").partition("/_history/")[0])

    def called(self, reference: Any) -> str:
        """What somebody or some place is called: a place by its description before its short name. '' for nothing known."""
        target = self.at(reference)
        if target is None or text(reference, "display"):
            return self.words.of(reference) if isinstance(reference, dict) else ""
        if text(target, "resourceType") == "Location" and text(target, "description"):
            return text(target, "description")
        return self.words.of(target)

    def people(self, references: Iterable[Json]) -> list[str]:
        """What those are called who are no organisations, each once."""
        named = [each for each in references if not text(each, "reference").startswith("Organization/")]
        return list(dict.fromkeys(filter(None, map(self.called, named))))

    def organisation(self, code: str) -> str:
        """What the organisation of an ODS code is called, the code where that is not known."""
        for each in self._held.values():
            if any(text(one, "value") == code for one in dicts(each, "identifier")) and text(each, "name"):
                return text(each, "name")
        return code


async def looked_up(here: Visit, resources: Iterable[Json], codes: Iterable[str] = ()) -> Known:
    """Who and where these resources refer to, by whose feeds they came, and the organisations of these ODS codes: as far as who
    asks may see them."""
    shown = list(resources)
    sent = {feed_of(each) for each in shown}
    feeds = {name: feed.organisation for name in sent if name and (feed := here.services.feeds.get(name)) is not None}
    return await known(here.api, shown, [*codes, *feeds.values()], feeds)


def feed_of(resource: Json) -> str:
    """The feed by which it came, '' where it does not say."""
    source = text(resource.get("meta"), "source")
    return source.removeprefix(SOURCE).partition("#")[0] if source.startswith(SOURCE) else ""


async def known(api: Inside, resources: Iterable[Json], codes: Iterable[str] = (), feeds: Mapping[str, str] | None = None) -> Known:
    """The same without feeds but those that are given."""
    shown = list(resources)
    wanted: dict[str, set[str]] = defaultdict(set)
    for each in shown:
        for type_, id_ in _references(each):
            wanted[type_].add(id_)
    asked = [_looked(api, type_, [("_id", ",".join(sorted(ids)[:MOST]))]) for type_, ids in sorted(wanted.items())]
    if named := sorted({each for each in codes if each and each.isalnum()}):
        asked.append(_looked(api, "Organization", [("identifier", ",".join(f"{ODS_ORGANISATION}|{each}" for each in named))]))
    found = [each for part in await asyncio.gather(*asked) for each in part]
    further = {id_ for each in found for type_, id_ in _references(each) if type_ == "Organization"} - wanted["Organization"]
    if further:
        found += await _looked(api, "Organization", [("_id", ",".join(sorted(further)[:MOST]))])
    return Known([*shown, *found], feeds)


async def _looked(api: Inside, type: str, criteria: list[tuple[str, str]]) -> list[Json]:
    try:
        return (await search(api, type, [*criteria, ("_count", str(MOST))])).matches
    except NotGiven:  # a name that is not given is not shown
        return []


def _references(value: Any) -> Iterator[tuple[str, str]]:
    """Whom and what a resource refers to, of ``NAMES``."""
    if isinstance(value, dict):
        type_, _, id_ = text(value, "reference").partition("/_history/")[0].partition("/")
        if type_ in NAMES and id_ and "/" not in id_ and not text(value, "display"):
            yield type_, id_
        for each in value.values():
            if isinstance(each, (dict, list)):
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
