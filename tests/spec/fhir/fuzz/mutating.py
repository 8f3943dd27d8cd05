"""Sound JSON made unsound: what a hostile or broken sender might write instead."""

from __future__ import annotations

import random
from typing import Any

from interop.fhir import facts
from interop.formats.json import Number
from tests.spec.fhir.xml_json.making import Maker

Json = Any

WEIRD: tuple[Json, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**31,
    10**40,
    0.5,
    float("inf"),
    float("nan"),
    Number("1.50"),
    Number("1e300"),
    "",
    " ",
    "a",
    "a" * 5000,
    "\x00",
    "\ud800",
    "\u202e\U0001f600",
    "#",
    "#a",
    "Patient/1",
    "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "http://hl7.org/fhir/StructureDefinition/Patient",
    "http://hl7.org/fhir/ValueSet/administrative-gender",
    "http://[::1",
    "2024-02-30",
    "9999-12-31T23:59:60Z",
    "0000-00-00",
    "<div>",
    "%resource.descendants().where(true)",
    "((((",
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": ""},
    {"a": {"b": {"c": [1, {"d": None}]}}},
    {"resourceType": "Patient"},
    {"resourceType": ["Patient"]},
    {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Bundle"}}]},
    {"extension": [{"url": "a", "extension": [{"url": "a"}]}]},
    {"reference": "#"},
    {"value": "a", "system": 1},
)
NAMES = (
    "resourceType",
    "id",
    "_id",
    "extension",
    "modifierExtension",
    "contained",
    "",
    "_",
    "__proto__",
    "a b",
    "value[x]",
    "url",
    "meta",
    "é",
)


def nodes(value: Json) -> list[tuple[Json, Json]]:
    """Every place below a value, as (container, key or index)."""
    found: list[tuple[Json, Json]] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list):
            for key, inner in each.items() if isinstance(each, dict) else enumerate(each):
                found.append((each, key))
                waiting.append(inner)
    return found


def copied(value: Json) -> Json:
    """A copy that shares no object or array."""
    if isinstance(value, dict):
        return {name: copied(member) for name, member in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


def mutated(value: Json, chance: random.Random, times: int) -> Json:
    """A copy with as many changes: values replaced, left out, doubled, moved, wrapped; members renamed and added."""
    value = copied(value)
    for _ in range(times):
        places = nodes(value)
        if not places:
            return chance.choice(WEIRD)
        holder, key = chance.choice(places)
        if isinstance(holder, list) and not key < len(holder):
            continue
        _change(holder, key, chance, places)
    return value


def _change(holder: Json, key: Json, chance: random.Random, places: list[tuple[Json, Json]]) -> None:
    kind = chance.randrange(8)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[key] = [holder[key]]
    elif kind == 2 and isinstance(holder[key], list) and holder[key]:
        holder[key] = holder[key][0]
    elif kind == 3:
        other, at = chance.choice(places)
        if (isinstance(other, dict) and at in other) or (isinstance(other, list) and at < len(other)):
            holder[key] = copied(other[at])
    elif kind == 4 and isinstance(holder, dict):
        holder[chance.choice(NAMES)] = holder.pop(key)
    elif kind == 5 and isinstance(holder, dict):
        holder["_" + str(key)] = copied(chance.choice(WEIRD))
    elif kind == 6 and isinstance(holder, list):
        holder.append(copied(holder[key]))
    else:
        holder[key] = copied(chance.choice(WEIRD))


def made(chance: random.Random) -> Json:
    """A resource of any type with every element filled, sometimes in a Bundle, a Parameters or contained."""
    kind = chance.choice(sorted(facts.resource_types()))
    resource = Maker(chance.randrange(50)).resource(kind, chance.randrange(1, 4))
    wrap = chance.randrange(8)
    if wrap == 0:
        entry = {"fullUrl": "http://example.org/fhir/x/1", "resource": resource}
        return {
            "resourceType": "Bundle",
            "type": chance.choice(("document", "message", "collection", "transaction")),
            "entry": [entry, entry],
        }
    if wrap == 1:
        return {"resourceType": "Parameters", "parameter": [{"name": "a", "resource": resource}]}
    if wrap == 2:
        return {"resourceType": "Basic", "contained": [resource], "code": {"text": "a"}}
    return resource
