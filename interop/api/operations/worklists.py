"""``$worklist``: who is on a list, ranked, and why: computed when it is asked for, of those whom the asker may see.

A searchset: the List with the reasons (``include``) and the Patients of the page in its order (``match``). Candidates are found by
index rows under the asker's Decision; nothing about anybody who is not on the page is given or noted as given.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from operator import itemgetter
from typing import Final, NamedTuple
from uuid import UUID

import orjson

from interop.api import links
from interop.api.absences import Issue, telling, unseen
from interop.api.asgi import Response
from interop.api.delivering.watched import watched
from interop.api.fhir.bundle import bundle, found, said
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.api.operations.worklist_people import PATIENT, Reading
from interop.api.paging import CURSOR, alone
from interop.api.problems import outcome
from interop.api.searching.ground import known
from interop.careplan.crew.who import redacted
from interop.errors import Problem
from interop.ids.national import ODS_ORGANISATION
from interop.mapping.places import mappings_root
from interop.policy.asker import TESTER
from interop.policy.tables import tables
from interop.record.indexing import Indexing
from interop.store.decision import Decision
from interop.store.plan import Several
from interop.store.values import Stored
from interop.worklists.listing import listed
from interop.worklists.memo import Memo
from interop.worklists.ranking import Line
from interop.worklists.tables import COLUMNS, Worklist, Worklists, read_worklists

NAME: Final = "$worklist"
PAGE: Final = 50
WHOLE: Final = 500
"""People of a page at most."""


@cache
def worklists() -> Worklists:
    """The tables of ``mappings/worklists``, the packaged ones where a directory of tables has none; read once. Raises
    WorklistsRefused, OSError."""
    folder = mappings_root().joinpath("worklists")
    folder = folder if folder.is_dir() else files("mappings").joinpath("worklists")
    read = {name: folder.joinpath(name).read_text("utf-8").splitlines() for name in COLUMNS}
    parameters = known(Indexing())
    return read_worklists(read, lambda type, text: watched(parameters, type, text, 0), tables())


@cache
def _memo() -> Memo:
    """What has been found out of bodies, for everybody's lists."""
    return Memo()


class _Page(NamedTuple):
    """Which page: ``after`` the place of the last one seen, None for the first."""

    name: str
    organization: str
    size: int
    after: tuple[int, int, str] | None


async def worklist(asked: Asked) -> Response:
    """A page of a list. Raises Problem ``bad-parameter``, ``forbidden``, ``too-costly``."""
    decision = asked.services.decide(asked.request, NAME)
    page = _page(asked)
    wanted = _opened(asked, page.name)
    if unseen(asked.services, asked.request, NAME, {PATIENT, *wanted.types}):
        raise Problem("forbidden")
    now = asked.services.clock.now()
    reading = Reading(asked.services, replace(decision, account=None), wanted, now, _memo())
    placed = await reading.lines(page.organization)
    lines = [line for _, line in placed]
    left = lines if page.after is None else lines[bisect_right(placed, page.after, key=itemgetter(0)) :]
    return await _answer(asked, decision, wanted, page, lines, left, now, reading.judging.failed)


def _page(asked: Asked) -> _Page:
    given = asked.inputs
    if given.cursor:
        alone([pair for pair in given.pairs if pair[0] == CURSOR or asked.request.method == "GET"])
        name, organization, count, place = asked.services.seal.open(_address(asked), given.cursor)
        return _Page(name, organization, count, (place[0], place[1], place[2]))
    count = given.number("_count")
    if count is not None and count < 1:
        raise BadInput("_count", "", "a number above 0 is wanted")
    return _Page(given.text("name"), given.text("organization"), min(count or PAGE, WHOLE), None)


def _opened(asked: Asked, name: str) -> Worklist:
    """The list, where it is for who asks."""
    lists = worklists()
    wanted = lists.get(name)
    if wanted is None:
        raise BadInput("name", "", f"the lists are {', '.join(lists)}")
    if wanted.at:
        raise BadInput("name", "", f"{name} is given by {wanted.at}")
    if asked.request.asker != TESTER and asked.request.asker.role not in wanted.roles:
        raise Problem("forbidden")
    return wanted


async def _answer(
    asked: Asked,
    decision: Decision,
    wanted: Worklist,
    page: _Page,
    lines: Sequence[Line],
    left: Sequence[Line],
    now: int,
    failed: Iterable[str],
) -> Response:
    """The page with which ``left`` of all the lines begins."""
    services, shown = asked.services, left[: page.size]
    keys = tuple((PATIENT, each) for line in shown for each in line.patients)
    given: list[Stored] = await services.store.query(Several(decision, keys)) if keys else []
    people = {each.id: each for each in given}
    sources = await _sources(asked, decision, shown)
    ranked = []
    for rank, each in enumerate(shown, len(lines) - len(left) + 1):
        if each.patients[0] not in people:
            continue  # no longer since a moment ago
        hidden = any(redacted(orjson.loads(people[one].body)) for one in each.patients if one in people)
        ranked.append((rank, each, {} if hidden else sources))
    state = "\n".join([page.name, *(f"{rank} {each.patients[0]} {each.points}" for rank, each, _ in ranked), str(now)])
    id_ = str(UUID(bytes=blake2b(state.encode("ascii"), digest_size=16).digest()))
    told = listed(wanted, id_, ranked, len(lines), now)
    address = links.root(asked.request, services.base) + asked.request.path
    relations = [("self", address + links.query(asked.inputs.pairs))]
    if len(left) > len(shown):
        held = [page.name, page.organization, page.size, list(shown[-1].place(wanted.order))]
        relations.append(("next", f"{address}?{CURSOR}={services.seal.seal(_address(asked), held)}"))
    entry = b'{"fullUrl":"urn:uuid:%s","resource":%s,"search":{"mode":"include"}}' % (id_.encode("ascii"), orjson.dumps(told))
    base = links.base(asked.request, services.base)
    entries = [entry, *(found(base, people[each.patients[0]]) for each in shown if each.patients[0] in people)]
    issues = [*(await telling(services, asked.request, NAME, "")).issues(passed=True), *map(_unjudged, sorted(failed))]
    if issues:
        entries.append(said(outcome(issues)))
    return Response(200, bundle("searchset", relations, entries, len(lines)))


def _unjudged(row: str) -> Issue:
    words = f"What the row {row} asks could not be judged of everybody: somebody may be missing or stand too low."
    return {"severity": "warning", "code": "incomplete", "diagnostics": words}


async def _sources(asked: Asked, decision: Decision, shown: Iterable[Line]) -> dict[str, str]:
    """What to call the organisations that contributed what bears the reasons out."""
    services = asked.services
    wanted = sorted({said.source for each in shown for told in each.told for said in told.evidence if said.source})
    codes = {code for each in wanted for code in each.split(",")}
    ids = {services.mint.id("Organization", ODS_ORGANISATION, code): code for code in codes}
    named: list[Stored] = []
    if ids:
        plan = Several(replace(decision, account=None), tuple(("Organization", each) for each in sorted(ids)))
        named = await services.store.query(plan)
    names = {ids[each.id]: str(orjson.loads(each.body).get("name", "")) for each in named}
    return {each: ", ".join(names.get(code) or code for code in each.split(",")) for each in wanted}


def _address(asked: Asked) -> str:
    return asked.services.cursor_of(asked.request, asked.request.path)
