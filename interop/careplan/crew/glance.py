"""What is read in a second: a few lines that stand above the rest of the card."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from interop.careplan.crew.fitting import short
from interop.careplan.crew.who import day
from interop.careplan.plan import Json

FEW: Final = 4
"""Things that are named in a line; of more it is told how many."""
EACH: Final = 90
"""Bytes of each."""
OWN: Final = 240
"""Bytes of what stands as its author wrote it: cut early it may seem to say something else."""


def glance(card: Json) -> dict[str, str]:
    """The lines by name: ``who``; ``identity`` where records of the person do not agree; ``cpr``, ``alerts``, ``allergies``,
    ``matters``, ``steps``; ``plans`` where these have words that stand nowhere else; ``lacking`` where not everything is here."""
    person = card["who"]
    found = {"who": _who(person)}
    if "differs" in person:
        what = {"born": "birth date", "nhs": "NHS number", "deceased": "whether they live"}
        differing = ", ".join(what.get(each["what"], each["what"]) for each in person["differs"])
        found["identity"] = f"Make sure who this is: records differ in {differing}."
    found["cpr"] = f"CPR: {_each(card['cpr'], dated=True)}"
    found["alerts"] = f"Alerts: {_each(card['alerts'])}"
    found["allergies"] = f"Allergies: {_allergies(card['allergies'])}"
    if card["matters"]["lines"]:
        found["matters"] = f"What matters: {_each(card['matters'])}"
    if card["steps"]["lines"]:
        found["steps"] = f"Steps: {_each(card['steps'])}"
    if words := _elsewhere(card):
        found["plans"] = f"Plans say: {_each({'lines': words})}"
    if absent := card["absent"]["lines"]:
        others = f" (+{len(absent) - FEW} more)" if len(absent) > FEW else ""
        found["lacking"] = f"Not everything is here: {'; '.join(short(each['words'], EACH) for each in absent[:FEW])}{others}"
    return found


def _elsewhere(card: Json) -> list[Json]:
    """Lines of plans that stand in no other section, where one has nothing but may have something in them."""
    others = [held for name, held in card.items() if isinstance(held, dict) and "lines" in held and name != "plans"]
    if not any(held.get("state") == "see-plans" for held in others):
        return []
    told = "\n".join(line["text"] for held in others for line in held["lines"] if "text" in line)
    return [line for line in card["plans"]["lines"] if line["text"] not in told]


def _allergies(section: Json) -> str:
    """That none are known is said with what is not here."""
    return str(section["words"]) if section["state"] == "none-known" and "lacking" in section else _each(section)


def _who(person: Json) -> str:
    parts = [person["name"]]
    if "deceased" in person:
        died = person["deceased"].get("date", "")
        parts.append(f"DIED {day(died)}" if died else str(person["deceased"].get("words", "DIED")).upper())
    if "age" in person:
        parts.append(f"{person['age']} years")
    parts.append(person.get("gender", "sex not recorded"))
    parts.append(f"born {day(person['born'])}" if "born" in person else "birth date not recorded")
    numbers = person["nhs"]
    parts.append(f"NHS {numbers[0]['number']} ({numbers[0]['words']})" if numbers else "no NHS number")
    if person.get("interpreter"):
        parts.append("interpreter needed")
    return " · ".join(parts)


def _each(section: Json, *, dated: bool = False) -> str:
    lines: list[Any] = section["lines"]
    if not lines:
        return str(section["words"])
    named = _named(lines[:FEW], dated)
    more = len(lines) - FEW
    said = ("; " if not section.get("conflict") else " / ").join(named) + (f" (+{more} more)" if more > 0 else "")
    return f"THOSE WHO SAY SO DO NOT AGREE: {said}" if section.get("conflict") else said


def _named(lines: Iterable[Json], dated: bool) -> list[str]:
    found = []
    for line in lines:
        own = "as" in line
        said = short(f"if {line['if']}: {line['text']}" if "if" in line and not own else line["text"], OWN if own else EACH)
        marked = " (HIGH RISK)" if line.get("critical") else ""
        if dated and "status" in line:
            marked = f" ({line['status']})"
        found.append(f"{said}{marked} ({day(line['date'])})" if dated and "date" in line else f"{said}{marked}")
    return found
