"""Effects: what a message does to a resource besides saying what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.spec.mapping.small import MINT, er7, json, load, made

TABLES: dict[str, Any] = {
    "source": "MSH,21,,\nPID,40,,\nMRG,7,,\nPV1,52,,\n",
    "routes": "ADT^A01,pat visit,\nADT^A02,pat visit,\nADT^A11,pat undo visit,\nADT^A23,pat gone,\nADT^A40,pat merge,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\nvisit,,PV1,Encounter,PV1-19,,upsert,\n"
    'undo,,PV1,Encounter,PV1-19,,"cancel:A01,A04",A11 cancels an admission\n'
    "gone,,PV1,Encounter,PV1-19,,delete,A23 deletes a visit\n"
    "merge,pat,MRG,Patient,MRG-1,,relink:@pat,MRG-1 does not survive\n",
    "elements": "A01,visit,,PV1-3,,serviceType.text,,,\nA02,merge,,MRG-7.1,,name[x].family,,,\n",
}
PV1 = "PV1|||WARD1" + "|" * 16 + "V1"
VISIT = ("Encounter", "urn:interop:id:RXX:Encounter", "V1")


def test_an_upsert_says_what_the_resource_is(tmp_path: Path) -> None:
    one = made(load(tmp_path, **TABLES), er7("PID|||1", PV1), "ADT^A02").one("visit")
    assert (one.effect, one.id, one.cancels, one.event) == ("upsert", MINT.id(*VISIT), "", "")
    assert one.registers["serviceType"] == {"text": "WARD1"}


def test_a_delete_withdraws_it(tmp_path: Path) -> None:
    one = made(load(tmp_path, **TABLES), er7("PID|||1", PV1), "ADT^A23").one("gone")
    assert (one.effect, one.id, one.registers) == ("delete", MINT.id(*VISIT), {})


def test_a_cancellation_undoes_what_the_named_events_said(tmp_path: Path) -> None:
    """And may itself say how things stand now."""
    outcome = made(load(tmp_path, **TABLES), er7("PID|||1", PV1), "ADT^A11")
    undo, visit = outcome.one("undo"), outcome.one("visit")
    assert (undo.effect, undo.cancels, undo.id) == ("cancel", "A01,A04", visit.id)
    assert undo.registers == {}
    assert (visit.effect, visit.event) == ("upsert", "")


def test_an_event_that_can_be_cancelled_is_kept_apart(tmp_path: Path) -> None:
    family = load(tmp_path, **TABLES)
    assert made(family, er7("PID|||1", PV1), "ADT^A01").one("visit").event == "A01"
    assert made(family, er7("PID|||1", PV1), "ADT^A02").one("visit").event == ""


def test_a_merge_relinks_the_patient_that_does_not_survive(tmp_path: Path) -> None:
    """Only links change: neither the Patients nor whose subject they are (ADT A40)."""
    outcome = made(load(tmp_path, **TABLES), er7("PID|||1", "MRG|2||||||Able"), "ADT^A40")
    old, new = outcome.one("merge"), outcome.one("pat")
    assert [(one.patient, one.into, one.row) for one in outcome.mapped.relinks] == [(old.id, new.id, "merge")]
    assert old.effect == "upsert"
    assert outcome.body("merge")["link"] == [{"other": outcome.ref("pat"), "type": "replaced-by"}]
    assert outcome.body("merge")["name"] == [{"family": "Able"}]
    assert "link" not in outcome.body("pat")


def test_a_merge_may_name_the_survivor_by_its_key(tmp_path: Path) -> None:
    tables = {**TABLES, "resources": TABLES["resources"].replace("relink:@pat", "relink:PID-3")}
    outcome = made(load(tmp_path, **tables), er7("PID|||1", "MRG|2"), "ADT^A40")
    assert [one.into for one in outcome.mapped.relinks] == [outcome.one("pat").id]


def test_a_merge_with_itself_is_none(tmp_path: Path) -> None:
    outcome = made(load(tmp_path, **TABLES), er7("PID|||1", "MRG|1"), "ADT^A40")
    assert outcome.mapped.relinks == []


def test_what_is_contained_stands_in_the_resource_around_it(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        "json",
        source="\n".join(f"{name},,," for name in ("referral", "id", "contained", "resourceType", "name", "where")) + "\n",
        routes="doc,req place,\n",
        resources="req,,referral,ServiceRequest,id,,upsert,\n"
        "place,req,contained[Location],Location,-,,contained,a place without an identity of its own\n",
        required="ServiceRequest,status,unknown,\nServiceRequest,intent,order,\nServiceRequest,subject,x,\n",
        elements="A01,place,,name,,name,,,\nA02,req,,,,locationReference[+],@place,,\n",
    )
    outcome = made(
        family,
        json(
            '{"referral": {"id": "7", "contained": [{"resourceType": "Location", "name": "Hall"},'
            ' {"resourceType": "Organization", "name": "Trust"}]}}'
        ),
        "doc",
    )
    assert [one.name for one in outcome.mapped.contributions] == ["req"]
    (contained,) = outcome.body("req")["contained"]
    assert contained["resourceType"] == "Location"
    assert contained["name"] == "Hall"
    assert outcome.body("req")["locationReference"] == [{"reference": f"#{contained['id']}"}]
    assert "unlinked" not in outcome.one("req").tags
