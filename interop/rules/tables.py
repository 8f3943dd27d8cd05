"""``mappings/rules``: which events there are, what is done about them, for whom and why. Checked when they are loaded.

| file | column | says |
|---|---|---|
| events.csv | ``on`` | ``created``, ``updated``, ``changed`` (either) or ``deleted``, and a resource type |
| | ``criteria`` | of a search, which the version must meet |
| | ``now`` | FHIRPath that must hold of the version |
| | ``was`` | FHIRPath that must hold of the version before |
| | ``differs`` | FHIRPath that yields something else than of the version before; '' = ``now`` did not hold of that |
| | ``of`` | FHIRPath that yields the Patients whom it befalls, where they were not among them before; '' = the subject |
| | ``when`` | FHIRPath that yields when it happened; '' = when we heard of it |
| rules.csv | ``condition`` | FHIRPath over the resource and ``expressions.VARIABLES`` |
| | ``action`` | a row of ``actions.ACTIONS`` and the word that it takes |
| | ``to`` | recipients, with ``;`` between |
| | ``within`` | how old what happened may be: ``90m``, ``4h``, ``2d`` |
| | ``once`` | ``event``, or ``person``: not again for the person within that time, whoever tells of it |
| | ``says`` | what the recipients read: no word about anyone's health |
| codes.csv | ``action``, ``code`` | the words that actions take, with what they mean |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from interop.clock import MICROSECONDS
from interop.fhir import facts
from interop.fhir.fhirpath import Expression
from interop.rules.actions import (
    ACTIONS,
    CANCEL,
    CLOCK,
    FLAG,
    NOTIFY,
    PROPOSE,
    REOPEN_CLOCK,
    STOP_CLOCK,
    TASK,
    WORKLIST,
    To,
    recipients,
)
from interop.rules.coded import unmet
from interop.rules.expressions import ANYTHING, BEFORE, TIME, TRUTH, VARIABLES, named, read
from interop.rules.laying import ID, Row, made_of, read_rows
from interop.store.where import Where

EVENTS_FILE, RULES_FILE, CODES_FILE = "events.csv", "rules.csv", "codes.csv"
COLUMNS: Final = {
    EVENTS_FILE: ("id", "on", "criteria", "now", "was", "differs", "of", "when", "why"),
    RULES_FILE: ("id", "event", "condition", "action", "to", "within", "once", "says", "why"),
    CODES_FILE: ("id", "action", "code", "system", "display", "why"),
}
CREATED, UPDATED, CHANGED, DELETED = "created", "updated", "changed", "deleted"
ON: Final = {
    CREATED: frozenset((CREATED,)),
    UPDATED: frozenset((UPDATED,)),
    CHANGED: frozenset((CREATED, UPDATED)),
    DELETED: frozenset((DELETED,)),
}
EVENT, PERSON, RECIPIENT = "event", "person", "recipient"
ONCE: Final = (EVENT, PERSON, RECIPIENT)
OF_CLOCKS: Final = (CLOCK, STOP_CLOCK, REOPEN_CLOCK)
OTHERWISE: Final = (*OF_CLOCKS, CANCEL)
"""Actions whose word is of another table."""
NONE: Final = "-"
"""In the column ``on`` or ``event`` of a site's row: ours does not hold there."""
YIELDS: Final = {"now": TRUTH, "was": TRUTH, "differs": ANYTHING, "of": ANYTHING, "when": TIME}
"""What the expressions of an event yield."""
MAKING: Final = (TASK, NOTIFY, FLAG, PROPOSE, CLOCK)
"""Actions that make something, by which it is known that they were done."""
_AGE: Final = re.compile(r"([1-9]\d{0,3})([mhd])")
_SECONDS: Final = {"m": 60, "h": 3_600, "d": 86_400}
CODES: Final = "urn:interop:codes:"
Criteria = Callable[[str, str], Where | None]
"""Reads the criteria of a type; raises ValueError, which says what is wrong with them."""
Files = Mapping[str, Sequence[str]]
"""The lines of the files of one folder, by name."""


