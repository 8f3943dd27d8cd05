"""A plain reading of what conditions mean, in memory, one resource after the other; and made-up worlds and trees of conditions."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Any as Anything

from hypothesis import strategies as st

from interop.fhir.rows import IndexRow
from interop.fhir.searching import normalise
from interop.store.values import Put
from interop.store.where import (
    About,
    All,
    Any,
    Chain,
    Composite,
    FullText,
    Has,
    Ids,
    Near,
    Not,
    Person,
    Present,
    Range,
    Reference,
    Sources,
    Span,
    Text,
    Token,
    Tokens,
    Types,
    Updated,
    Where,
)
from tests.spec.store.build import T0, date, reference, token

TYPES = ("Patient", "Encounter", "Observation")
NAMES = tuple("abcd")
CODES, SYSTEMS, WORDS = ("1", "2"), ("", "urn:x"), ("an", "ann", "bo")
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
SOUGHT = ("red", "fox", "hen", "red hen", "-red", "-fox")
UNITS = (None, "g", "mg")
PLACES = ((51.5, -0.1), (53.8, -1.5), (89.9, 179.9), (89.9, -0.1), (0.0, 179.9), (0.0, -179.9))

some = st.sampled_from
targets = st.builds(lambda t, n: f"{t}/{n}", some(TYPES), some(NAMES))
written = some(("an", "An", "ann", "bo", "Bo Ann"))
tokens = st.builds(token, some(("code", "identifier")), some(CODES), some(SYSTEMS))
amounts = st.builds(
    lambda kind, low, size, unit: IndexRow("amount", kind, float(low), float(low + size), unit),
    some(("quantity", "measure")),
    st.integers(0, 6),
    st.integers(0, 2),
    some(UNITS),
)
spans = st.builds(lambda low, size: date("date", low, low + size), st.integers(0, 6), st.integers(1, 3))
components = st.one_of(tokens, amounts, spans, st.builds(lambda value: IndexRow("", "string", normalise(value), value), written))
rows = st.one_of(
    tokens,
    amounts,
    spans,
    st.builds(lambda value: IndexRow("name", "string", normalise(value), value), written),
    st.builds(lambda value: IndexRow("code", "text", value), some(WORDS)),
    st.builds(lambda code, system: IndexRow("encounter", "identifier", system, code), some(CODES), some(SYSTEMS)),
    st.builds(reference, some(("patient", "subject", "encounter")), targets),
    st.builds(lambda n, c, row: IndexRow("pair", "composite", n, c, row), st.integers(0, 1), st.integers(0, 1), components),
    st.builds(lambda place: IndexRow("near", "position", *place), some(PLACES)),
    st.builds(lambda words: IndexRow("_text", "words", words), some(("red fox", "Red hen, fox", "hen"))),
    st.builds(lambda code, low: IndexRow("care", "access", code, low, low + 3), some(CODES), st.integers(0, 3)),
)
puts = st.dictionaries(
    st.tuples(some(TYPES), some(NAMES)),
    st.tuples(st.lists(rows, max_size=5), st.integers(0, 5), some(("", "x", "y", "x,y"))),
    max_size=10,
)
worlds = st.lists(puts, min_size=1, max_size=3)
links = st.dictionaries(some(NAMES), some(("p", "q")), max_size=4)

pairs = st.lists(st.tuples(some(SYSTEMS), some(CODES)), max_size=3).map(tuple)
ranges = st.builds(
    lambda p, low, size, units, kind: Range("amount", p, float(low), low + size / 2, units, kind),
    some(PREFIXES),
    st.integers(0, 6),
    st.integers(0, 3),
    st.lists(some(UNITS[1:]), max_size=2).map(tuple),
    some(("", "measure")),
)
periods = st.builds(lambda p, low, size: Span("date", p, low, low + size), some(PREFIXES), st.integers(0, 6), st.integers(1, 3))
parts = st.one_of(
    st.builds(Token, st.just("0"), some((*CODES, None)), some((*SYSTEMS, None))),
    st.builds(Tokens, st.just("0"), pairs),
    st.builds(Text, st.just("0"), some(("an", "bo")), some(("starts", "equals"))),
    ranges,
    periods,
)
groups = st.lists(some(SOUGHT), min_size=1, max_size=2).map(tuple)
leaves: st.SearchStrategy[Where] = st.one_of(
    st.builds(Token, some(("code", "identifier")), some((*CODES, None)), some((*SYSTEMS, None))),
    st.builds(Token, st.just("encounter"), some(CODES), some(SYSTEMS), st.just("identifier")),
    st.builds(Tokens, some(("code", "identifier")), pairs),
    st.builds(Text, st.just("name"), some(("a", "an", "n", "ann", "o an")), some(("starts", "equals", "contains"))),
    st.builds(Text, st.just("name"), written, st.just("exact")),
    st.builds(Text, st.just("code"), some(("a", "an", "ann")), some(("starts", "equals", "contains")), st.just("text")),
    st.builds(Reference, some(("patient", "subject", "encounter")), st.lists(targets, max_size=2).map(tuple)),
    ranges,
    periods,
    st.builds(Near, st.just("near"), st.just(51.4), st.just(-0.2), some((1_000.0, 50_000.0, 500_000.0, 9e7))),
    st.builds(Near, st.just("near"), some((0.0, 90.0)), st.just(180.0), some((1_000.0, 50_000.0))),
    st.builds(Composite, st.just("pair"), st.lists(parts, min_size=1, max_size=2).map(tuple)),
    st.builds(
        FullText, st.just("_text"), st.lists(st.lists(some(SOUGHT), min_size=1, max_size=2).map(tuple), max_size=2).map(tuple)
    ),
    st.builds(Present, some(("code", "patient", "name", "near", "pair", "_text", "amount", "encounter"))),
    st.builds(Ids, st.lists(some(NAMES), max_size=2).map(tuple)),
    st.builds(Types, st.lists(some(TYPES), max_size=2).map(tuple)),
    st.builds(lambda p, low: Updated(p, T0 + low, T0 + low + 2), some(PREFIXES), st.integers(0, 5)),
    st.builds(Person, some(("patient", "subject", "encounter", "")), st.lists(some(NAMES), max_size=2).map(tuple)),
    st.builds(About, st.just("care"), some(((), ("1",), CODES)), st.integers(0, 4), st.booleans()),
    st.builds(Sources, some(((), ("x",), ("x", "y")))),
)
SORTS = (
    ("date", False),
    ("date", True),
    ("name", False),
    ("code", True),
    ("amount", False),
    ("patient", True),
    ("_lastUpdated", True),
)
sorts = st.lists(some(SORTS), max_size=2, unique_by=lambda pair: pair[0]).map(tuple)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
        st.builds(Chain, some(("patient", "subject", "encounter")), some(TYPES), inner),
        st.builds(Has, some(TYPES), some(("patient", "subject", "encounter")), inner | st.none()),
    ),
    max_leaves=5,
)

SORTED_BY = ("date", "string", "token", "measure", "quantity", "reference")


class Model:
    """What the store should hold, as dictionaries."""

    def __init__(self, persons: dict[str, str]) -> None:
        self.persons = persons
        self.present: dict[tuple[str, str], Put] = {}
        self.guard: Where | None = None
        self.kinds: set[tuple[str, str, str]] = set()

    def take(self, one: Put) -> None:
        """A new version is written."""
        self.present[one.stored.type, one.stored.id] = one
        self.kinds |= {(one.stored.type, row.parameter, row.kind) for row in one.index}

    def order(self, type_: str, found: list[str], sort: tuple[tuple[str, bool], ...]) -> list[str]:
        """Ids in the order asked for: what has no value last, ties as they came to be."""
        made = [id_ for known, id_ in self.present if known == type_ and id_ in found]
        for parameter, descending in reversed(sort):
            values = {id_: self.values(type_, id_, parameter) for id_ in made}
            best = max if descending else min
            have = sorted((id_ for id_ in made if values[id_]), key=lambda one: best(values[one]), reverse=descending)
            made = have + [id_ for id_ in made if not values[id_]]
        return made

    def values(self, type_: str, id_: str, parameter: str) -> list[Anything]:
        one = self.present[type_, id_]
        if parameter == "_lastUpdated":
            return [one.stored.updated]
        kind = next((kind for kind in SORTED_BY if (type_, parameter, kind) in self.kinds), "")
        rows = [row for row in one.index if (row.parameter, row.kind) == (parameter, kind)]
        return [row.b if kind == "token" else row.a for row in rows]

    def group(self, patients: tuple[str, ...]) -> set[str]:
        named = {self.persons[one] for one in patients if one in self.persons}
        return set(patients) | {patient for patient, person in self.persons.items() if person in named}

    def refers(self, one: Put, parameter: str, targets: set[str]) -> bool:
        parameters = (parameter,) if parameter else ("patient", "subject")
        if not parameter and one.stored.type == "Patient" and f"Patient/{one.stored.id}" in targets:
            return True
        return any(row.parameter in parameters and row.kind == "reference" and row.a in targets for row in one.index)

    def holds(self, where: Where, one: Put) -> bool:
        match where:
            case All(parts):
                return all(self.holds(part, one) for part in parts)
            case Any(parts):
                return any(self.holds(part, one) for part in parts)
            case Not(part):
                return not self.holds(part, one)
            case Ids(named):
                return one.stored.id in named
            case Updated(prefix, low, high):
                return compares(prefix, one.stored.updated, one.stored.updated + 1, low, high)
            case Types(types):
                return one.stored.type in types
            case Token(parameter) | Tokens(parameter) | Text(parameter) | Span(parameter) | Range(parameter) | Near(parameter):
                return any(row.parameter == parameter and meets(where, row) for row in one.index)
            case Composite(parameter, parts):
                inner = [row for row in one.index if row.parameter == parameter]
                return any(
                    all(
                        any(row.a == n and row.b == place and meets(part, row.c) for row in inner)
                        for place, part in enumerate(parts)
                    )
                    for n in (0, 1)
                )
            case FullText(parameter, groups):
                texts = [row.a for row in one.index if row.parameter == parameter]
                return any(all(says(texts, word) for word in group) for group in groups)
            case Present(parameter):
                return any(row.parameter == parameter for row in one.index)
            case Reference(parameter, targets):
                return self.refers(one, parameter, set(targets))
            case Person(parameter, patients):
                return self.refers(one, parameter, {f"Patient/{patient}" for patient in self.group(patients)})
            case Chain(parameter, target, inner):
                met = {put_.stored.id for (type_, _), put_ in self.present.items() if type_ == target and self.passes(inner, put_)}
                reached = self.group(tuple(met)) if target == "Patient" else met
                return self.refers(one, parameter, {f"{target}/{id_}" for id_ in reached})

            case Has(source, parameter, condition):
                reached = {f"{one.stored.type}/{one.stored.id}"}
                if one.stored.type == "Patient":
                    reached = {f"Patient/{patient}" for patient in self.group((one.stored.id,))}
                return any(
                    type_ == source
                    and self.refers(put_, parameter, reached)
                    and (condition is None or self.holds(condition, put_))
                    and self.allows(put_)
                    for (type_, _), put_ in self.present.items()
                )
            case About():
                return self.about(where, one)
            case Sources(named):
                return {*one.stored.source.split(",")} - {""} <= {*named}
            case _:
                raise TypeError(where)

    def about(self, where: About, one: Put) -> bool:
        own = self.subject(one)
        others = {row.a[8:] for row in one.index if row.kind == "reference" and row.a.startswith("Patient/")} - {own}
        people = {own} - {""} | (set() if one.stored.type == "Patient" else others)
        said = [self.said(where, patient) for patient in people]
        return own != "" and all(said) if where.every else any(said)

    def subject(self, one: Put) -> str:
        if one.stored.type == "Patient":
            return one.stored.id
        named = [row for row in one.index if row.parameter in ("patient", "subject") and row.a.startswith("Patient/")]
        first: IndexRow | None = min(named, key=lambda row: row.parameter, default=None)
        return first.a[8:] if first else ""

    def said(self, where: About, patient: str) -> bool:
        return any(
            (row.parameter, row.kind) == (where.parameter, "access")
            and (not where.codes or row.a in where.codes)
            and row.b <= where.now < row.c
            for one in self.present.values()
            if self.subject(one) in self.group((patient,))
            for row in one.index
        )

    def allows(self, one: Put) -> bool:
        """Whether the reader may see it. What the guard asks of other resources is asked of all there are."""
        if self.guard is None:
            return True
        guard, self.guard = self.guard, None
        allowed = self.holds(guard, one)
        self.guard = guard
        return allowed

    def passes(self, inner: Where, one: Put) -> bool:
        return self.holds(inner, one) and self.allows(one)

    def find(self, type_: str, where: Where) -> list[str]:
        return sorted(id_ for (t, id_), one in self.present.items() if t == type_ and self.passes(where, one))


def meets(where: Where, row: IndexRow) -> bool:
    """Whether one index row is what a part asks for."""
    match where:
        case Token(_, code, system, kind):
            return row.kind == kind and code in (None, row.b) and system in (None, row.a)
        case Tokens(_, pairs):
            return row.kind == "token" and (row.a, row.b) in pairs
        case Text(_, value, match, kind):
            if row.kind != (kind or "string"):
                return False
            if match == "exact":
                return bool(row.b == value)
            return value in row.a if match == "contains" else row.a == value if match == "equals" else row.a.startswith(value)
        case Span(_, prefix, low, high):
            return row.kind == "date" and compares(prefix, row.a, row.b, low, high)
        case Range(_, prefix, low, high, units, kind):
            known = row.kind == (kind or "quantity") and (not units or row.c in units)
            return known and exceeds(prefix, row.a, row.b, low, high)
        case Near(_, latitude, longitude, metres):
            return row.kind == "position" and apart((row.a, row.b), (latitude, longitude)) <= metres
    raise TypeError(where)


def exceeds(prefix: str, low: float, high: float, asked_low: float, asked_high: float) -> bool:
    """A target from ``low`` to ``high``, both included, against a value or a range of values that ends before its high side."""
    point = asked_low == asked_high
    equal = (low == asked_low and high == asked_high) if point else (asked_low <= low and high < asked_high)
    return {
        "eq": equal,
        "ne": not equal,
        "gt": high > asked_high,
        "lt": low < asked_low,
        "ge": high >= asked_high,
        "le": low <= asked_low,
        "sa": low > asked_high,
        "eb": high < asked_low,
        "ap": (low <= asked_high if point else low < asked_high) and high >= asked_low,
    }[prefix]


def apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres between two places, by the haversine formula."""
    north, east, to_north, to_east = map(radians, (*one, *other))
    half = sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin((to_east - east) / 2) ** 2
    return 2 * 6_371_008.8 * asin(min(1.0, sqrt(half)))


def says(texts: list[str], word: str) -> bool:
    """Whether a text holds a word or phrase, or must not and does not."""
    plain = word.removeprefix("-")
    there = any(f" {plain} " in f" {text.lower().replace(',', '')} " for text in texts)
    return there != (word != plain)


def compares(prefix: str, low: int, high: int, asked_low: int, asked_high: int) -> bool:
    """A target from ``low`` to ``high`` against what is asked (3.1.1.4.7), by the sets of instants that they are."""
    within = asked_low <= low and high <= asked_high
    return {
        "eq": within,
        "ne": not within,
        "gt": high > asked_high,
        "lt": low < asked_low,
        "ge": high > asked_high or within,
        "le": low < asked_low or within,
        "sa": low >= asked_high,
        "eb": high <= asked_low,
        "ap": low < asked_high and high > asked_low,
    }[prefix]
