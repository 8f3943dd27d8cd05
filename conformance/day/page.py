"""Prints a shared record as one would want to read it: who, the plan, what comes next, what was, who said so and when."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from conformance.day.record import PersonRecord, Resource, source, sources

LONDON = ZoneInfo("Europe/London")


def print_record(console: Console, record: PersonRecord, address: str, today: date) -> None:
    """Print one person's record as it is on ``today``, with its address. What is equal in rank stands in the order of its words."""
    if not record.patients:
        console.print(f"[bold red]{record.person.given} {record.person.family}: no record[/]")
        return
    console.print(Panel(_banner(record, today), border_style="blue", padding=(0, 1)))
    _plan(console, record)
    _facts(console, record)
    _appointments(console, record, today)
    _contacts(console, record)
    console.print(Text(address, style="cyan"), soft_wrap=True)
    console.print()


def _banner(record: PersonRecord, today: date) -> Text:
    patient = max(record.patients, key=lambda one: (len(one.get("name", [])) + len(one.get("address", [])), _source(one)))
    names = patient.get("name", [{}])
    name = next((one for one in names if one.get("use") == "official"), names[0])
    number = record.person.nhs_number
    born = patient.get("birthDate", "")
    address = patient.get("address", [{}])[0]
    parts = [*address.get("line", []), address.get("city", ""), address.get("district", ""), address.get("postalCode", "")]
    line = ", ".join(dict.fromkeys(part for part in parts if part))
    text = Text()
    text.append(f"{name.get('family', '').upper()}, {' '.join(name.get('given', []))}", style="bold")
    text.append(f"   Born {_day(born)} ({_age(born, today)} y)   Gender {patient.get('gender', 'not known')}   ")
    text.append(f"NHS No. {number[:3]} {number[3:6]} {number[6:]}", style="bold")
    text.append(f"\n{line}")
    text.append(f"\nOne record from {', '.join(sorted(sources(record)))}", style="dim")
    return text


def _plan(console: Console, record: PersonRecord) -> None:
    console.print(Text("Plan", style="bold underline"))
    if not record.plans:
        console.print("  None recorded.")
    for plan in sorted(record.plans, key=lambda one: (_what_matters(one), _due(one), one.get("title", ""))):
        due = _due(plan)
        console.print(Padding(Text(plan.get("title", "Plan"), style="bold"), (0, 0, 0, 2)))
        if plan.get("description"):
            console.print(Padding(Text(plan["description"]), (0, 0, 0, 4)))
        said = [
            f"by {_who(record, plan)}" if _who(record, plan) else "",
            f"on {_day(plan.get('created', ''))}" if plan.get("created") else "",
        ]
        said += [f"due {_day(due)}" if due else "", f"from {_source(plan)}"]
        console.print(Padding(Text(", ".join(part for part in said if part), style="dim"), (0, 0, 0, 4)))
    for outcome in sorted(record.triage, key=lambda one: str(one.get("created", ""))):
        when = _moment(outcome.get("created", ""))
        text = f"Triage outcome (not a plan) {when}: {outcome.get('description', '')} — from {_source(outcome)}"
        console.print(Padding(Text(text, style="yellow"), (0, 0, 0, 2)))


def _facts(console: Console, record: PersonRecord) -> None:
    for title, resources in (("Problems", record.conditions), ("Allergies", record.allergies), ("Medicines", record.medicines)):
        seen: dict[str, set[str]] = {}
        for one in resources:
            text = _concept(one.get("code") or one.get("medicationCodeableConcept") or {})
            if text:
                seen.setdefault(text, set()).add(_source(one))
        words = [f"{text} ({', '.join(sorted(sources))})" for text, sources in sorted(seen.items())]
        console.print(Text(f"{title}: ", style="bold").append("; ".join(words) or "none recorded", style="not bold"))


