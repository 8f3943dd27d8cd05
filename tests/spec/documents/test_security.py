"""docs/security.md: each threat has a control and a test, each line of OWASP's list as well, and what is left is said."""

from __future__ import annotations

import re

import pytest

from tests.places import ROOT
from tests.spec.documents.named import missing, named_in

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
OWASP = {
    "API1:2023": "Broken Object Level Authorization",
    "API2:2023": "Broken Authentication",
    "API3:2023": "Broken Object Property Level Authorization",
    "API4:2023": "Unrestricted Resource Consumption",
    "API5:2023": "Broken Function Level Authorization",
    "API6:2023": "Unrestricted Access to Sensitive Business Flows",
    "API7:2023": "Server Side Request Forgery",
    "API8:2023": "Security Misconfiguration",
    "API9:2023": "Improper Inventory Management",
    "API10:2023": "Unsafe Consumption of APIs",
}


def lines(heading: str) -> list[list[str]]:
    """The cells of the tables under a heading of the second level, without their heads."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    rows = [line.strip("| ").split(" | ") for line in found[1].splitlines() if line.startswith("| ")]
    return [row for row in rows if row[0] not in ("threat", "asset", "risk")]


THREATS = lines("Threats")
RISKS = {line[0].partition(" ")[0]: line for line in lines("OWASP API Security Top 10, 2023")}


@pytest.mark.parametrize("line", THREATS, ids=lambda line: line[0][:60])
def test_each_threat_has_a_control_and_tests_that_are_collected(line: list[str]) -> None:
    threat, control, tests = line
    assert threat.strip()
    assert control.strip()
    named = named_in(tests)
    assert named
    assert all("::" in name for name in named)
    assert [missing(name) for name in named] == [""] * len(named)


def test_there_are_threats_to_every_way_in() -> None:
    """A table for each: the API, messages, sign-on, people, the audit, the machine."""
    headings = re.findall(r"^### (.*)$", TEXT, re.MULTILINE)
    assert {"What the API gives", "What comes in", "Sign-on", "The audit", "The machine and the network"} <= set(headings)
    assert len(THREATS) >= 40


@pytest.mark.parametrize("risk", OWASP)
def test_each_line_of_owasps_list_is_answered(risk: str) -> None:
    """By its number and name, with what holds and its tests."""
    name, control, tests = RISKS[risk]
    assert OWASP[risk] in name
    assert control.strip()
    assert named_in(tests)


def test_what_is_left_is_said() -> None:
    """At the least what has no test and never will: nobody from outside has looked."""
    left = TEXT.partition("## What is left\n")[2]
    assert "penetration test" in left
    assert left.count("\n- ") >= 8
