"""``interop identity``: who is who, asked of and told to a running engine as whoever the token says."""

from __future__ import annotations

from typing import Any

from interop.cli.governed import call
from interop.cli.options import Engine
from interop.cli.shown import cut, json_line, moment, remark, say, table
from interop.clock import SystemClock, instant

Part = dict[str, Any]
RECORD = ("record", "name", "born", "gender", "number")
"""Columns of a Patient; of the NHS number its end."""
SAYS = {
    "found": "It has somebody under that number; the record is linked where birth date and names agree.",
    "superseded": "The number was replaced by another: a record that holds the old one is linked with nobody by it.",
    "invalidated": "The number is nobody's: a record that holds it is linked with nobody by it.",
    "not-found": "It has nobody under that number.",
    "one": "One person fits; it is with those that may be the same, for people to decide.",
    "several": "More than one person fits.",
    "none": "Nobody fits.",
    "nothing-to-ask": "The record holds no valid number, or for a trace no family name or whole birth date.",
}
"""What an answer means."""


def queue(engine: Engine, *, count: int, as_json: bool) -> int:
    """The pairs that wait for a decision."""
    said = call(engine, "Patient/$identity-queue", ("count", "valuePositiveInt", count))
    if said is None:
        return 1
    answer = said[1].get("parameter", [])
    pairs = [_values(each["part"]) for each in answer if each["name"] == "pair"]
    if as_json:
        _lines(pairs)
    elif not pairs:
        remark("No pair waits for a decision.")
    for pair in () if as_json else pairs:
        score = f"score {pair['score']:.2f}" if "score" in pair else "score not told"
        say(f"{pair['why']}  {score}  since {pair['since']}: {pair['explanation']}")
        table(RECORD, [_person(record) for record in pair["record"]])
        say(", ".join(f"{field} {level}" for field, level in pair.get("compared", {}).items()))
        print()
    if any(each["name"] == "next" for each in answer):
        cut(len(pairs), None, "decide these with interop identity link or unlink, or ask for more with --count.")
    return 0


def decide(engine: Engine, operation: str, patient: str, other: str, reason: str, *, as_json: bool) -> int:
    """``link``, ``unlink``, ``split`` or ``identity-undo``: tell the engine, show with whom the record is one person now."""
    told = {"reference": f"Patient/{_id(other)}"} if other else None
    said = call(
        engine, f"Patient/{_id(patient)}/${operation}", ("reason", "valueString", reason), ("other", "valueReference", told)
    )
    if said is None:
        return 1
    answer = said[1].get("parameter", [])
    records = [_values(each["part"]) for each in answer if each["name"] == "record"]
    if as_json:
        _lines(records)
    else:
        _one_person(records)
    return 0


def ask(engine: Engine, operation: str, patient: str, *, as_json: bool) -> int:
    """``identity-verify`` or ``identity-trace``: what the national service says, and with whom the record is one person now."""
    said = call(engine, f"Patient/{_id(patient)}/${operation}")
    if said is None:
        return 1
    answer = said[1].get("parameter", [])
    outcome = next((each.get("valueCode", "") for each in answer if each["name"] == "outcome"), "")
    records = [_values(each["part"]) for each in answer if each["name"] == "record"]
    if as_json:
        _lines([{"outcome": outcome, "record": records}])
        return 0
    print(f"The Personal Demographics Service says: {outcome}. {SAYS.get(outcome, '')}".rstrip())
    _one_person(records)
    return 0


def history(engine: Engine, patient: str, *, as_json: bool) -> int:
    """With whom a record is one person, how that came about, who decided what and why."""
    said = call(engine, f"Patient/{_id(patient)}/$identity-history")
    if said is None:
        return 1
    answer = said[1].get("parameter", [])
    told = [(each["name"], _values(each["part"])) for each in answer]
    if as_json:
        _lines([{"kind": kind, **values} for kind, values in told])
        return 0
    _one_person([values for kind, values in told if kind == "record"])
    now, rows = instant(SystemClock().now()), []
    for kind, values in told:
        if kind == "event":
            moved = f"{_of(values['patient'])}, of {values['before']} before, of {values['after']} now"
            rows.append(("event", moment(values["when"], now), f"{values['why']}: {moved}"))
        elif kind != "record":
            by = f"by {values.get('who', 'an engine without sign-on')}: {values['reason']}"
            rows.append(("decision", moment(values["when"], now), f"{values['decision']} {_of(values['other'])} {by}"))
    if rows:
        print()
        table(("kind", "when", "what"), rows)
    return 0


def _one_person(records: list[dict[str, Any]]) -> None:
    print(f"One person has {len(records)} record{'s' if len(records) != 1 else ''} now:")
    table(RECORD, [_person(record) for record in records])


def _values(parts: list[Part]) -> dict[str, Any]:
    """Parts by name; records in a list."""
    found: dict[str, Any] = {}
    for part in parts:
        value = next((part[key] for key in part if key.startswith("value")), None)
        if part["name"] == "record":
            found.setdefault("record", []).append(_values(part["part"]))
        elif "part" in part:
            found[part["name"]] = _values(part["part"])
        else:
            found[part["name"]] = value
    return found


def _person(record: dict[str, Any]) -> tuple[str, ...]:
    """A row of RECORD."""
    ends = record.get("number-ends", "")
    return (
        _of(record["patient"]),
        record.get("name", "no name"),
        record.get("birthDate", "no birth date"),
        record.get("gender", ""),
        f"…{ends}" if ends else "",
    )


def _of(reference: dict[str, str]) -> str:
    return reference["reference"].removeprefix("Patient/")


def _id(text: str) -> str:
    return text.removeprefix("Patient/")


def _lines(found: list[dict[str, Any]]) -> None:
    for each in found:
        json_line(each)
