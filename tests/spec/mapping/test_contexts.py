"""Contexts: where a resource occurs, what lies within it, and what its paths and references mean there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.spec.mapping.small import er7, load, made, xml

GROUPS: dict[str, Any] = {
    "source": "MSH,21,,\nPID,30,,\nPV1,52,,\nDG1,26,,\nOBX,20,,\nNTE,4,,\n",
    "routes": "ADT^A01,pat visit dx obs,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\nvisit,,PV1,Encounter,PV1-19,,upsert,\n"
    "dx,visit,DG1,Condition,visit+DG1-3,,upsert,\nobs,dx,OBX,Observation,dx+OBX-1,,upsert,\n",
    "required": "Encounter,status,unknown,\nEncounter,class,unknown,\nObservation,status,unknown,\n",
    "elements": "A01,visit,,,,subject,@pat,,\nA02,dx,,,,subject,@pat,,\nA03,dx,,,,encounter,@visit,,\nA04,dx,,DG1-4,,code.text,,,\n"
    "A05,obs,,OBX-5,,code.text,,,\nA06,obs,,,,focus[+],@dx,,\nA07,obs,,DG1-4,,valueString,,,\n"
    "A08,dx,,NTE-3,,note[+].text,lines,,\n",
}
TWO = (
    "PID|||1",
    "PV1|" + "|" * 18 + "V1",
    "DG1|||D1|Asthma",
    "NTE|||first",
    "NTE|||second",
    "OBX|1||||wheeze",
    "OBX|2||||cough",
    "PV1|" + "|" * 18 + "V2",
    "DG1|||D2|Fracture",
    "OBX|1||||pain",
)


def test_a_resource_is_made_for_each_occurrence(tmp_path: Path) -> None:
    outcome = made(load(tmp_path, **GROUPS), er7(*TWO))
    assert [len(outcome.all(name)) for name in ("pat", "visit", "dx", "obs")] == [1, 2, 2, 3]


def test_what_lies_within_a_segment_ends_where_its_sibling_begins(tmp_path: Path) -> None:
    outcome = made(load(tmp_path, **GROUPS), er7(*TWO))
    assert [body["encounter"] for body in outcome.bodies("dx")] == [outcome.ref("visit", 0), outcome.ref("visit", 1)]
    assert [body["focus"] for body in outcome.bodies("obs")] == [[outcome.ref("dx", place)] for place in (0, 0, 1)]


def test_a_segment_name_means_the_nearest_enclosing_segment_of_that_name(tmp_path: Path) -> None:
    outcome = made(load(tmp_path, **GROUPS), er7(*TWO))
    assert [body["valueString"] for body in outcome.bodies("obs")] == ["Asthma", "Asthma", "Fracture"]


def test_a_segment_that_the_context_lacks_is_looked_for_outwards(tmp_path: Path) -> None:
    """So that Z segments at the end of a message serve everyone; what belongs to one occurrence alone is read by ``each``."""
    outcome = made(load(tmp_path, **GROUPS), er7(*TWO))
    assert [body["note"][0]["text"] for body in outcome.bodies("dx")] == ["first\nsecond", "first"]


def test_each_takes_only_what_lies_within_the_context(tmp_path: Path) -> None:
    rows = GROUPS["elements"].replace("A08,dx,,NTE-3,,note[+].text,lines", "A08,dx,NTE,NTE-3,,note[+].text,")
    outcome = made(load(tmp_path, **{**GROUPS, "elements": rows}), er7(*TWO))
    assert [body.get("note") for body in outcome.bodies("dx")] == [[{"text": "first"}, {"text": "second"}], None]


def test_a_reference_without_a_resource_is_left_out(tmp_path: Path) -> None:
    outcome = made(load(tmp_path, **GROUPS), er7(*TWO[1:4]))
    assert "subject" not in outcome.body("dx")
    assert [reason for _, reason, _ in outcome.losses] == []


def test_a_context_without_a_type_makes_nothing(tmp_path: Path) -> None:
    tables = {
        **GROUPS,
        "routes": "ADT^A01,pat room visit dx,\n",
        "resources": "pat,,PID,Patient,PID-3,,upsert,\nroom,,PV1,,,,,\nvisit,room,,Encounter,PV1-19,PV1-2 present,upsert,\n"
        "dx,room,DG1,Condition,DG1-3,,upsert,\nobs,dx,OBX,Observation,dx+OBX-1,,upsert,\n",
    }
    outcome = made(load(tmp_path, **tables), er7("PID|||1", "PV1||I", "DG1|||D1|Asthma"))
    assert [one.name for one in outcome.mapped.contributions] == ["pat", "visit", "dx"]
    assert outcome.body("dx")["encounter"] == outcome.ref("visit")


def test_a_resource_may_lie_in_one_of_several_contexts(tmp_path: Path) -> None:
    tables = {
        **GROUPS,
        "resources": GROUPS["resources"].replace("dx,visit,DG1,Condition,visit+DG1-3", "dx,visit|pat,DG1,Condition,DG1-3"),
        "routes": "ADT^A01,pat visit dx,\nADT^A31,pat dx,\n",
    }
    family = load(tmp_path, **tables)
    message = er7("PID|||1", "DG1|||D1|Asthma")
    assert made(family, message, "ADT^A31").body("dx")["code"] == {"text": "Asthma"}


def test_a_reference_means_the_same_occurrence_where_both_stand_on_it(tmp_path: Path) -> None:
    """Two doctors in PV1-7: each participant refers to his own."""
    tables = {
        **GROUPS,
        "routes": "ADT^A01,visit doctor,\n",
        "resources": GROUPS["resources"] + "doctor,visit,PV1-7~,Practitioner,PV1-7,,upsert,\n",
        "elements": GROUPS["elements"]
        + "A20,visit,PV1-7~,.,,participant[+].individual,@doctor,,\nA21,doctor,,.2,,name[+].family,,,\n",
    }
    tables["resources"] = tables["resources"].replace("Practitioner,PV1-7", "Practitioner,.")
    outcome = made(load(tmp_path, **tables), er7("PV1|||||||C1^Able~C2^Baker~C1^Able" + "|" * 12 + "V1"))
    refs = [one["individual"]["reference"] for one in outcome.body("visit")["participant"]]
    assert refs == [outcome.ref("doctor", 0)["reference"], outcome.ref("doctor", 1)["reference"], refs[0]]
    assert [body["name"][0]["family"] for body in outcome.bodies("doctor")] == ["Able", "Baker"]


TOPICS: dict[str, Any] = {
    "source": "\n".join(f"{name},,," for name in ("patient", "comp", "topic", "id", "text", "author", "@code")) + "\n",
    "routes": "doc,pat comp topic,\n",
    "resources": "pat,,patient,Patient,id,,upsert,\ncomp,,comp,Composition,id,,upsert,\ntopic,comp|topic,topic,List,id,,upsert,\n",
    "required": "List,status,current,\nList,mode,working,\nComposition,status,final,\nComposition,type,x,\nComposition,date,2020,\n"
    "Composition,title,x,\nComposition,author,x,\n",
    "elements": "A01,topic,,text,,title,,,\nA02,topic,,,,subject,@pat,,\nA03,topic,,^author/@code,,note[x].text,,,\n",
}
NESTED = """<doc><patient><id>p</id></patient><comp><id>c</id><author code="a1"/>
  <topic><id>1</id><text>one</text><topic><id>2</id><text>two</text><author code="a2"/>
    <topic><id>3</id><text>three</text></topic></topic></topic>
  <topic><id>4</id><text>four</text></topic></comp></doc>"""


def test_a_resource_may_enclose_itself(tmp_path: Path) -> None:
    outcome = made(load(tmp_path, "xml", **TOPICS), xml(NESTED), "doc")
    assert [body["title"] for body in outcome.bodies("topic")] == ["one", "two", "three", "four"]
    assert {body["subject"]["reference"] for body in outcome.bodies("topic")} == {outcome.ref("pat")["reference"]}


def test_a_caret_means_the_nearest_enclosing_element_that_has_it(tmp_path: Path) -> None:
    outcome = made(load(tmp_path, "xml", **TOPICS), xml(NESTED), "doc")
    assert [body["note"][0]["text"] for body in outcome.bodies("topic")] == ["a1", "a1", "a2", "a1"]


def test_a_route_makes_only_its_resources(tmp_path: Path) -> None:
    family = load(tmp_path, **{**GROUPS, "routes": "ADT^A01,pat visit dx obs,\nADT^A31,pat obs,\n"})
    assert [one.name for one in made(family, er7(*TWO), "ADT^A31").mapped.contributions] == ["pat"]
