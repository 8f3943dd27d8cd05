"""A query by parameter as it was asked: QPD, RCP, DSC and QID (HL7 v2.4 chapter 5; ITK HL7 v2 4.30 to 4.33; IHE ITI-21, ITI-22)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from adapters.hl7v2 import answers
from adapters.hl7v2.request import PUBLISHED, Request
from adapters.hl7v2.values import digits, folded, iso, postcode
from interop.errors import Problem
from interop.formats.er7 import Message, unescape

OPERATORS: Final = frozenset({"EQ", "NE", "GT", "LT", "GE", "LE"})
"""ITK 4.32.3.3 has EQ, GT and LT; the others are of HL7 table 0209."""
_PARAMETER: Final = re.compile(r"@?([A-Z][A-Z0-9]{2})[.-]?(\d+)(?:\.(\d+))?(?:\.(\d+))?", re.ASCII)
_SEARCH_SIGNS: Final = re.compile(r"([\\,|$])")
_DATES: Final = {"LT": "lt", "LE": "le"}
"""Prefixes of a FHIR search that leave nothing out; ``ge`` for all others."""


class Kind(NamedTuple):
    """A trigger event of a query: of its response event and structure, the segments asked about, and the field of the domains."""

    response: str
    structure: str
    domains: int
    visits: bool = False


KINDS: Final = {
    "Q21": Kind("K21", "RSP_K21", 4),
    "Q22": Kind("K22", "RSP_K22", 8),
    "ZV1": Kind("ZV2", "RSP_ZV2", 8, visits=True),
}
CANCEL: Final = "J01"


class Criterion(NamedTuple):
    """One repetition of QPD-3: a component (or subcomponent) of a field, an operator, and values of which any will do."""

    segment: str
    field: int
    component: int
    subcomponent: int
    operator: str
    values: tuple[str, ...]
    using: str
    codes: str

    def holds(self, repetition: dict[int, answers.Parts]) -> bool:
        """Whether a repetition of the field of an answer has it."""
        parts = repetition.get(self.component, ())
        if self.subcomponent:
            parts = parts[self.subcomponent - 1 : self.subcomponent]
        there = [part for part in parts if part]
        if self.operator == "NE":
            return not any(self._one("EQ", part, value) for part in there for value in self.values)
        return any(self._one(self.operator, part, value) for part in there for value in self.values)

    def _one(self, operator: str, there: str, value: str) -> bool:
        if self.using == "time":
            return _compared(operator, digits(there), digits(value))
        if self.codes:
            table = answers.codes(self.codes)
            return there == value or table.forth.get(there, there) == table.forth.get(value, value)
        wanted, found = folded(value.rstrip("*"), self.using), folded(there, self.using)
        return found.startswith(wanted) if value.endswith("*") else found == wanted


def _compared(operator: str, there: str, value: str) -> bool:
    """Times by their digits. A day begins with its first instant and ends with its last: after the 1st is on the 1st too."""
    if operator in ("EQ", "LE"):
        size = min(len(there), len(value))
        return there[:size] == value[:size] if operator == "EQ" else there[:size] <= value[:size]
    one, other = there.ljust(14, "0"), value.ljust(14, "0")
    return one > other if operator == "GT" else one >= other if operator == "GE" else one < other


@dataclass(slots=True)
class Query:
    """A query, understood. ``count`` is RCP-2 (0: none), ``pointer`` DSC-1; ``domains`` are names and universal ids of QPD-8, in
    Q21 of QPD-4; ``organisation`` is whose the way in is."""

    kind: Kind
    trigger: str
    tag: str
    who: str
    criteria: list[Criterion] = field(default_factory=list)
    domains: list[tuple[str, ...]] = field(default_factory=list)
    count: int = 0
    pointer: str = ""
    organisation: str = ""

    @property
    def asked_by(self) -> tuple[str, str, str]:
        """Who may go on with it, and by which event."""
        return self.who, self.organisation, self.trigger

    @property
    def interaction(self) -> str:
        """What it is, for policy."""
        return f"QBP^{self.trigger}"

    @property
    def follows(self) -> bool:
        """Whether a criterion is about what the Patient or the Encounter refers to."""
        rows = (row for one in self.criteria for row in answers.of_field(one.segment, one.field))
        return any("/" in path for row in rows for path in (row.each, *row.sources))

    def fields(self) -> dict[str, set[int]]:
        """The fields that are asked for, by segment."""
        asked: dict[str, set[int]] = {}
        for criterion in self.criteria:
            asked.setdefault(criterion.segment, set()).add(criterion.field)
        return asked

    def narrowing(self) -> Iterator[tuple[str, str]]:
        """Its criteria as far as indexes answer them, as a FHIR search of Patients, or of Encounters where it asks for visits."""
        for criterion in self.criteria:
            prefix = "patient." if self.kind.visits and criterion.segment in ("PID", "PD1") else ""
            rows = answers.of_field(criterion.segment, criterion.field)
            row = next((row for row in rows if row.component == criterion.component and row.search), None)
            if row is not None and (said := _search(criterion, row)):
                yield f"{prefix}{said[0]}", said[1]


def _search(criterion: Criterion, row: answers.Row) -> tuple[str, str] | None:
    """A parameter of a FHIR search that is true wherever the criterion holds; None where there is none."""
    name, values = row.search, criterion.values
    if criterion.operator == "NE":
        return None
    if row.using == "time":
        dates = [iso(value) for value in values]
        if not all(dates):
            return None
        if row.search == "date" or criterion.operator != "EQ":
            sign = _DATES.get(criterion.operator, "ge")
            return name, ",".join(sign + date for date in dates)
        return name, ",".join(dates)
    if any(value.endswith("*") for value in values):
        if not name.endswith(":exact"):
            return None
        name = name.removesuffix(":exact")
    said: list[str] = []
    for value in values:
        if row.codes:
            system, code = answers.codes(row.codes).forth.get(value, ("", value))
            said.append(f"{system}|{_plain(code)}" if system else _plain(code))
        elif row.using == "packed":
            said += dict.fromkeys((_plain(value), _plain(re.sub(r"[\s-]+", "", value))))
        else:
            said.append(_plain(postcode(value) if row.using == "postcode" else value.rstrip("*")))
    return name, ",".join(said)


def _plain(value: str) -> str:
    return _SEARCH_SIGNS.sub(r"\\\1", value)


def read_query(request: Request, message: Message) -> Query:
    """Understand a query; raises Problem, its place that of the query's segment."""
    event = request.part(9, 2).decode("latin-1")
    kind, text = KINDS[event], _Reader(message)
    version = request.part(12, 1).strip().decode("latin-1") or "2.4"
    if version not in PUBLISHED:
        raise Problem("unknown-version", where="MSH-12")
    if request.part(11, 1) not in (b"", b"P", b"T", b"D"):
        raise Problem("unknown-processing-id", where="MSH-11")
    if not request.field(10).strip():
        raise Problem("missing-field", where="MSH-10")
    if message.first("QPD") is None:
        raise Problem("missing-field", where="QPD")
    named = text("QPD", 1, 1)
    if not named:
        raise Problem("missing-field", where="QPD-1")
    if named != event and named in KINDS:
        raise Problem("bad-value", where="QPD-1", detail="The name of the query is that of another trigger event.")
    who = "|".join(part.decode("latin-1") for part in (request.field(3), request.field(4)))
    query = Query(kind, event, text("QPD", 2), who)
    query.pointer = text("DSC", 1)
    _control(query, text)
    query.domains = [tuple(domain) for domain in text.authorities("QPD", kind.domains)]
    if query.pointer:
        return query
    query.criteria = list(_identifier(text) if event == "Q21" else _criteria(text, kind))
    if not query.criteria:
        raise Problem("missing-field", where="QPD-3")
    return query


