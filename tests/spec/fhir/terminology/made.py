"""Made-up code systems and value sets of a garden, which the specification speaks of."""

from __future__ import annotations

from typing import Any

from interop.fhir.definitions import Definitions
from interop.fhir.terminology import Terminology

Json = dict[str, Any]
PLANTS = "https://example.org/CodeSystem/plants"
TOOLS = "https://example.org/CodeSystem/tools"
SETS = "https://example.org/ValueSet/"

PLANT_SYSTEM: Json = {
    "resourceType": "CodeSystem",
    "url": PLANTS,
    "version": "2",
    "content": "complete",
    "caseSensitive": True,
    "property": [
        {"code": "ripe", "type": "integer"},
        {"code": "group", "uri": "http://hl7.org/fhir/concept-properties#notSelectable", "type": "boolean"},
    ],
    "concept": [
        {
            "code": "fruit",
            "display": "Fruit",
            "property": [{"code": "group", "valueBoolean": True}],
            "concept": [
                {
                    "code": "apple",
                    "display": "Apple",
                    "designation": [{"language": "cy", "value": "Afal"}],
                    "property": [{"code": "ripe", "valueInteger": 9}],
                    "concept": [{"code": "cox", "display": "Cox's Orange"}],
                },
                {"code": "pear", "display": "Pear", "property": [{"code": "ripe", "valueInteger": 10}]},
                {"code": "medlar", "display": "Medlar", "property": [{"code": "status", "valueCode": "retired"}]},
            ],
        },
        {"code": "tree", "display": "Tree", "property": [{"code": "child", "valueCode": "apple"}]},
    ],
}


def value_set(name: str, **compose: Any) -> Json:
    return {"resourceType": "ValueSet", "url": SETS + name, "version": "1", "status": "active", "compose": compose}


def system(url: str, *codes: str, **said: Any) -> Json:
    return {
        "resourceType": "CodeSystem",
        "url": url,
        "content": "complete",
        "caseSensitive": True,
        "concept": [{"code": code} for code in codes],
        **said,
    }


def terminology(*resources: Json, **options: Any) -> Terminology:
    """Of the garden and these resources."""
    return Terminology(Definitions.base().with_resources([PLANT_SYSTEM, *resources]), **options)


def filtered(name: str, op: str, value: str) -> Json:
    """A value set of plants with one filter."""
    return value_set("filtered", include=[{"system": PLANTS, "filter": [{"property": name, "op": op, "value": value}]}])


def codes(terms: Terminology, wanted: str | Json) -> list[str]:
    """The codes of an expansion."""
    return [each.code for each in terms.expand(wanted).contains]