class RulesRefused(ValueError):
    """Tables that cannot be used; each line names file, row and reason."""


@dataclass(frozen=True, slots=True)
class Event:
    """A row of events.csv."""

    id: str
    on: frozenset[str]
    type: str
    criteria: str
    where: Where | None
    now: Expression | None
    was: Expression | None
    differs: Expression | None
    of: Expression | None
    when: Expression | None
    why: str


@dataclass(frozen=True, slots=True)
class Code:
    """A word that an action takes: code, system and what it means."""

    action: str
    code: str
    system: str
    display: str
    why: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of rules.csv; ``within`` in microseconds, ``word`` '' where the action takes none, ``code`` None where it is no row of
    codes.csv."""

    id: str
    event: Event
    condition: Expression | None
    action: str
    word: str
    code: Code | None
    to: tuple[To, ...]
    within: int
    once: str
    says: str
    why: str
    cells: Mapping[str, str] = field(hash=False)

    @property
    def variables(self) -> frozenset[str]:
        """What its condition asks to be known."""
        return named(self.condition)


@dataclass(frozen=True, slots=True)
class RuleTables:
    """The rules with their events; ``rules`` are in the order of their file."""

    events: tuple[Event, ...] = ()
    rules: tuple[Rule, ...] = ()
    codes: tuple[Code, ...] = ()
    clocks: frozenset[str] = frozenset()

    def of(self, event: Event) -> tuple[Rule, ...]:
        """What is done about an event."""
        return tuple(rule for rule in self.rules if rule.event.id == event.id)

    def at(self, type: str) -> tuple[Event, ...]:
        """The events that may befall a resource of a type and that something is done about."""
        used = {rule.event.id for rule in self.rules}
        return tuple(event for event in self.events if event.type == type and event.id in used)


def read_tables(ours: Files, site: Files, clocks: Iterable[str], criteria: Criteria) -> RuleTables:
    """The tables of the package with the rows of a site laid over them by id. Raises RulesRefused with every reason found."""
    refusals: list[str] = []
    rows = {name: _laid(name, ours, site, refusals) for name in COLUMNS}
    codes = made_of(CODES_FILE, rows[CODES_FILE], refusals, _code)
    words = {(code.action, code.code): code for code in codes.values()}
    if len(words) < len(codes):
        refusals.append(f"{CODES_FILE}: an action has one word twice")
    events = made_of(EVENTS_FILE, rows[EVENTS_FILE], refusals, lambda row: _event(row, criteria))
    known = frozenset(clocks)
    rules = made_of(RULES_FILE, rows[RULES_FILE], refusals, lambda row: _rule(row, events, words, known))
    if refusals:
        raise RulesRefused("\n".join(refusals))
    return RuleTables(tuple(events.values()), tuple(rules.values()), tuple(codes.values()), known)


def _laid(name: str, ours: Files, site: Files, refusals: list[str]) -> dict[str, Row]:
    """A site's rows over ours."""
    found: dict[str, Row] = {}
    for folder, where in ((ours, name), (site, f"site {name}")):
        for id_, row in read_rows(where, folder[name], COLUMNS[name], refusals) if folder.get(name) else ():
            if row[COLUMNS[name][1]] != NONE:
                found[id_] = row
            elif found.pop(id_, None) is None:
                refusals.append(f"{where}, row {id_}: it takes away a row that is not there")
    return found


def _code(row: Row) -> Code:
    action, code = row["action"], row["code"]
    if action not in (*(each.name for each in ACTIONS.values() if each.worded and each.name not in OTHERWISE), WORKLIST):
        raise ValueError(f"{action} takes no word of this table")
    if not ID.fullmatch(code) and not row["system"]:
        raise ValueError("a code of ours is of small letters, digits and '-', 40 at most")
    if not code or not row["display"]:
        raise ValueError("a code has a display")
    return Code(action, code, row["system"] or f"{CODES}{action}", row["display"], row["why"])


