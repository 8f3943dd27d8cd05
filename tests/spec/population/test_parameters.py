"""What is asked wrongly is answered by 4xx with what is wrong, and with nothing that was sent; what is asked rightly in other forms
too."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest

from tests.spec.population.practice import ANALYST, GP, PRACTICE, population, practice, rows

pytestmark = pytest.mark.anyio
NONE = "a" * 32
SENT = "Thistlewood"
CODES = {"value", "required", "invalid", "not-supported", "structure", "too-costly", "too-long", "not-found", "forbidden"}
HERE = f"organisation={PRACTICE}"
QUERIES = (
    "",
    "organisation=",
    "organisation=%00",
    f"organisation={SENT}%20{SENT}",
    f"{HERE}&organisation=B82002",
    f"{HERE}&_count=0",
    f"{HERE}&_count=1",
    f"{HERE}&_count=4",
    f"{HERE}&_count=501",
    f"{HERE}&_count=-5",
    f"{HERE}&_count=5.5",
    f"{HERE}&_count=1e2",
    f"{HERE}&_count=99999999999999999999",
    f"{HERE}&_count={SENT}",
    f"{HERE}&_count=5&_count=500",
    f"{HERE}&measure={SENT}",
    f"{HERE}&measure=risk&measure=risk",
    f"{HERE}&measure=RISK",
    f"{HERE}&period=2025-01",
    f"{HERE}&name={SENT}",
    f"{HERE}&_sort=name",
    f"{HERE}&_cursor=abc",
    f"{HERE}&%ff=1",
)


def parameters(*said: tuple[str, Any]) -> dict[str, Any]:
    forms = {int: "valueInteger", bool: "valueBoolean", dict: "resource"}
    return {"resourceType": "Parameters", "parameter": [{"name": n, forms.get(type(v), "valueString"): v} for n, v in said]}


RIGHT = ("pseudonym", NONE), ("reason", "safety")
BODIES: tuple[Any, ...] = (
    None,
    [],
    "x",
    {},
    {"resourceType": "Patient"},
    {"resourceType": "Parameters"},
    {"resourceType": "Parameters", "parameter": SENT},
    parameters(),
    parameters(("pseudonym", NONE)),
    parameters(("reason", "safety")),
    parameters(("pseudonym", NONE), ("reason", SENT)),
    parameters(("pseudonym", NONE), ("reason", "safety,safety")),
    parameters(*RIGHT, ("reason", "safety")),
    parameters(("pseudonym", SENT), ("reason", "safety")),
    parameters(("pseudonym", NONE.upper()), ("reason", "safety")),
    parameters(("pseudonym", f"{NONE}\n"), ("reason", "safety")),
    parameters(("pseudonym", f"{NONE},{NONE}"), ("reason", "safety")),
    parameters(("pseudonym", ""), ("reason", "safety")),
    parameters(("pseudonym", 5), ("reason", "safety")),
    parameters(("pseudonym", True), ("reason", "safety")),
    parameters(("pseudonym", {"resourceType": "Patient"}), ("reason", "safety")),
    parameters(*(("pseudonym", f"{NONE[:29]}{chr(97 + n // 26)}{chr(97 + n % 26)}a") for n in range(501)), ("reason", "safety")),
    parameters(*RIGHT, ("organisation", f"{SENT} {SENT}")),
    parameters(*RIGHT, ("measure", SENT)),
    parameters(*RIGHT, ("patient", SENT)),
    parameters(*RIGHT, ("_count", 5)),
)


def refused(answer: Any) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["severity"] == "error"
    assert outcome["issue"][0]["code"] in CODES, outcome
    assert SENT not in answer.text
    assert NONE not in answer.text


async def test_a_list_that_is_asked_for_wrongly_is_refused(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        for query in QUERIES:
            answer = await here.listed(query=query)
            assert answer.status_code == 400, query
            refused(answer)


async def test_a_link_that_is_asked_for_wrongly_is_refused(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        for body in BODIES:
            refused(await here.client.send("POST", "/fhir/$relink", orjson.dumps(body), x_who=GP.user))
        refused(await here.client.send("POST", "/fhir/$relink", b"{", x_who=GP.user))


async def test_a_link_is_never_by_address(tmp_path: Path) -> None:
    """An address stands in logs and histories: a pseudonym does not, and a page elsewhere sends nobody there."""
    async with practice(tmp_path, population()) as here:
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            answer = await here.client.send(method, f"/fhir/$relink?pseudonym={here.name(11)}&reason=safety", x_who=GP.user)
            assert answer.status_code == 405, method
            assert "person-11" not in answer.text


async def test_head_says_of_a_list_what_get_says_without_it(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        head = await here.client.send("HEAD", f"/fhir/$population?{HERE}", x_who=ANALYST.user)
        assert (head.status_code, head.content) == (200, b"")


async def test_a_list_in_xml_says_the_same(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        answer = await here.listed(query=f"{HERE}&_format=xml")
        assert answer.status_code == 200
        assert "xml" in answer.headers["content-type"]
        space = "{http://hl7.org/fhir}"
        named = [each.get("value") for each in ElementTree.fromstring(answer.text).iter(f"{space}valueString")]
        assert [row["pseudonym"] for row in await here.rows() if row["pseudonym"] not in named] == []
        wrong = await here.listed(query="organisation=&_format=xml")
        assert wrong.status_code == 400
        assert "OperationOutcome" in wrong.text


async def test_a_list_is_asked_for_by_post_as_well(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        body = orjson.dumps(parameters(("organisation", PRACTICE.lower()), ("_count", 7)))
        answer = await here.client.send("POST", "/fhir/$population", body, x_who=ANALYST.user)
        assert answer.status_code == 200, answer.text
        assert rows(answer.json()) == (await here.rows())[:7]


async def test_no_list_or_link_is_kept_on_the_way(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        for answer in (await here.listed(), await here.relink(GP, here.name(11)), await here.relink(GP, NONE)):
            assert answer.headers["cache-control"] == "private, no-cache"
            assert "etag" not in answer.headers
