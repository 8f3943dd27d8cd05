"""Pulls from the service: worklists, what they list, its appointments and conversations, free slots.

Endpoints of the FHIR API by their numbers: A005 referral, A008 and A023 worklists, A015 slots, A024 request for advice, A025 its
conversation, A038 appointment.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from adapters.ers.envelope import envelope
from adapters.ers.resources import Resource
from adapters.ers.session import Answer, Session
from adapters.ers.settings import Settings
from adapters.ers.shape import resources, shape
from interop.errors import Problem
from interop.ports import Pulled, Seen

ADVICE: Final = "ADVICE_AND_GUIDANCE_REQUESTS"
SELECTOR: Final = "https://fhir.nhs.uk/STU3/CodeSystem/eRS-ReferralListSelector-1"
SERVICE: Final = "http://fhir.nhs.net/Id/ers-service"
PROFILE: Final = "https://fhir.nhs.uk/STU3/StructureDefinition/eRS-FetchWorklist-Parameters-1"
INCLUDED: Final = "&".join(
    f"_include=Communication:{name}"
    for name in (
        "requester-practitionerrole:PractitionerRole",
        "sender-practitionerrole:PractitionerRole",
        "content-reference:DocumentReference",
    )
)
PAGES: Final = 100
"""The most pages of one search; what goes on longer is told as an error."""
SLOTS: Final = 20
_ITEM: Final = re.compile(
    r"(?:.*/)?(ReferralRequest|CommunicationRequest|Appointment)/([A-Za-z0-9.-]{1,64})(?:/_history/(\d{1,12}))?"
)
_WHOLE: Final = frozenset({"source-denied", "source-busy", "source-unavailable", "source-timeout"})
"""Reasons that end a pull: they are not of one resource."""


async def pull(said: Mapping[str, Any], seen: Seen) -> AsyncIterator[Pulled]:
    """See ``interop.ports.Puller``: a worklist where it has changed, then what it lists, each once."""
    settings = Settings.read(said)
    async with Session(settings) as session:
        puller = _Puller(session, settings, seen)
        for worklist in settings.worklists:
            for service in settings.services or ("",):
                async for pulled in puller.worklist(worklist, service):
                    yield pulled
        for service in settings.slots:
            async for pulled in puller.slots(service):
                yield pulled


class _Puller:
    """One pull: what was asked for already is not asked for again."""

    def __init__(self, session: Session, settings: Settings, seen: Seen) -> None:
        self._session, self._base, self._seen = session, settings.url.rstrip("/"), seen
        self._asked: set[str] = set()

    async def worklist(self, kind: str, service: str) -> AsyncIterator[Pulled]:
        """A worklist and what it lists."""
        root = "CommunicationRequest" if kind == ADVICE else "ReferralRequest"
        path = f"STU3/{root}/$ers.fetchworklist"
        address = f"{path}?listType={kind}" + (f"&service={service}" if service else "")
        try:
            answer = await self._session.ask("POST", path, body=_request(kind, service))
        except Problem as problem:
            yield _failed(f"List/{address}", problem)
            return
        yield self._known(_dated(answer, f"{self._base}/{address}"))
        for found, number, version in _items(answer.value):
            async for pulled in self._item(found, number, version):
                yield pulled

    async def _item(self, kind: str, number: str, version: str) -> AsyncIterator[Pulled]:
        if f"{kind}/{number}" in self._asked:
            return
        self._asked.add(f"{kind}/{number}")
        have = self._seen.newest(f"{kind}/{number}")
        if version and have is not None and have.control_id == f"{kind}/{number}/{version}":
            yield Pulled(have.control_id)
            return
        try:
            answer = await self._session.get(f"STU3/{kind}/{number}")
        except Problem as problem:
            yield _failed(f"{kind}/{number}", problem)
            return
        yield self._known(answer.value)
        if kind == "CommunicationRequest":
            async for pulled in self._conversation(number, answer.value):
                yield pulled
        for found, other in _named(answer.value):
            async for pulled in self._item(found, other, ""):
                yield pulled

    async def _conversation(self, number: str, request: Resource) -> AsyncIterator[Pulled]:
        """The messages of a request for advice. They are asked for by its version: where that has moved on it is read again."""
        what = f"Communication/{number}"
        for again in (True, False):
            based = f"CommunicationRequest/{number}/_history/{_version(request)}"
            try:
                async for pulled in self._pages(what, f"STU3/Communication?based-on={based}&{INCLUDED}"):
                    yield pulled
                return
            except Problem as problem:
                if problem.reason.name not in ("stale-version", "not-found") or not again:
                    yield _failed(what, problem)
                    return
            try:
                request = (await self._session.get(f"STU3/CommunicationRequest/{number}")).value
            except Problem as problem:
                yield _failed(what, problem)
                return
            yield self._known(request)

    async def slots(self, service: str) -> AsyncIterator[Pulled]:
        """The free slots of a service: pages by number, until one is not full."""
        what = f"Slot/{service}"
        for page in range(1, PAGES + 1):
            query = f"schedule.actor:HealthcareService={service}&_count={SLOTS}&status=free&_include=Slot:schedule&page={page}"
            try:
                answer = await self._get(f"STU3/Slot?{query}")
            except Problem as problem:
                if page == 1 or "INVALID_VALUE" not in problem.detail:
                    yield _failed(what, problem)
                return
            matches = [one for one in _entries(answer.value) if one.get("resourceType") == "Slot"]
            yield self._known(answer.value, always=bool(matches) or page == 1)
            if len(matches) < SLOTS:
                return

    async def _pages(self, what: str, path: str) -> AsyncIterator[Pulled]:
        """The pages of a search, by their links; raises Problem where the first cannot be had."""
        visited: set[str] = set()
        while path:
            visited.add(path)
            try:
                answer = await self._get(path)
            except Problem as problem:
                if len(visited) == 1:
                    raise
                yield _failed(what, problem)
                return
            if _entries(answer.value):
                yield self._known(answer.value)
            path = _next(answer.value, self._base)
            if path in visited or (path and len(visited) == PAGES):
                yield Pulled(what, problem=Problem("source-error", detail="its pages do not end"))
                return

    async def _get(self, path: str) -> Answer:
        parts = urlsplit(path)
        return await self._session.get(parts.path, parse_qsl(parts.query))

    def _known(self, message: Resource, *, always: bool = True) -> Pulled:
        """A body, or that there is nothing new: the journal has this version with this content."""
        from interop.formats.json import write_json

        try:
            said = envelope(message, shape(message))
        except Problem as problem:
            return Pulled(str(message.get("resourceType", "")), write_json(message), problem)
        have = self._seen.newest(said.control_id.rpartition("/")[0])
        if not always or (have is not None and have.digest == said.digest):
            return Pulled(said.control_id)
        return Pulled(said.control_id, write_json(message))


def _failed(what: str, problem: Problem) -> Pulled:
    """What could not be had; raises the problem where it is of the service as a whole."""
    if problem.reason.name in _WHOLE:
        raise problem
    return Pulled(what, problem=problem)


def _request(kind: str, service: str) -> Resource:
    """The Parameters that ask for a worklist."""
    listed = {"name": "listType", "valueCodeableConcept": {"coding": [{"system": SELECTOR, "code": kind}]}}
    wanted = [{"name": "service", "valueIdentifier": {"system": SERVICE, "value": service}}] if service else []
    return {"resourceType": "Parameters", "meta": {"profile": [PROFILE]}, "parameter": [listed, *wanted]}


def _dated(answer: Answer, address: str) -> Resource:
    """A worklist with its address and the time of the answer, which it does not say itself."""
    when = answer.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    entry = {"fullUrl": address, "resource": answer.value}
    return {"resourceType": "Bundle", "type": "collection", "timestamp": when, "entry": [entry]}


def _entries(bundle: Resource) -> list[Resource]:
    said = bundle.get("entry")
    found = [entry.get("resource") for entry in said if isinstance(entry, dict)] if isinstance(said, list) else []
    return [resource for resource in found if isinstance(resource, dict)]


def _items(worklist: Resource) -> list[tuple[str, str, str]]:
    """Type, id and version, where it is told, of what a worklist lists."""
    found = []
    for resource in resources(shape(worklist)):
        for item in resource.kids.get("entry", ()):
            said = _ITEM.fullmatch(item.text("item/reference") or "")
            if said is None:
                continue
            told = [each for outer in item.kids.get("extension", ()) for each in outer.kids.get("extension", ())]
            version = next((each.text("valueInteger") for each in told if each.text("url") == "referralRequestVersion"), None)
            found.append((said[1], said[2], said[3] or version or ""))
    return found


def _named(referral: Resource) -> list[tuple[str, str]]:
    """The appointment of a referral, and the request for advice that it was made of."""
    if referral.get("resourceType") != "ReferralRequest":
        return []
    said = []
    for resource in resources(shape(referral)):
        said += [each.text("valueReference/reference") for each in resource.kids.get("extension", ())]
        said += [each.text("reference") for each in resource.kids.get("supportingInfo", ())]
    found = [_ITEM.fullmatch(reference) for reference in said if reference]
    return [(each[1], each[2]) for each in found if each is not None and each[1] != "ReferralRequest"]


def _version(resource: Resource) -> str:
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else ""


def _next(bundle: Resource, base: str) -> str:
    """The path of the next page, "" where there is none; raises Problem for one at another address: it would be given the token."""
    for link in bundle.get("link") or ():
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            for start in (f"{base}/", "_baseUrl_/", "_baseurl_/"):
                if link["url"].startswith(start):
                    return str(link["url"][len(start) :])
            raise Problem("source-error", detail="the next page is at another address")
    return ""
