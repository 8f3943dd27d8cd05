"""A part of a tree that its source marks as deleted: ``using`` ``delete``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.mapping.small import load, made, refused, xml

TABLES: dict[str, Any] = {
    "source": "@id,,,\npatient,,,\nphone,,,\nvalue,,,\n@mode,,,\n",
    "routes": "doc,pat,\n",
    "resources": "pat,,patient,Patient,,,upsert,\n",
}
ROWS = "A01,pat,phone,value,not ./@mode = delete,telecom[+].value,,,\nA02,pat,phone,.,./@mode = delete,telecom[+].value,delete,,\n"
KEPT, GONE = "<phone><value>1</value></phone>", '<phone mode="delete"><value>2</value></phone>'


@pytest.mark.parametrize(
    ("phones", "values", "deleted"),
    [(GONE, None, ["telecom:A01"]), (KEPT, ["1"], []), ("", None, [])],
    ids=["the only one", "another", "none"],
)
def test_a_deleted_part_deletes_its_register(tmp_path: Path, phones: str, values: list[str] | None, deleted: list[str]) -> None:
    """It is no loss; absence is not deletion."""
    one = made(load(tmp_path, "xml", **TABLES, elements=ROWS), xml(f"<doc><patient>{phones}</patient></doc>"), "doc")
    found = one.body("pat").get("telecom")
    assert (found and [each["value"] for each in found]) == values
    assert one.one("pat").deleted == deleted
    assert one.losses == []


def test_what_stands_beside_a_deleted_part_takes_its_place(tmp_path: Path) -> None:
    one = made(load(tmp_path, "xml", **TABLES, elements=ROWS), xml(f"<doc><patient>{GONE}{KEPT}</patient></doc>"), "doc")
    assert one.body("pat")["telecom"] == [{"value": "1"}]


def test_er7_deletes_by_its_own_sign(tmp_path: Path) -> None:
    tables = {"source": "PID,30,,\n", "routes": "ADT^A01,pat,\n", "resources": "pat,,PID,Patient,PID-3,,upsert,\n"}
    (refusal,) = refused(tmp_path, **tables, elements="A01,pat,PID-13~,.,,telecom[+].value,delete,,\n")
    assert "delete takes a node of a tree" in str(refusal)
