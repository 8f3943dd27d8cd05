"""A lineage as a page shows it: the fields of the source on one side, the elements of FHIR on the other, each with the places of
what it became or came from. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import orjson

from interop.pages.console.words import EFFECTS, FATES, LOST

MOST: Final = 500
"""Fields, and elements, that a page shows."""
LONGEST: Final = 300
"""Letters of a value."""
HIDDEN: Final = "•••"
"""A value that is not shown, of whatever length."""


def shown(said: Mapping[str, Any]) -> dict[str, Any]:
    """``lines`` of fields, ``resources`` of elements, ``losses`` counted, and how many fields met which fate."""
    masked = bool(said["masked"])
    fields = [_field(place, each, said, masked=masked) for place, each in enumerate(said["fields"][:MOST])]
    lines = [
        {"name": each["name"], "depth": min(each["depth"], 8), "fields": [fields[at] for at in each["fields"] if at < MOST]}
        for each in said["lines"]
    ]
    while lines and not lines[-1]["fields"]:
        lines.pop()
    total = len(said["fields"]) + said.get("more", 0)
    return {
        "lines": lines,
        "resources": _resources(said, masked=masked),
        "losses": _losses(said),
        "fates": _fates(said),
        "fields": total,
        "fields_shown": len(fields),
        "elements": len(said["elements"]) + said.get("moreElements", 0),
        "elements_shown": min(len(said["elements"]), MOST),
        "lost": sum(each["fate"] in LOST for each in said["fields"]),
        "masked": masked,
        "withheld": said["withheld"],
        "tables": said["tables"],
        "then": said["tablesThen"],
        "problem": said.get("problem"),
    }


def _field(place: int, one: Mapping[str, Any], said: Mapping[str, Any], *, masked: bool) -> dict[str, Any]:
    sign, word, meaning = FATES.get(one["fate"], FATES[""])
    made = [said["elements"][each] for each in one["elements"]]
    became = dict.fromkeys(f"{each['path']} ({each['row']})" for each in made)
    losses = one.get("losses", ())
    return {
        "id": f"f{place}",
        "path": one["path"],
        "value": HIDDEN if masked else _short(one.get("value", "")),
        "fate": one["fate"] or "unknown",
        "sign": sign,
        "word": word,
        "meaning": meaning,
        "to": " ".join(f"e{each}" for each in one["elements"] if each < MOST),
        "first": next((f"e{each}" for each in one["elements"] if each < MOST), ""),
        "became": "; ".join(became),
        "why": "; ".join(dict.fromkeys(each["why"] for each in (*made, *losses) if each["why"])),
    }


def _resources(said: Mapping[str, Any], *, masked: bool) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        each["reference"]: {**each, "type": each["reference"].partition("/")[0], "elements": []} for each in said["resources"]
    }
    for each in found.values():
        each["effect"] = EFFECTS.get(each["effect"], each["effect"])
    for place, one in enumerate(said["elements"][:MOST]):
        made = found.setdefault(one["resource"], {"reference": one["resource"], "type": one["resource"].partition("/")[0],
                                                  "effect": "named", "elements": []})  # fmt: skip
        made["elements"].append(
            {
                "id": f"e{place}",
                "path": one["path"],
                "value": HIDDEN if masked else _short(one.get("value")),
                "row": one["row"],
                "file": one["file"],
                "codes": one.get("codes", ""),
                "why": one["why"],
                "source": "fixed by the row" if one["source"] == "constant" else one["source"] or "the message as a whole",
                "from": " ".join(f"f{each}" for each in one["fields"] if each < MOST),
                "first": next((f"f{each}" for each in one["fields"] if each < MOST), ""),
            }
        )
    return list(found.values())


def _losses(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a sender would miss first, then what is left out deliberately."""
    rows = [{**each, "word": FATES.get(each["reason"], FATES[""])[1]} for each in said["losses"]]
    return sorted(rows, key=lambda each: (each["reason"] == "not-carried", each["path"], each["row"]))


def _fates(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    counted = Counter(each["fate"] for each in said["fields"])
    return [
        {"fate": fate or "unknown", "sign": sign, "word": word, "meaning": meaning, "count": counted[fate]}
        for fate, (sign, word, meaning) in FATES.items()
        if counted[fate]
    ]


def _short(value: Any) -> str:
    text = _said(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _said(value: Any) -> str:
    """A value of FHIR in one line: the names of elements before what they hold."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_said(each)}" for name, each in value.items())
    return orjson.dumps(value).decode()
