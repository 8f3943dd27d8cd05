"""What is done to readers of XML, done to every way by which XML comes in: refused or harmless, no file opened, nobody asked, less
than a second of the processor and 50 MB."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from interop.mapping.library import adapters
from interop.ports import Answers
from tests.places import ROOT
from tests.spec.security.xml_attacks import ATTACKS, Document, Trap
from tests.spec.security.xml_run import ROUTES

SECONDS, BYTES = 1.0, 50 * 2**20
LARGE = {"fhir-bundle": (2.0, 100 * 2**20), "validate": (2.0, 100 * 2**20)}
"""A Bundle may hold seven times as many values as any other resource, a file that its reader chose any number: they cost what they
hold."""
COMMANDS = [name for name, route in ROUTES.items() if not route.method]
NEVER = [
    name for name in ATTACKS if any(word in name for word in ("doctype", "entity", "subset", "laughs", "quadratic", "recursion"))
]
"""What holds a document type: it is refused, whatever it would have come to."""
ENCODED = [
    "utf-7",
    "utf-16-le",
    "utf-16-be",
    "utf-16-without-mark",
    "utf-16-that-says-utf-8",
    "utf-8-that-says-utf-16",
    "utf-32",
    "ebcdic",
]
"""The same behind another encoding than the one that a reader might look for it in."""
TOO_MUCH = [
    "deep",
    "deep-unclosed",
    "attributes",
    "attributes-within",
    "namespaces",
    "name-of-megabytes",
    "elements-of-other-names",
]
"""What no document of anyone has."""
UNWELL = ["cdata-unclosed", "reference-to-nothing", "nulls", "two-declarations", "two-roots", "cut-short", "an-encoding-of-nobody"]
"""What is no XML."""


@cache
def attacked(*names: str) -> list[dict[str, Any]]:
    """What each attack on each route came to; the first line of a route is what the good document did."""
    words = [sys.executable, "-m", "tests.spec.security.xml_run", *names]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"route"')]


def refused(name: str, row: dict[str, Any]) -> bool:
    """By a status of its own; a command ends with one that is not 0, a fault of SOAP 1.1 is always 500."""
    status: int = row["status"]
    return status != 0 if name in COMMANDS else 400 <= status < 500 or (name.startswith("itk") and status == 500)


def judge(name: str, *others: str) -> None:
    """``others`` are attacked in the same process, once for all that ask."""
    good, *rows = (row for row in attacked(*(others or (name,))) if row["route"] == name)
    assert good["status"] in (0, 200, 201), good
    assert [row["attack"] for row in rows] == list(ATTACKS)
    seconds, most = LARGE.get(name, (SECONDS, BYTES))
    assert [(row["attack"], row["touched"]) for row in rows if row["touched"]] == []
    assert [row["attack"] for row in rows if row["told"]] == []
    assert [(row["attack"], row["seconds"]) for row in rows if row["seconds"] >= seconds] == []
    assert [(row["attack"], row["bytes"]) for row in rows if row["bytes"] >= most] == []
    assert [row["attack"] for row in rows if row["reason"] in ("fault", "mapping-fault", "mapper-died")] == []
    assert [
        row["attack"] for row in rows if row["attack"] in (*NEVER, *ENCODED, *TOO_MUCH, *UNWELL) and not refused(name, row)
    ] == []


def test_a_resource_in_xml_is_not_a_way_in() -> None:
    judge("fhir-create")


@pytest.mark.long
@pytest.mark.parametrize("name", ROUTES)
def test_no_way_by_which_xml_comes_is_a_way_in(name: str) -> None:
    judge(name, *ROUTES)


def test_every_way_by_which_xml_comes_is_attacked() -> None:
    """Each adapter that takes XML, at its own address and at ``/ingest``; each method of the API that has a body."""
    taking = {adapter.name: adapter for adapter in adapters().values() if any("xml" in media for media in adapter.media_types)}
    assert {f"ingest-{name}" for name in taking} <= ROUTES.keys()
    bases = {adapter.base for adapter in taking.values() if isinstance(adapter, Answers)}
    assert bases <= {f"/{route.path.split('/')[1]}" for route in ROUTES.values() if route.method}
    assert {"POST", "PUT", "PATCH"} == {route.method for route in ROUTES.values() if route.path.startswith("/fhir")}


def test_an_attack_leaves_the_document_what_it_was() -> None:
    """Each differs from the good one, and holds most of it: what is refused is refused for the attack."""
    seed = b'<a xmlns="urn:a"><b c="d">text</b></a>'
    for name, attack in ATTACKS.items():
        made = attack(Document(seed), Trap("file:///nowhere", "http://127.0.0.1:9"))
        assert made != seed, name