def _appointments(console: Console, record: PersonRecord, today: date) -> None:
    now = today.isoformat()
    ahead = sorted((one for one in record.appointments if str(one.get("start", "")) >= now), key=lambda one: _rank(one["start"]))
    console.print(Text("Next appointments", style="bold underline"))
    if not ahead:
        console.print("  None recorded.")
    for one in ahead:
        kinds = [_concept(kind) for kind in one.get("serviceType", [])] or [one.get("description", "")]
        _item(console, _moment(one["start"]), [*kinds, _where(record, one), one.get("status", "")], [f"from {_source(one)}"])


def _contacts(console: Console, record: PersonRecord) -> None:
    console.print(Text("Contacts, latest first", style="bold underline"))
    diagnoses: dict[str, list[str]] = {}
    for condition in record.conditions:
        diagnoses.setdefault(condition.get("encounter", {}).get("reference", ""), []).append(_concept(condition.get("code", {})))
    for one in sorted(record.contacts, key=lambda one: _rank(one.get("period", {}).get("start", "")), reverse=True):
        period = one.get("period", {})
        kinds = [_concept(kind) for kind in one.get("type", [])] or [one.get("class", {}).get("display", "")]
        why = [*(_concept(reason) for reason in one.get("reasonCode", [])), *diagnoses.get(f"Encounter/{one['id']}", [])]
        until = f" to {_moment(period['end'])}" if period.get("end") else ""
        said = [*kinds, one.get("status", ""), *why]
        _item(console, f"{_moment(period.get('start', ''))}{until}", said, [_participants(record, one), f"from {_source(one)}"])
    if not record.contacts:
        console.print("  None recorded.")


def _item(console: Console, when: str, what: list[str], who: list[str]) -> None:
    """One line, folded under itself: when in bold, what, then who in grey."""
    text = Text(f"{when}  ", style="bold")
    text.append("; ".join(dict.fromkeys(part for part in what if part)), style="not bold")
    text.append("  " + ", ".join(part for part in who if part), style="not bold dim")
    console.print(Padding(text, (0, 0, 0, 2)))


def _participants(record: PersonRecord, resource: Resource) -> str:
    found = [record.names.get(one.get("individual", {}).get("reference", ""), "") for one in resource.get("participant", [])]
    return ", ".join(dict.fromkeys(name for name in found if name))


def _where(record: PersonRecord, appointment: Resource) -> str:
    actors = [one.get("actor", {}) for one in appointment.get("participant", [])]
    found = [actor.get("display") or record.names.get(actor.get("reference", ""), "") for actor in actors]
    return ", ".join(dict.fromkeys(name for name in found if name))


def _who(record: PersonRecord, plan: Resource) -> str:
    return record.names.get(plan.get("author", {}).get("reference", ""), "")


def _what_matters(plan: Resource) -> int:
    return 0 if "what matters" in plan.get("description", "").casefold() else 1


def _due(plan: Resource) -> str:
    for activity in plan.get("activity", []):
        start = activity.get("detail", {}).get("scheduledPeriod", {}).get("start")
        if start:
            return str(start)
    return str(plan.get("period", {}).get("start", ""))


def _source(resource: Resource) -> str:
    return source(resource) or "not known"


def _concept(concept: dict[str, Any]) -> str:
    if concept.get("text"):
        return str(concept["text"])
    return next((str(coding.get("display") or coding.get("code", "")) for coding in concept.get("coding", [])), "")


def _day(text: str) -> str:
    try:
        return f"{date.fromisoformat(text[:10]):%d-%b-%Y}"
    except ValueError:
        return text or "not known"


def _moment(text: str) -> str:
    """A time as a clock in England shows it, whatever offset the source writes."""
    moment = _local(text)
    return f"{moment:%d-%b-%Y %H:%M}" if moment is not None and "T" in text else _day(text)


def _local(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(LONDON)
    except ValueError:
        return None


def _rank(text: str) -> tuple[float, str]:
    """Sorts times by the instant; what is no time comes first."""
    moment = _local(text)
    return (moment.timestamp() if moment is not None else 0.0), text


def _age(born: str, today: date) -> str:
    try:
        day = date.fromisoformat(born)
    except ValueError:
        return "?"
    return str(today.year - day.year - ((today.month, today.day) < (day.month, day.day)))
