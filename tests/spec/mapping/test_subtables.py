"""Sub-tables: rows for one FHIR type, used from wherever it occurs; they look downwards only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.spec.mapping.small import er7, load, made, xml

TABLES: dict[str, Any] = {
    "source": "MSH,21,,\nPID,40,,\nNK1,39,,\n",
    "routes": "ADT^A01,pat,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\n",
    "codes": {"use": "L,,official,,\n"},
}
XPN = (
    "N01,XPN,,.1,,family,,,\nN02,XPN,,.2,,given[+],,,\nN03,XPN,,.3,,given[+],,,\nN04,XPN,,.7,,use,,use,\n"
    "N05,XPN,,.12,,period.start,hl7time,,\n"
)


def test_a_sub_table_serves_many_fields(tmp_path: Path) -> None:
    rows = "A01,pat,PID-5~,.,,name[+],table:XPN,,\nA02,pat,PID-9~,.,,name[+],table:XPN,,\n"
    body = made(load(tmp_path, **TABLES, elements=rows + XPN), er7("PID|||1||Able^Ann^Bea^^^^L~^Cis||||Baker" + "^" * 11 + "1960"))
    assert body.body("pat")["name"] == [
        {"family": "Able", "given": ["Ann", "Bea"], "use": "official"},
        {"given": ["Cis"]},
        {"family": "Baker", "period": {"start": "1960"}},
    ]


def test_it_may_be_used_on_a_field_without_a_loop(tmp_path: Path) -> None:
    rows = "A01,pat,,PID-5,,name[x],table:XPN,,\n"
    outcome = made(load(tmp_path, **TABLES, elements=rows + XPN), er7("PID|||1||Able^Ann~Baker"))
    assert outcome.body("pat")["name"] == [{"family": "Able", "given": ["Ann"]}]
    assert outcome.losses == [("PID-5[2]", "unmapped", "")]


def test_it_may_be_used_on_every_repetition_within_a_loop(tmp_path: Path) -> None:
    rows = "A01,pat,NK1,NK1-2,,contact[+].name,table:XPN,,\nA02,pat,NK1,NK1-2~,,-,,,there is room for one\n"
    rows += "A03,pat,NK1,NK1-5~,,contact[+].telecom[+],table:XTN,,\nX01,XTN,,.1,,value,,,\n"
    outcome = made(load(tmp_path, **TABLES, elements=rows + XPN), er7("PID|||1", "NK1||Able~Bee|||1~2~3"))
    (contact,) = outcome.body("pat")["contact"]
    assert (contact["name"], contact["telecom"]) == ({"family": "Able"}, [{"value": "1"}, {"value": "2"}, {"value": "3"}])
    assert outcome.losses == [("NK1-2[2]", "not-carried", "A02")]


def test_on_a_component_its_parts_are_subcomponents(tmp_path: Path) -> None:
    rows = "A01,pat,NK1,NK1-2.3,,contact[+].name,table:XPN,,\n"
    outcome = made(load(tmp_path, **TABLES, elements=rows + XPN), er7("PID|||1", "NK1||^^Able&Ann"))
    assert outcome.body("pat")["contact"] == [{"name": {"family": "Able", "given": ["Ann"]}}]


def test_it_may_use_another_sub_table(tmp_path: Path) -> None:
    rows = (
        "A01,pat,PID-5~,.,,name[+],table:XPN,,\n"
        + XPN
        + "N06,XPN,,.10,,period,table:DR,,\nN07,DR,,.1,,start,hl7time,,\nN08,DR,,.2,,end,hl7time,,\n"
    )
    rows = rows.replace("N05,XPN,,.12,,period.start,hl7time,,\n", "")
    body = made(load(tmp_path, **TABLES, elements=rows), er7("PID|||1||Able" + "^" * 9 + "1960&1970")).body("pat")
    assert body["name"] == [{"family": "Able", "period": {"start": "1960", "end": "1970"}}]


def test_a_constant_adorns_what_else_it_gives(tmp_path: Path) -> None:
    rows = "A01,pat,PID-13~,.,,telecom[+],table:XTN,,\nX01,XTN,,.1,,value,,,\nX02,XTN,,'phone',.3 = PH,system,,,\n"
    telecom = made(load(tmp_path, **TABLES, elements=rows), er7("PID|||1" + "|" * 10 + "0123^^PH~0456~^^PH")).body("pat")["telecom"]
    assert telecom == [{"value": "0123", "system": "phone"}, {"value": "0456"}]


def test_rows_beside_it_complete_the_element(tmp_path: Path) -> None:
    rows = "A01,pat,PID-13~,.,,telecom[+],table:XTN,,\nA02,pat,PID-13~,'home',,telecom[+].use,,,\nX01,XTN,,.1,,value,,,\n"
    telecom = made(load(tmp_path, **TABLES, elements=rows), er7("PID|||1" + "|" * 10 + "0123~^^PH")).body("pat")["telecom"]
    assert telecom == [{"value": "0123", "use": "home"}]


def test_what_it_does_not_read_is_told_by_the_path_of_where_it_was_used(tmp_path: Path) -> None:
    rows = "A01,pat,PID-5~,.,,name[+],table:XPN,,\n"
    outcome = made(load(tmp_path, **TABLES, elements=rows + XPN), er7("PID|||1||Able^^^^^Dr^X"))
    assert outcome.losses == [("PID-5.6", "unmapped", ""), ("PID-5.7", "no-code", "N04")]


def test_what_it_leaves_out_is_told_with_its_row(tmp_path: Path) -> None:
    rows = "A01,pat,PID-5~,.,,name[+],table:XPN,,\n" + XPN + "N09,XPN,,.8,,-,,,a code of how the name is written\n"
    outcome = made(load(tmp_path, **TABLES, elements=rows), er7("PID|||1||Able" + "^" * 7 + "A"))
    assert outcome.losses == [("PID-5.8", "not-carried", "N09")]


TREE: dict[str, Any] = {
    "source": "".join(f"{name},,,\n" for name in ("patient", "name", "family", "given", "prefix", "suffix", "middle")),
    "routes": "doc,pat,\n",
    "resources": "pat,,patient,Patient,,,upsert,\n",
}


def test_a_sub_table_of_a_tree_may_loop_and_each_loop_starts_from_its_node(tmp_path: Path) -> None:
    rows = (
        "A01,pat,name,.,,name[+],table:N,,\nN01,N,given,.,,given[+],,,\nN02,N,prefix,.,,prefix[+],,,\nN03,N,,family,,family,,,\n"
        "N04,N,suffix,.,,suffix[+],,,\n"
    )
    document = (
        "<doc><patient><name><prefix>Dr</prefix><given>Ann</given><given>Bea</given><family>Able</family>"
        "<suffix>OBE</suffix></name></patient></doc>"
    )
    outcome = made(load(tmp_path, "xml", **TREE, elements=rows), xml(document), "doc")
    assert outcome.body("pat")["name"] == [{"given": ["Ann", "Bea"], "prefix": ["Dr"], "family": "Able", "suffix": ["OBE"]}]
    assert outcome.losses == []


def test_a_number_in_a_sub_table_is_a_number(tmp_path: Path) -> None:
    rows = (
        "A01,obs,,value,,valueQuantity,table:Q,,\nQ01,Q,,amount,amount present,value,number,,\n"
        "Q02,Q,,'1.50',amount absent,value,number,,the least\n"
        "Q03,Q,,unit,,unit,,,\n"
    )
    tables: dict[str, Any] = {
        "source": "".join(f"{name},,,\n" for name in ("obs", "value", "amount", "unit")),
        "routes": "doc,obs,\n",
        "resources": "obs,,obs,Observation,,,upsert,\n",
        "required": "Observation,status,unknown,\nObservation,code,x,\n",
    }
    family = load(tmp_path, "xml", **tables, elements=rows)
    document = "<doc><obs><value><amount>72.50</amount><unit>kg</unit></value></obs><obs><value><unit>kg</unit></value></obs></doc>"
    first, second = (body["valueQuantity"]["value"] for body in made(family, xml(document), "doc").bodies("obs"))
    assert (type(first).__name__, str(first)) == ("Number", "72.50")
    assert (type(second).__name__, str(second)) == ("Number", "1.50")
