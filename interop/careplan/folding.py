"""The fold of a person's plan: a pure function of what the asker may see, whatever order it comes in.

What several authors say alike is one line with several origins. Where a heading can have but one value, what the same voice said
provably later takes the place of what it said before, which becomes history; what different voices say stands side by side as a
conflict, and nothing decides between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from interop.careplan.plan import CURRENT, NEVER, Contribution, Given, Heading, Health, Line, Origin, Plan, Section
from interop.careplan.resolving import Resolving
from interop.careplan.saying import Reader, Statement
from interop.careplan.superseding import key, superseded
from interop.careplan.tables import PlanTables
from interop.careplan.times import UNDATED, after, coming, span_of
from interop.careplan.written import Writing
from interop.fhir.rows import LATEST
from interop.fhir.shapes import text


def folded(given: Iterable[Given], tables: PlanTables, now: int, health: Mapping[str, Health] | None = None) -> Plan:
    """The plan. ``given`` are resources of all the person's Patients and what they refer to (practitioners, organisations ...),
    each once; ``now`` in microseconds; ``health`` of feeds and organisations by name, of those alone that are not well. Never
    raises, whatever the resources hold."""
    known = sorted(given, key=lambda each: (text(each.resource, "resourceType"), text(each.resource, "id"), each.version))
    reader = Reader(tables, Resolving(known), now, health or {})
    replaced = superseded(known, reader)
    statements: dict[str, list[Statement]] = {name: [] for name in tables.headings}
    contributions = []
    writing = Writing(reader, tables)
    for each in known:
        old = key(each) in replaced
        said = list(reader.statements(each))
        for one in (*said, *writing.read(each, said, old)):
            statements[one.heading].append(replace(one, standing="history") if old else one)
        if each.resource.get("resourceType") == "CarePlan" and (standing := reader.standings.of(each.resource)) != NEVER:
            current = standing == CURRENT and not old
            contributions.append(Contribution(reader.origin(each), text(each.resource, "title"), current))
    sections = tuple(_section(heading, statements[name], now) for name, heading in tables.headings.items())
    written = tuple(sorted(writing.plans, key=lambda each: _latest_first(each.origin)))
    return Plan(sections, tuple(sorted(contributions, key=lambda each: _latest_first(each.origin))), written)


def _section(heading: Heading, statements: list[Statement], now: int) -> Section:
    current = [each for each in statements if each.standing == CURRENT]
    history = [each for each in statements if each.standing != CURRENT]
    if heading.single:
        overtaken = _overtaken(current, heading.voice, now)
        history += [each for each in current if id(each) in overtaken]
        current = [each for each in current if id(each) not in overtaken]
    lines = _lines(current)
    return Section(heading, lines, _lines(history), heading.single and (len(lines) > 1 or any(each.torn for each in current)))


def _overtaken(current: Iterable[Statement], voice: str, now: int) -> set[int]:
    """Those of which the same voice says another, all of its date after all of theirs. What is yet to come takes no place; nor do
    words within others, which may say less than what they would take the place of."""
    voices: dict[tuple[str, ...], list[Statement]] = {}
    for each in current:
        voices.setdefault(_voice(each.origin, voice), []).append(each)
    found = set()
    for several in voices.values():
        dates = [each.origin.date for each in several if not coming(each.origin.date, now) and not each.origin.written]
        latest = max(dates, key=lambda date: span_of(date)[0], default="")
        found |= {id(each) for each in several if after(latest, each.origin.date)}
    return found


def _voice(origin: Origin, voice: str) -> tuple[str, ...]:
    """Who speaks: the source, or the one person who is the author within it. Where it is not known who that is a resource speaks
    for itself: of an organisation nobody undoes what a colleague decided."""
    if voice == "source" and origin.source:
        return (origin.source,)
    return (origin.source, origin.voice) if voice == "author" and origin.voice else (origin.reference,)


def _lines(statements: Iterable[Statement]) -> tuple[Line, ...]:
    """What says the same as one line; the latest words are the line's."""
    alike: dict[tuple[str, ...], list[Statement]] = {}
    for each in statements:
        alike.setdefault(each.key, []).append(each)
    lines = []
    for several in alike.values():
        several.sort(key=lambda each: (_latest_first(each.origin), each.text, each.trigger, each.who, each.timing))
        first = several[0]
        origins = dict.fromkeys(
            replace(each.origin, words="" if each.text == first.text else each.text) for each in several
        )  # fmt: skip
        codes = tuple(dict.fromkeys(code for each in several for code in each.codes))
        telecom = tuple(dict.fromkeys(each for one in several for each in one.telecom))
        who = next((each.who for each in several if each.who), "")
        role = next((each.role for each in several if each.role), "")
        timing = next((each.timing for each in several if each.timing), "")
        lines.append(Line(first.heading, first.text, codes, first.means, first.trigger, role, who, timing, telecom, tuple(origins)))
    return tuple(sorted(lines, key=lambda line: (_latest_first(line.origins[0]), line.text, line.trigger)))


def _latest_first(origin: Origin) -> tuple[int, str, str, int]:
    """The latest date first, what has none last; then by name."""
    span = span_of(origin.date)
    return (LATEST if span == UNDATED else -span[0], origin.type, origin.id, origin.version)
