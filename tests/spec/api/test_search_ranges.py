"""Search by dates, numbers, quantities and places (FHIR R4 search, 3.1.1.4.6, 3.1.1.4.7, 3.1.1.4.11)."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.searches import LOINC, UCUM, check, coded, observation, of, record

pytestmark = pytest.mark.anyio


def risk(id: str, probability: float) -> dict[str, Any]:
    return of("RiskAssessment", id, status="final", prediction=[{"probabilityDecimal": probability}])


def measured(id: str, value: float, unit: str, code: str | None, system: str | None = UCUM, **more: Any) -> dict[str, Any]:
    quantity: dict[str, Any] = {"value": value, "unit": unit, **more}
    if code:
        quantity |= {"system": system, "code": code} if system else {"code": code}
    return observation(id, coded(LOINC, "29463-7"), valueQuantity=quantity)


def at(id: str, **when: Any) -> dict[str, Any]:
    return observation(id, coded(LOINC, "8867-4"), **when)


DATED = [
    at("day", effectiveDateTime="2013-01-14"),
    at("minute", effectiveDateTime="2013-01-14T10:00:00Z"),
    at("month", effectiveDateTime="2013-01"),
    at("year", effectiveDateTime="2013"),
    at("zone", effectiveDateTime="2013-01-15T01:00:00+02:00"),
    at("span", effectivePeriod={"start": "2013-01-10", "end": "2013-01-20"}),
    at("since", effectivePeriod={"start": "2013-06-01"}),
    at("until", effectivePeriod={"end": "2012-06-01"}),
    at("never"),
]


async def test_dates(client: Client, store: SqliteStore) -> None:
    """eq: the range asked for holds all of the value; gt, lt, ge, le: some of the value lies there; sa, eb: all of it."""
    await record(store, *DATED)
    await check(
        client,
        {
            "2013-01-14": "day minute zone",
            "eq2013-01-14": "day minute zone",
            "2013-01": "day minute month span zone",
            "2013": "day minute month span year zone",
            "2013-01-14T10:00": "minute",
            "2013-01-14T10:00:00Z": "minute",
            "2013-01-14T23:00:00Z": "zone",
            "2013-01-15T01:00:00+02:00": "zone",
            "2013-01-15T01:00:00%2B02:00": "zone",
            "2013-01-14T18:00:00-05:00": "zone",
            "ne2013": "since until",
            "ne2013-01-14": "month since span until year",
            "gt2013-01-20": "month since year",
            "gt2013-12-31": "since",
            "lt2013-01-10": "month until year",
            "lt2012": "until",
            "ge2013-01-20": "month since year",
            "le2013-01-10": "month until year",
            "sa2013-01-14": "since",
            "sa2013-05-31": "since",
            "eb2013-01-10": "until",
            "eb2013-01-15": "day minute until zone",
            "ge2013-01-14&date=le2013-01-14": "day minute month span year zone",
            "2012-06,2013-01-14T10:00:00Z": "minute",
            "gt2014,lt2012": "since until",
        },
        "Observation?date=",
    )
    await check(client, {"date:missing=true": "never", "date:missing=false&date=eb2013": "until"}, "Observation?")
    wrong = ("2013-13", "2013-02-30", "20130114", "13-01-2013", "2013-01-14T25:00:00Z", "xx2013", "today", "2013-1-4")
    await check(client, dict.fromkeys(wrong, "400"), "Observation?date=")
    await check(client, {"date:exact=2013": "400", "date:not=2013": "400"}, "Observation?")


async def test_numbers(client: Client, store: SqliteStore) -> None:
    """The precision of a value counts for eq and ne alone; an exponent as in the standard's own example; ap is a tenth."""
    numbers = {
        "p100": 100,
        "p99": 99.4,
        "p995": 99.5,
        "p1004": 100.4,
        "p1005": 100.5,
        "p95": 95,
        "p104": 104.9,
        "zero": 0,
        "less": -3,
    }
    await record(store, *(risk(id, value) for id, value in numbers.items()))
    await check(
        client,
        {
            "100": "p100 p1004 p995",
            "eq100": "p100 p1004 p995",
            "100.00": "p100",
            "1.00e2": "p100 p1004 p995",
            "1e2": "p100 p1004 p1005 p104 p95 p99 p995",
            "ne100": "less p1005 p104 p95 p99 zero",
            "gt100": "p1004 p1005 p104",
            "ge100": "p100 p1004 p1005 p104",
            "lt100": "less p95 p99 p995 zero",
            "le100": "less p100 p95 p99 p995 zero",
            "sa100.4": "p1005 p104",
            "eb99.4": "less p95 zero",
            "ap100": "p100 p1004 p1005 p104 p95 p99 p995",
            "ap1000": "",
            "1e-245": "",
            "-3": "less",
            "lt0": "less",
            "0": "zero",
            "+100.0": "p100",
            "99.5,95": "p95 p995",
        },
        "RiskAssessment?probability=",
    )
    await check(
        client, dict.fromkeys(("ten", "1,2,x", "gt", "1.2.3", "0x10", "1e999", "nan", "inf"), "400"), "RiskAssessment?probability="
    )


