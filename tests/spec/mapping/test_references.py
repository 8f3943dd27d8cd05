"""``@key``: a reference to whatever resource of the message has that source key, resolved when all are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.spec.mapping.small import MINT, json, load, made, xml

TABLES: dict[str, Any] = {
    "source": "".join(
        f"{name},,,\n" for name in ("patient", "id", "problem", "ref", "event", "org", "title", "contained", "resourceType")
    ),
    "routes": "doc,pat problem event,\n",
    "resources": "pat,,patient,Patient,id,,upsert,\nproblem,,problem,Condition,id,,upsert,\nevent,,event,Observation,id,,upsert,\n",
    "required": "Observation,status,unknown,\nObservation,code,x,\n",
    "elements": "A01,problem,,,,subject,@pat,,\nA02,problem,ref,.,,evidence[+].detail[x],@key,,\nA03,event,,title,,valueString,,,\n"
    "A04,event,,ref,,subject,@key,,\n",
}


def test_it_is_found_by_its_key_wherever_it_stands(tmp_path: Path) -> None:
    document = (
        "<doc><problem><id>1</id><ref>E2</ref><ref> e3</ref></problem><event><id>E2</id></event><event><id>E3</id></event></doc>"
    )
    outcome = made(load(tmp_path, "xml", **TABLES), xml(document), "doc")
    details = [one["detail"][0] for one in outcome.body("problem")["evidence"]]
    assert details == [outcome.ref("event", 0), outcome.ref("event", 1)]
    assert outcome.losses == []


def test_it_is_of_a_type_that_the_element_allows(tmp_path: Path) -> None:
    document = "<doc><patient><id>1</id></patient><problem><id>1</id></problem><event><id>2</id><ref>1</ref></event></doc>"
    outcome = made(load(tmp_path, "xml", **TABLES), xml(document), "doc")
    assert outcome.body("event")["subject"] == outcome.ref("pat")


def test_an_extension_may_refer_to_anything(tmp_path: Path) -> None:
    rows = TABLES["elements"] + "A05,problem,,title,,extension[birthPlace].valueReference,@key,,\n"
    document = "<doc><problem><id>1</id><title>7</title></problem><event><id>7</id></event></doc>"
    outcome = made(load(tmp_path, "xml", **{**TABLES, "elements": rows}), xml(document), "doc")
    assert outcome.body("problem")["extension"][0]["valueReference"] == outcome.ref("event")


def test_it_may_be_asked_to_be_of_one_type(tmp_path: Path) -> None:
    """``@key:Patient``: where several resources have the same key, the one of that type."""
    rows = TABLES["elements"] + "A05,problem,,title,,extension[birthPlace].valueReference,@key:Patient,,\n"
    document = "<doc><problem><id>1</id><title>7</title></problem><event><id>7</id></event><patient><id>7</id></patient></doc>"
    outcome = made(load(tmp_path, "xml", **{**TABLES, "elements": rows}), xml(document), "doc")
    assert outcome.body("problem")["extension"][0]["valueReference"] == outcome.ref("pat")


def test_what_nothing_has_is_a_loss(tmp_path: Path) -> None:
    document = "<doc><event><id>2</id><ref>9</ref></event></doc>"
    outcome = made(load(tmp_path, "xml", **TABLES), xml(document), "doc")
    assert "subject" not in outcome.body("event")
    assert outcome.losses == [("ref", "unresolved", "A04")]


def test_a_contained_resource_is_found_by_its_key_too(tmp_path: Path) -> None:
    tables = {
        **TABLES,
        "routes": "doc,event inner,\n",
        "resources": "event,,event,Observation,id,,upsert,\n"
        "inner,event,contained[Patient],Patient,id,,contained,it has no identity of its own\n",
        "elements": "A03,event,,title,,valueString,,,\nA04,event,,ref,,subject,@key,,\n",
    }
    source = json('{"event": {"id": "1", "ref": "p", "contained": [{"resourceType": "Patient", "id": "p"}]}}')
    body = made(load(tmp_path, "json", **tables), source, "doc").body("event")
    assert body["subject"] == {"reference": f"#{body['contained'][0]['id']}"}


def test_references_are_filled_in_when_every_id_is_known(tmp_path: Path) -> None:
    """A resource may be named before it is made."""
    tables = {**TABLES, "routes": "doc,event problem pat,\n"}
    document = "<doc><problem><id>1</id></problem><patient><id>P</id></patient></doc>"
    outcome = made(load(tmp_path, "xml", **tables), xml(document), "doc")
    assert outcome.body("problem")["subject"] == outcome.ref("pat")


def test_what_another_message_holds_is_referred_to_by_its_key(tmp_path: Path) -> None:
    """``@id:TYPE``: the reference that a message with the resource itself would give; nothing is made of it."""
    rows = TABLES["elements"].replace("subject,@key", "subject,@id:Patient")
    family = load(tmp_path, "xml", **{**TABLES, "elements": rows})
    event = "<event><id>2</id><ref>P1</ref></event>"
    with_it = made(family, xml(f"<doc><patient><id>P1</id></patient>{event}</doc>"), "doc")
    without = made(family, xml(f"<doc>{event}</doc>"), "doc")
    assert without.body("event")["subject"] == with_it.body("event")["subject"] == with_it.ref("pat")
    assert "subject" not in made(family, xml("<doc><event><id>2</id></event></doc>"), "doc").body("event")
    assert without.losses == []


def test_a_key_behind_an_identifier_leads_to_what_the_identifier_names(tmp_path: Path) -> None:
    tables = {
        **TABLES,
        "resources": TABLES["resources"].replace("patient,Patient,id,", "patient,Patient,identifier|id,"),
        "elements": TABLES["elements"].replace("subject,@key", "subject,@id:Patient")
        + "P01,pat,,'urn:x',,identifier[own].system,,,\nP02,pat,,id,,identifier[own].value,,,\n",
    }
    outcome = made(
        load(tmp_path, "xml", **tables),
        xml("<doc><patient><id>P1</id></patient><event><id>2</id><ref>P1</ref></event></doc>"),
        "doc",
    )
    assert outcome.one("pat").id == MINT.id("Patient", "urn:x", "P1")
    assert outcome.body("event")["subject"] == outcome.ref("pat")


def test_such_a_key_may_have_parts_that_must_all_be_there(tmp_path: Path) -> None:
    resources = TABLES["resources"].replace("patient,Patient,id,", "patient,Patient,'urn:interop:codes:test'+id,")
    rows = TABLES["elements"].replace("ref,,subject,@key", "'urn:interop:codes:test'+ref,,subject,@id:Patient")
    family = load(tmp_path, "xml", **{**TABLES, "resources": resources, "elements": rows})
    outcome = made(family, xml("<doc><patient><id>7</id></patient><event><id>2</id><ref>7</ref></event></doc>"), "doc")
    assert outcome.body("event")["subject"] == outcome.ref("pat")
    assert "subject" not in made(family, xml("<doc><event><id>2</id></event></doc>"), "doc").body("event")
