"""``mappings/worklists``: which lists there are, who opens them, what brings a person onto them. Checked when they are loaded.

| file | column | says |
|---|---|---|
| lists.csv | ``roles`` | roles of the policy that may open it; each must be shown the types of its reasons |
| | ``order`` | ``points``: the most first; ``due``: what is due first; ``since``: who waits longest |
| | ``dead`` | ``yes``: who has died is on it too |
| | ``at`` | the operation that answers it instead: it has no reasons |
| reasons.csv | ``kind`` | ``brings`` a person onto the list; ``needs``: it must be so besides; ``adds`` points for who is on it; |
| | | ``lacks`` adds them where there is nothing of the kind; ``clears`` what was known by then |
| | ``criteria`` | of a search: what of the type counts |
| | ``codes`` | a search parameter and a set of ``codes.csv`` |
| | ``condition`` | FHIRPath that must hold; ``%others``: what else the row finds of the person; ``%needed``: what ``needs`` found |
| | ``was`` | FHIRPath that must have held of an earlier version |
| | ``within`` | a date parameter of the search and how long ago at most: ``date 365d`` |
| | ``at`` | FHIRPath that yields when it was |
| | ``due`` | FHIRPath that yields until when something is to be done |
| | ``shows`` | FHIRPath that yields what is told beside the words |
| | ``least`` | so many at least; ``3 groups``: of so many groups of the set |
| codes.csv | ``set``, ``group`` | the codes of the sets |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from interop.fhir import facts
from interop.fhir.fhirpath import Expression
from interop.policy.tables import Tables
from interop.rules.coded import unmet
from interop.rules.expressions import read
from interop.rules.laying import Row, made_of, read_rows
from interop.rules.tables import age
from interop.store.where import All, Tokens, Where
from interop.worklists.codes import CodeSet, sets_of

LISTS_FILE, REASONS_FILE, CODES_FILE = "lists.csv", "reasons.csv", "codes.csv"
COLUMNS: Final = {
    LISTS_FILE: ("id", "title", "roles", "order", "dead", "at", "why"),
    REASONS_FILE: (
        "id", "list", "kind", "type", "criteria", "codes", "condition", "was", "within", "at", "due", "shows", "least",
        "points", "says", "why",
    ),
    CODES_FILE: ("id", "set", "group", "display", "system", "code", "match", "why"),
}  # fmt: skip
BRINGS, NEEDS, ADDS, LACKS, CLEARS = "brings", "needs", "adds", "lacks", "clears"
KINDS: Final = (BRINGS, NEEDS, ADDS, LACKS, CLEARS)
POINTS, DUE, SINCE = "points", "due", "since"
ORDERS: Final = (POINTS, DUE, SINCE)
OTHERS, NEEDED = "others", "needed"
GROUPS: Final = "groups"
_LEAST: Final = re.compile(r"([1-9]\d?)( groups)?")
_POINTS: Final = re.compile(r"\d{1,3}")
Files = Mapping[str, Sequence[str]]
"""The lines of the files, by name."""
Criteria = Callable[[str, str], Where | None]
"""Reads the criteria of a type; raises ValueError, which says what is wrong with them."""


class WorklistsRefused(ValueError):
    """Tables that cannot be used; each line names file, row and reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Reason:
    """A row of reasons.csv: ``within`` in microseconds (0 = however long ago) of the date parameter ``dated``; ``element`` holds
    the codes of the set; ``groups``: ``least`` counts groups of it."""

    id: str
    list: str
    kind: str
    type: str
    where: Where | None
    codes: CodeSet | None
    element: str
    condition: Expression | None
    was: Expression | None
    dated: str
    within: int
    at: Expression | None
    due: Expression | None
    shows: Expression | None
    least: int
    groups: bool
    points: int
    says: str
    why: str
    cells: Row


@dataclass(frozen=True, slots=True, eq=False)
class Worklist:
    """A row of lists.csv with its reasons in the order of their file."""

    name: str
    title: str
    roles: frozenset[str]
    order: str
    dead: bool
    at: str
    why: str
    reasons: tuple[Reason, ...]

    @property
    def types(self) -> frozenset[str]:
        """What it is made of."""
        return frozenset(each.type for each in self.reasons)


Worklists = Mapping[str, Worklist]


def read_worklists(files: Files, criteria: Criteria, policy: Tables) -> Worklists:
    """The lists by name. Raises WorklistsRefused with every reason found."""
    refusals: list[str] = []
    rows = {name: dict(read_rows(name, files.get(name, ()), columns, refusals)) for name, columns in COLUMNS.items()}
    try:
        sets = sets_of(made_of(CODES_FILE, rows[CODES_FILE], refusals, lambda row: row).values())
    except ValueError as error:
        sets = {}
        refusals.append(f"{CODES_FILE}, {error}")
    needed = {row["list"]: row["type"] for row in reversed(rows[REASONS_FILE].values()) if row["kind"] == NEEDS}
    reasons = made_of(
        REASONS_FILE, rows[REASONS_FILE], refusals, lambda row: _reason(row, rows[LISTS_FILE], sets, needed, criteria)
    )
    of: dict[str, list[Reason]] = {}
    for reason in reasons.values():
        of.setdefault(reason.list, []).append(reason)
    lists = made_of(LISTS_FILE, rows[LISTS_FILE], refusals, lambda row: _list(row, tuple(of.get(row["id"], ())), policy))
    if not lists and not refusals:
        refusals.append(f"{LISTS_FILE}: there is no list")
    if refusals:
        raise WorklistsRefused("\n".join(refusals))
    return lists