async def test_quantities(client: Client, store: SqliteStore) -> None:
    """Units of UCUM are compared with all that convert to them; others by code or as people write them."""
    await record(
        store,
        measured("kg", 84, "kg", "kg"),
        measured("g", 84000, "g", "g"),
        measured("lb", 185, "lbs", "[lb_av]"),
        measured("own", 84, "stone", "st", "https://example.org/units"),
        measured("bare", 84, "kg", None),
        measured("low", 10, "kg", "kg", comparator="<"),
        measured("high", 200, "kg", "kg", comparator=">"),
        observation("long", coded(LOINC, "8302-2"), valueQuantity={"value": 66.89999999999999, "system": UCUM, "code": "[in_i]"}),
        observation("mg", coded(LOINC, "2339-0"), valueQuantity={"value": 5.4, "unit": "mg", "system": UCUM, "code": "mg"}),
    )
    await check(
        client,
        {
            f"84|{UCUM}|kg": "g kg lb",
            f"84.0|{UCUM}|kg": "g kg",
            f"84000|{UCUM}|g": "g kg",
            f"gt83|{UCUM}|kg": "g high kg lb",
            f"lt84|{UCUM}|kg": "lb low mg",
            f"le84|{UCUM}|kg": "g kg lb low mg",
            f"ge84|{UCUM}|kg": "g high kg",
            f"ge10|{UCUM}|kg": "g high kg lb",
            f"le10|{UCUM}|kg": "low mg",
            f"sa200|{UCUM}|kg": "high",
            f"gt200|{UCUM}|kg": "high",
            f"le200|{UCUM}|kg": "g kg lb low mg",
            f"185|{UCUM}|[lb_av]": "g kg lb",
            f"gt185|{UCUM}|[lb_av]": "g high kg",
            f"ap83|{UCUM}|kg": "g kg lb",
            f"0.0054|{UCUM}|g": "mg",
            f"5.4|{UCUM}|mg": "mg",
            f"5.40|{UCUM}|mg": "mg",
            f"5.41|{UCUM}|mg": "",
            f"66.89999999999999|{UCUM}|[in_i]": "long",
            "66.89999999999999": "long",
            "84||kg": "bare kg",
            "84||st": "own",
            "84||stone": "own",
            "84|https://example.org/units|st": "own",
            "84|https://example.org/other|st": "",
            "84": "bare kg own",
            "ne84": "g high lb long low mg",
            "84||lbs": "",
            "185||LBS": "lb",
            "ge185||lbs": "lb",
            f"84.0|{UCUM}|kg,5.4|{UCUM}|mg": "g kg mg",
            f"84|{UCUM}": "400",
            "heavy": "400",
            f"84|{UCUM}|": "400",
        },
        "Observation?value-quantity=",
    )
    await check(client, {"value-quantity:missing=true": "", "value-quantity:exact=84": "400"}, "Observation?")


async def test_near(client: Client, store: SqliteStore) -> None:
    def place(id: str, latitude: float, longitude: float) -> dict[str, Any]:
        return of("Location", id, position={"latitude": latitude, "longitude": longitude})

    await record(
        store,
        place("leeds", 53.80, -1.55),
        place("york", 53.96, -1.08),
        place("rome", 41.90, 12.50),
        place("fiji", -17, 179.99),
        of("Location", "none"),
    )
    await check(
        client,
        {
            "53.80|-1.55|1|km": "leeds",
            "53.80|-1.55|40|km": "leeds york",
            "53.80|-1.55|30000|m": "leeds",
            "53.80|-1.55|25|[mi_i]": "leeds york",
            "53.80|-1.55": "leeds york",
            "53.80|-1.55|40": "leeds york",
            "53.80|-1.55|1|km,41.9|12.5|1|km": "leeds rome",
            "-17|-179.99|5|km": "fiji",
            "53.80": "400",
            "95|0|1|km": "400",
            "53|x|1|km": "400",
            "53|1|1|kg": "400",
            "53|1|-1|km": "400",
        },
        "Location?near=",
    )
