"""Search by composites (FHIR R4 search, 3.1.1.4.14): the parts hold of one and the same element."""

from __future__ import annotations

import pytest

from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.searches import LOINC, UCUM, check, coded, observation, of, record, to

pytestmark = pytest.mark.anyio


def part(code: str, value: float) -> dict[str, object]:
    return {"code": coded(LOINC, code), "valueQuantity": {"value": value, "system": UCUM, "code": "mm[Hg]"}}


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    await record(
        store,
        observation(
            "w80", coded(LOINC, "weight"), valueQuantity={"value": 80, "system": UCUM, "code": "kg"}, effectiveDateTime="2020"
        ),
        observation("w90", coded(LOINC, "weight"), valueQuantity={"value": 90, "system": UCUM, "code": "kg"}),
        observation("h80", coded(LOINC, "height"), valueQuantity={"value": 80, "system": UCUM, "code": "cm"}),
        observation("word", coded(LOINC, "mood"), valueString="Good, very $"),
        observation("yes", coded(LOINC, "smokes"), valueCodeableConcept=coded("urn:a", "yes")),
        observation("bp1", coded(LOINC, "bp"), component=[part("sys", 120), part("dia", 80)]),
        observation("bp2", coded(LOINC, "bp"), component=[part("sys", 80), part("dia", 120)]),
        of(
            "Group",
            "g1",
            type="person",
            actual=False,
            characteristic=[{"code": coded("", "gender"), "valueCodeableConcept": coded("", "mixed"), "exclude": False}],
        ),
        of(
            "Group",
            "g2",
            type="person",
            actual=False,
            characteristic=[
                {"code": coded("", "gender"), "valueCodeableConcept": coded("", "male"), "exclude": False},
                {"code": coded("", "size"), "valueCodeableConcept": coded("", "mixed"), "exclude": False},
            ],
        ),
        of(
            "DocumentReference",
            "d2",
            status="current",
            content=[{"attachment": {"url": "urn:x"}}],
            relatesTo=[{"code": "replaces", "target": to("DocumentReference/d1")}],
        ),
    )


async def test_composites(client: Client) -> None:
    await check(
        client,
        {
            f"code-value-quantity={LOINC}|weight$80": "w80",
            "code-value-quantity=weight$gt80": "w90",
            f"code-value-quantity=weight$80000|{UCUM}|g": "w80",
            f"code-value-quantity={LOINC}|weight$80,{LOINC}|height$80": "h80 w80",
            f"code-value-quantity=weight,height$80|{UCUM}|kg,80|{UCUM}|cm": "h80 w80",
            "code-value-quantity=weight$70": "",
            "code-value-quantity=mood$80": "",
            r"code-value-string=mood$good\, very \$": "word",
            "code-value-concept=smokes$urn:a|yes": "yes",
            "code-value-concept=smokes$no": "",
            "code-value-quantity=weight": "400",
            "code-value-quantity=weight$80$90": "400",
            "code-value-quantity=weight$": "400",
            "code-value-quantity=weight$heavy": "400",
            "code-value-quantity:exact=weight$80": "400",
        },
        "Observation?",
    )


async def test_parts_are_of_one_element(client: Client) -> None:
    await check(
        client,
        {
            f"component-code-value-quantity={LOINC}|sys$120": "bp1",
            f"component-code-value-quantity={LOINC}|sys$ge100|{UCUM}|mm[Hg]": "bp1",
            "component-code-value-quantity=sys$lt100": "bp2",
            "component-code-value-quantity=sys$120,sys$80": "bp1 bp2",
            "component-code-value-quantity=sys$120&component-code-value-quantity=dia$80": "bp1",
            "component-code-value-quantity=sys$120&component-code-value-quantity=dia$120": "",
            "combo-code-value-quantity=weight$80": "w80",
            "combo-code-value-quantity=dia$80": "bp1",
        },
        "Observation?",
    )
    await check(
        client, {"gender$mixed": "g1", "gender$male": "g2", "gender$mixed,size$mixed": "g1 g2"}, "Group?characteristic-value="
    )
