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


def test_what_a_whole_resource_does_not_say_is_deleted(tmp_path: Path) -> None:
    """Of what its own rows could say; a row that does say it wins."""
    tables: dict[str, Any] = {
        "source": "resource,0,,\nid,0,,\nname,0,,\nstart,0,,\nslot,0,,\n",
        "routes": "T,visit,\n",
        "resources": "visit,,resource,Encounter,id,,whole,each answer is the whole\n",
        "elements": "A01,visit,,name,,serviceType.text,,,\nA02,visit,,start,,period.start,isotime,,\n"
        "A03,visit,slot,.,,reasonCode[+].text,,,\n",
    }
    one = made(load(tmp_path, **tables, form="json"), json('{"resource": {"id": "1", "name": "Falls"}}'), "T").one("visit")
    assert (one.effect, one.registers) == ("upsert", {"serviceType": {"text": "Falls"}})
    assert sorted(one.deleted) == ["period.start", "reasonCode:A03"]


def test_of_a_whole_resource_that_is_copied_all_else_is_deleted(tmp_path: Path) -> None:
    tables: dict[str, Any] = {
        "source": "resource,0,,\nid,0,,\n",
        "routes": "T,visit,\n",
        "resources": "visit,,resource,Encounter,id,,whole,each answer is the whole\n",
        "elements": "A01,visit,.,.,,*,copy:same,,\n",
    }
    one = made(load(tmp_path, **tables, form="json"), json('{"resource": {"id": "1", "status": "planned"}}'), "T").one("visit")
    assert (one.effect, one.registers["status"], one.deleted) == ("upsert", "planned", ["*"])


def test_lines_of_one_text_are_joined(tmp_path: Path) -> None:
    """A text comes as a segment for each line; who refers to it does so once."""
    tables: dict[str, Any] = {
        "source": "MSH,21,,\nPID,40,,\nOBR,40,,\nOBX,20,,\n",
        "routes": "ORU^R01,rep line,\n",
        "resources": "rep,,OBR,DiagnosticReport,OBR-3,,upsert,\nline,rep,OBX,Observation,rep+OBX-3,,join,a line each\n",
        "elements": "A01,rep,OBX,,,result[+],@line,,\nA02,line,,OBX-5,,valueString,,,\n"
        "A03,line,OBX-8~,.,,interpretation[+].text,,,\nA04,line,,OBX-6,,code.text,,,\n",
        "required": "DiagnosticReport,code,x,\nDiagnosticReport,status,unknown,\nObservation,status,unknown,\n",
    }
    segments = ("OBR|||1", "OBX|1||A||one|x||H", "OBX|2||B||other|", "OBX|3||A||two|y||H~L|||F")
    outcome = made(load(tmp_path, **tables), er7(*segments), "ORU^R01")
    bodies = outcome.bodies("line")
    assert [body["valueString"] for body in bodies] == ["one\ntwo", "other"]
    assert bodies[0]["interpretation"] == [{"text": "H"}, {"text": "L"}]
    assert bodies[0]["code"] == {"text": "x"}
    assert len(outcome.body("rep")["result"]) == 2


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


PAIRS: dict[str, Any] = {
    "source": "MSH,21,,\nPID,40,,\n",
    "routes": "ADT^A24,pat two,\nADT^A37,pat apart,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\ntwo,,PID,Patient,PID-3,,link:@pat,why\n"
    "apart,,PID,Patient,PID-3,,unlink:@pat,why\n",
    "elements": "A01,pat|two|apart,,PID-23,,name[x].family,,,\n",
}


def test_two_patients_are_linked_each_by_a_register_for_the_pair(tmp_path: Path) -> None:
    """ADT A24; A37 deletes the same registers, so that of both events the later counts."""
    family = load(tmp_path, **PAIRS)
    linked, apart = (made(family, er7("PID|||1", "PID|||2"), event) for event in ("ADT^A24", "ADT^A37"))
    first, second = linked.mapped.contributions
    assert [(one.patient, one.into, one.paired) for one in linked.mapped.relinks] == [(second.id, first.id, True)]
    pairs = [(first, second), (second, first)]
    for one, other in pairs:
        assert one.registers[f"link:with-{other.id}"] == [{"other": {"reference": f"Patient/{other.id}"}, "type": "seealso"}]
    assert [one.deleted for one in apart.mapped.contributions] == [[f"link:with-{other.id}"] for _, other in pairs]


def test_what_is_gone_is_deleted_unless_a_row_sets_it(tmp_path: Path) -> None:
    tables = {
        **TABLES,
        "elements": "A01,visit,PV1-3,.,,location[+].id,,,\nA02,visit,PV1-3,PV1-3,MSH-9.2 = A02,location[+],gone,,why\n"
        "A03,visit,,PV1-45,,period.end,hl7time,,\nA04,visit,,PV1-1,MSH-9.2 = A02,period.end,gone,,why\n"
        "A05,merge,,MRG-7.1,,name[x].family,,,\n",
    }
    family = load(tmp_path, **tables)
    bare = "PV1" + "|" * 19 + "V1"
    assert made(family, er7("PID|||1", bare), "ADT^A02").one("visit").deleted == ["location:A01", "period.end"]
    assert made(family, er7("PID|||1", bare), "ADT^A01").one("visit").deleted == []
    full = made(family, er7("PID|||1", PV1 + "|" * 26 + "2026"), "ADT^A02").one("visit")
    assert (list(full.deleted), full.registers["period.end"]) == ([], "2026")


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
