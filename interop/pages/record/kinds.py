"""Results by kind, the latest of each first, with what went before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from interop.fhir.shapes import Json, chosen, dicts, text
from interop.pages.record.asking import Known
from interop.pages.record.charts import Chart, Value, charts, seconds
from interop.pages.record.origins import Origin, origin
from interop.pages.record.readings import STATUS, VOID, Reading, readings
from interop.screen.words import day, moment

GROUPS: Final = {
    "laboratory": "Laboratory",
    "vital-signs": "Vital signs",
    "imaging": "Imaging",
    "exam": "Examination",
    "procedure": "Procedures",
    "survey": "Assessments",
    "social-history": "Social history",
    "therapy": "Therapy",
    "activity": "Activity",
}
"""Categories of observations (FHIR R4, observation-category)."""
OTHER: Final = "Other observations"


@dataclass(frozen=True, slots=True)
class Result:
    """One Observation. ``at`` is when it was measured as FHIR writes it, '' where nobody says; ``status`` is said beside it; of a
    ``void`` one the values are not to be used."""

    id: str
    version: str
    name: str
    at: str
    when: str
    status: str
    void: bool
    readings: tuple[Reading, ...]
    notes: tuple[str, ...]
    by: str
    specimen: str
    origin: Origin
    names: frozenset[tuple[str, str]]

    @property
    def words(self) -> str:
        """All its values in a line."""
        return "; ".join(f"{each.name}: {each.words}" if each.name else each.words for each in self.readings)


@dataclass(frozen=True, slots=True)
class Kind:
    """Results of one kind, the latest first. A chart for each unit of each value that a result has."""

    name: str
    group: str
    results: tuple[Result, ...]
    charts: tuple[tuple[str, Chart], ...]

    @property
    def latest(self) -> Result:
        """What is shown of the kind: the latest that may be used, else the latest."""
        return next((each for each in self.results if not each.void), self.results[0])


def result(observation: Json, known: Known) -> Result:
    """An Observation as it is shown."""
    status = text(observation, "status")
    at = measured(observation)
    return Result(
        text(observation, "id"),
        text(observation.get("meta"), "versionId"),
        known.words.of(observation.get("code")) or "Not named",
        at,
        moment(at) if at else "Date not known",
        STATUS.get(status, status),
        status in VOID,
        tuple(readings(observation, known.words)),
        tuple(filter(None, (text(each, "text") for each in dicts(observation, "note")))),
        ", ".join(known.people(dicts(observation, "performer"))),
        known.words.of(observation.get("specimen")) or known.words.of(observation.get("method")),
        origin(observation, known),
        frozenset(_names(observation)),
    )


def measured(observation: Json) -> str:
    """When it was measured: its effective time or the start of that, else when it was issued."""
    effective = chosen(observation, "effective")
    if effective is not None and isinstance(effective[1], str):
        return effective[1]
    return (text(effective[1], "start") if effective is not None else "") or text(observation, "issued")


def told(observation: Json) -> bool:
    """Whether it is a result: a value, or why there is none. What is words alone is a note."""
    return (
        chosen(observation, "value") is not None
        or any(name in observation for name in ("component", "dataAbsentReason", "interpretation", "hasMember"))
        or _coded(observation) == "laboratory"
    )


def kinds(observations: Sequence[Json], known: Known) -> list[Kind]:
    """Kinds in the order of their latest result: observations that share a coding, or without codings their words, are of one. As
    ``$lastn`` gives them, kind by kind."""
    grouped: list[tuple[set[tuple[str, str]], list[Json]]] = []
    for each in observations:
        names = set(_names(each))
        if grouped and names & grouped[-1][0]:
            grouped[-1][0].update(names)
            grouped[-1][1].append(each)
        else:
            grouped.append((names, [each]))
    made = [_kind(group, known) for _, group in grouped]
    return sorted(made, key=lambda each: seconds(each.latest.at) or 0.0, reverse=True)


def _kind(group: Sequence[Json], known: Known) -> Kind:
    results = tuple(result(each, known) for each in group)
    return Kind(results[0].name, category(group[0]), results, tuple(drawn(results)))


def drawn(results: Iterable[Result]) -> list[tuple[str, Chart]]:
    """Charts of what results say, by what each value is called ('' for that of the result itself)."""
    series: dict[str, list[Value]] = {}
    for each in results:
        at = seconds(each.at) if each.at else None
        if each.void or at is None:
            continue
        for one in each.readings:
            value = Value(at, day(each.at), one.number, one.words, one.unit, one.comparator, one.flag, one.range)
            series.setdefault(one.name, []).append(value)
    return [(name, chart) for name, values in series.items() for chart in charts(values)]


def category(observation: Json) -> str:
    """Under which heading it stands: its category by code, else in the words of its source."""
    code = _coded(observation)
    if code in GROUPS:
        return GROUPS[code]
    said = next((text(each, "text") for each in dicts(observation, "category") if text(each, "text")), "")
    return {"Result": "Laboratory"}.get(said, said) or OTHER


def grouped(kinds: Iterable[Kind]) -> list[tuple[str, list[Kind]]]:
    """Kinds under their headings: what is no category of its own comes last."""
    found: dict[str, list[Kind]] = {}
    for each in kinds:
        found.setdefault(each.group, []).append(each)
    return sorted(found.items(), key=lambda each: each[0] == OTHER)


def same(observation: Json, other: Json) -> bool:
    """Whether two are of one kind."""
    return not set(_names(observation)).isdisjoint(_names(other))


def _coded(observation: Json) -> str:
    codes = [text(code, "code") for each in dicts(observation, "category") for code in dicts(each, "coding")]
    return next((each for each in codes if each in GROUPS), "")


def _names(observation: Json) -> list[tuple[str, str]]:
    code = observation.get("code")
    names = [(text(each, "system"), text(each, "code")) for each in dicts(code, "coding") if text(each, "code")]
    said = " ".join(text(code, "text").casefold().split())
    return names or [("text", said) if said else ("id", text(observation, "id"))]