def _list(row: Row, reasons: tuple[Reason, ...], policy: Tables) -> Worklist:
    if not row["title"]:
        raise ValueError("a list has a title")
    if row["at"]:
        if reasons or row["roles"] or row["order"] or row["dead"]:
            raise ValueError("a list that another operation answers has no roles, order and reasons")
        if row["at"].rpartition("/")[2] not in policy.operations:
            raise ValueError(f"{row['at']} is no operation")
        return Worklist(row["id"], row["title"], frozenset(), "", False, row["at"], row["why"], ())
    if row["order"] not in ORDERS:
        raise ValueError(f"{row['order'] or 'nothing'} is no order: {', '.join(ORDERS)}")
    if row["dead"] not in ("", "yes"):
        raise ValueError("dead is yes or empty")
    if not any(each.kind == BRINGS for each in reasons):
        raise ValueError("nothing brings anybody onto it")
    if row["order"] == DUE and not any(each.due for each in reasons):
        raise ValueError("nothing on it is due")
    roles = frozenset(row["roles"].split())
    if not roles:
        raise ValueError("nobody may open it")
    for role in sorted(roles):
        known = policy.roles.get(role)
        if known is None:
            raise ValueError(f"{role} is no role")
        for type_ in sorted({each.type for each in reasons}):
            if not known.all and policy.types[type_] not in known.sees:
                raise ValueError(f"{role} sees no {type_}: the list would be silent of what it is for")
    return Worklist(row["id"], row["title"], roles, row["order"], row["dead"] == "yes", "", row["why"], reasons)


def _reason(
    row: Row, lists: Mapping[str, Row], sets: Mapping[str, CodeSet], needed: Mapping[str, str], criteria: Criteria
) -> Reason:
    type_, kind = row["type"], row["kind"]
    if row["list"] not in lists:
        raise ValueError(f"{row['list'] or 'nothing'} is no list of {LISTS_FILE}")
    if kind not in KINDS:
        raise ValueError(f"{kind or 'nothing'} is no kind of reason: {', '.join(KINDS)}")
    if type_ not in facts.resource_types():
        raise ValueError(f"{type_ or 'nothing'} is no resource type of R4")
    if kind == NEEDS and needed[row["list"]] != type_:
        raise ValueError("what a list needs is of one type")
    where = criteria(type_, row["criteria"]) if row["criteria"] else None
    if wrong := unmet(type_, row["criteria"].replace(":not=", "=")):
        raise ValueError(wrong)
    codes, element, where = _coded(row["codes"], type_, sets, where)
    if where is None:
        raise ValueError("criteria or codes say what of the type counts: without them all of it would be read")
    variables = {OTHERS: ""} | ({NEEDED: needed[row["list"]]} if kind != NEEDS and row["list"] in needed else {})
    condition = read(row["condition"], type_, variables) if row["condition"] else None
    said = {name: read(row[name], type_, {}) if row[name] else None for name in ("was", "at", "due", "shows")}
    dated, within = _within(row["within"], type_)
    if within and said["at"] is None:
        raise ValueError("what counts for a time says when it was")
    if kind == CLEARS and said["at"] is None:
        raise ValueError("what clears says when it was")
    least = _LEAST.fullmatch(row["least"] or "1")
    if least is None or (least[2] and codes is None):
        raise ValueError("least is a number, or a number of groups of a set: 3 groups")
    if not _POINTS.fullmatch(row["points"] or "0"):
        raise ValueError("points are a number from 0 to 999")
    if bool(row["says"]) == (kind in (NEEDS, CLEARS)):
        raise ValueError(f"{kind} {'says nothing' if row['says'] else 'says in words what it is'}")
    if kind == LACKS and (row["due"] or row["shows"] or row["least"]):
        raise ValueError("of what is not there nothing is told or counted")
    more = least[2] is not None, int(row["points"] or 0), row["says"], row["why"], row
    parts = condition, said["was"], dated, within, said["at"], said["due"], said["shows"], int(least[1])
    return Reason(row["id"], row["list"], kind, type_, where, codes, element, *parts, *more)


def _coded(said: str, type: str, sets: Mapping[str, CodeSet], where: Where | None) -> tuple[CodeSet | None, str, Where | None]:
    """The set that a row names, the element that holds its codes, and the question with it."""
    if not said:
        return None, "", where
    parameter, _, name = said.partition(" ")
    found = facts.search_parameters(type).get(parameter)
    if found is None or found.type != "token":
        raise ValueError(f"{parameter} is no parameter of {type} that finds codes")
    if name not in sets:
        raise ValueError(f"{name or 'nothing'} is no set of {CODES_FILE}")
    path = next((part.strip() for part in found.expression.split("|") if part.strip().startswith(f"{type}.")), "")
    element = path.removeprefix(f"{type}.")
    if not element.isalpha():
        raise ValueError(f"{parameter} is no single element of {type}")
    tokens = Tokens(parameter, sets[name].pairs)
    return sets[name], element, tokens if where is None else All((where, tokens))


def _within(said: str, type: str) -> tuple[str, int]:
    if not said:
        return "", 0
    name, _, long = said.partition(" ")
    found = facts.search_parameters(type).get(name)
    if found is None or found.type != "date":
        raise ValueError(f"within begins with a date parameter of {type}: date 365d")
    return name, age(long)