def _control(query: Query, text: _Reader) -> None:
    """RCP: answers are immediate, and limited by records."""
    if text("RCP", 1) not in ("", "I"):
        raise Problem("bad-value", where="RCP-1", detail="Answers are immediate (I).")
    count, unit = text("RCP", 2, 1), text("RCP", 2, 2)
    if count:
        if not (count.isascii() and count.isdigit() and len(count) < 10 and int(count) > 0):
            raise Problem("bad-value", where="RCP-2", detail="A number of records is wanted.")
        if unit not in ("", "RD"):
            raise Problem("bad-value", where="RCP-2.2", detail="Answers are limited by records (RD).")
        query.count = int(count)


def _identifier(text: _Reader) -> Iterator[Criterion]:
    """QPD-3 of Q21: one identifier (CX)."""
    number = text("QPD", 3, 1)
    if not number:
        raise Problem("missing-field", where="QPD-3.1")
    yield Criterion("PID", 3, 1, 0, "EQ", (number,), "packed", "")
    for name in text.authorities("QPD", 3)[:1]:
        if any(name):
            yield Criterion("PID", 3, 4, 0, "EQ", tuple(part for part in name[:2] if part), "authority", "")


def _criteria(text: _Reader, kind: Kind) -> Iterator[Criterion]:
    """QPD-3 of the others: parameters (QIP), each with its value, or with an operator and its value."""
    for number, parts in enumerate(text.repetitions("QPD", 3), 1):
        name = parts[0][0].strip()
        operator = parts[1][0].upper() if len(parts) > 2 and parts[1][0].upper() in OPERATORS else ""
        given = tuple(value for value in parts[2 if operator else 1] if value) if len(parts) > 1 else ()
        if not name and not given:
            continue
        found = _PARAMETER.fullmatch(name)
        if found is None or (found[1] not in ("PID", "PD1") and not (kind.visits and found[1] in ("PV1", "PV2"))):
            raise Problem(
                "bad-parameter", where=f"QPD-3[{number}]", detail=f"Parameter {number} names no field that can be asked for."
            )
        segment, place, component, subcomponent = found[1], int(found[2]), int(found[3] or 1), int(found[4] or 0)
        rows = [row for row in answers.of_field(segment, place) if row.component == component]
        if not rows:
            raise Problem("bad-parameter", where=f"QPD-3[{number}]", detail=f"{segment}-{place}.{component} cannot be asked for.")
        if len(parts) > 2 and not operator and any(parts[2]):
            raise Problem("bad-value", where=f"QPD-3[{number}]", detail="Each component is asked for by itself.")
        if given:
            row = rows[0]
            if row.using == "authority":
                given = given[:2]  # a name and a universal id, without its type
            if row.using == "time" and not all(map(iso, given)):
                raise Problem("bad-value", where=f"QPD-3[{number}]", detail=f"Parameter {number} is no date or time.")
            yield Criterion(segment, place, component, subcomponent, operator or row.compare or "EQ", given, row.using, row.codes)


class _Reader:
    """Texts of a query's segments, without escapes; '' where there is none. ``""`` counts as nothing."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def __call__(self, segment: str, field: int, component: int = 1) -> str:
        parts = next(iter(self.repetitions(segment, field)), [])
        return parts[component - 1][0].strip() if component <= len(parts) else ""

    def repetitions(self, segment: str, field: int) -> list[list[tuple[str, ...]]]:
        """Of each repetition the components, each in its subcomponents."""
        line = self._message.first(segment)
        delimiters = self._message.delimiters
        if line is None or line[field] in ("", '""'):
            return []
        made = []
        for repetition in _split(line[field], delimiters.repetition):
            components = [_split(component, delimiters.subcomponent) for component in _split(repetition, delimiters.component)]
            made.append([tuple(self._text(part) for part in component) for component in components])
        return made

    def authorities(self, segment: str, field: int) -> list[list[str]]:
        """CX.4 of each repetition: name, universal id."""
        return [[*repetition[3]] if len(repetition) > 3 else [] for repetition in self.repetitions(segment, field)]

    def _text(self, part: str) -> str:
        return "" if part == '""' else unescape(part, self._message.delimiters, self._message.charset)


def _split(text: str, by: str) -> list[str]:
    return text.split(by) if by else [text]