def _event(row: Row, criteria: Criteria) -> Event:
    on, *rest = row["on"].split()
    if on not in ON:
        raise ValueError(f"{on} is nothing that befalls a resource: {', '.join(ON)}")
    if len(rest) != 1 or rest[0] not in facts.resource_types():
        raise ValueError(f"{on} is of one resource type of R4")
    type_ = rest[0]
    if on == DELETED and any(row[name] for name in ("criteria", "now", "differs", "of")):
        raise ValueError("what is deleted has nothing left that could be asked but what it was")
    if on == CREATED and (row["was"] or row["differs"]):
        raise ValueError("what is created was nothing before")
    where = criteria(type_, row["criteria"]) if row["criteria"] else None
    if wrong := unmet(type_, row["criteria"]):
        raise ValueError(wrong)
    said = {name: read(row[name], type_, {BEFORE: ""}, to) if row[name] else None for name, to in YIELDS.items()}
    return Event(row["id"], ON[on], type_, row["criteria"], where, **said, why=row["why"])


def _rule(row: Row, events: Mapping[str, Event], words: Mapping[tuple[str, str], Code], clocks: frozenset[str]) -> Rule:
    event = events.get(row["event"])
    if event is None:
        raise ValueError(f"{row['event'] or 'nothing'} is no event of {EVENTS_FILE}")
    name, _, word = row["action"].partition(" ")
    action = ACTIONS.get(name)
    if action is None:
        raise ValueError(f"{name or 'nothing'} is no action: {', '.join(ACTIONS)}")
    if bool(word) != action.worded:
        raise ValueError(f"{name} {'takes a word' if action.worded else 'takes no word'}")
    code = words.get((name, word))
    if name == CANCEL:
        if word not in events:
            raise ValueError(f"{word} is no event of {EVENTS_FILE}")
    elif name in OF_CLOCKS:
        if word.partition(" ")[0] not in clocks:
            raise ValueError(f"{word} is no clock of clocks.csv")
    elif word and code is None:
        raise ValueError(f"{word} is no word of {CODES_FILE} that {name} takes")
    to = recipients(row["to"])
    if bool(to) != bool(action.to):
        raise ValueError(f"{name} {'is for somebody' if action.to else 'is for nobody'}")
    if wrong := [each.kind for each in to if each.kind not in action.to]:
        raise ValueError(f"{name} is not for {wrong[0]}")
    if lists := [each.name for each in to if each.kind == WORKLIST and (WORKLIST, each.name) not in words]:
        raise ValueError(f"{lists[0]} is no worklist of {CODES_FILE}")
    if row["once"] not in ONCE:
        raise ValueError(f"once is one of {', '.join(ONCE)}")
    if row["once"] != EVENT and name not in MAKING:
        raise ValueError(f"{name} makes nothing by which it could be known that it was done: once is {EVENT}")
    if row["once"] == RECIPIENT and not to:
        raise ValueError(f"{name} is for nobody: once is {EVENT} or {PERSON}")
    if action.says != bool(row["says"]):
        raise ValueError(f"{name} {'says something' if action.says else 'says nothing'}")
    condition = read(row["condition"], event.type, VARIABLES, TRUTH) if row["condition"] else None
    more = condition, name, word, code, to, age(row["within"]), row["once"], row["says"], row["why"]
    return Rule(row["id"], event, *more, cells=dict(row))


def age(text: str) -> int:
    """How old something may be, in microseconds. Raises ValueError."""
    found = _AGE.fullmatch(text)
    if found is None:
        raise ValueError("within is a number of m, h or d: 90m, 4h, 2d")
    return int(found[1]) * _SECONDS[found[2]] * MICROSECONDS
