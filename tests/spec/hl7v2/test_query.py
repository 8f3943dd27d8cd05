"""Queries answered from the record over MLLP: QBP^Q21, Q22, ZV1 and QCN^J01 (ITK HL7 v2 4.30 to 4.33; IHE ITI-21, ITI-22)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.hl7v2 import adapter, answers
from interop.api.asking import SharedRecord
from interop.api.inquiring import AuditedRecord
from interop.app.engine import Engine
from interop.fhir import facts
from interop.formats.er7 import Message
from interop.mapping.shared import read_shared
from interop.policy.decide import Question, decide
from interop.policy.facts import Facts
from interop.ports import Inquiry, Person, Resource
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.where import Not, Token
from tests.spec.engine.messages import adt
from tests.spec.engine.running import Mllp, client, ingest, journal
from tests.spec.hl7v2.queries import ANNE, JOAN, PEOPLE, answer, ask, knowing, parsed, query


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    """One whose record no test changes."""
    async with knowing(tmp_path_factory.mktemp("engine") / "data") as engine:
        yield engine


@pytest.fixture
async def changing(tmp_path: Path) -> AsyncIterator[Engine]:
    async with knowing(tmp_path / "data") as engine:
        yield engine


@pytest.mark.anyio
async def test_one_person_by_number_with_all_that_the_record_says(engine: Engine) -> None:
    """Q21: MSH turned round, the query echoed, the person once although two trusts know her, by every number."""
    found = await answer(engine, query("Q21", f"{ANNE}^^^NHS"))
    assert found.status == "AA OK"
    assert (found["MSH-2"], found["MSH-3"], found["MSH-4"], found["MSH-5"]) == ("PAS", "RX1", "EPR", "RX9")
    assert (found["MSH-8"], found["MSA-2"]) == ("RSP^K21^RSP_K21", "Q1")
    assert [found[f"QAK-{place}"] for place in (1, 3, 4, 5, 6)] == ["T1", "Q21^Get Person Demographics^HL7nnn", "1", "1", "0"]
    assert found["QPD-3"] == f"{ANNE}^^^NHS"
    assert set(found["PID-3"].split("~")) == {f"{ANNE}^^^NHS^NH", "A1^^^PAS^^RX1", "B7^^^PAS^^RX2"}
    assert (found["PID-7"], found["PID-8"]) == ("19480312", "2")
    assert found["PID-11"] == "7 Tolpuddle Row^^Eastmere^Mereshire^QX9 7ZD^GBR^H"
    assert found["PID-13"] == "01632 960141^PRN~^NET^Internet^post@example.org"
    assert (found["PD1-3"], found["PD1-4"]) == ("ELM SURGERY^^Z99911", "G9999911^Hart^Ines^^^Dr")
    assert [segment[0] for segment in found.segments] == ["MSH", "MSA", "QAK", "QPD", "PID", "PD1"]


FOUND = {
    "@PID.5.1^OLDCASTLE": ["OLDCASTLE^JOAN", "OLDCASTLE^OTTO"],
    "@PID.5.1^oldcastle~@PID.5.2^otto": ["OLDCASTLE^OTTO"],
    "@PID.5.1.1^OLDC*": ["OLDCASTLE^JOAN", "OLDCASTLE^OTTO"],
    "PID.5.1^Olafsdottir": ["OLAFSDOTTIR^ANNE"],
    "@PID.5.1^ÓLAFSDÓTTIR": ["OLAFSDOTTIR^ANNE"],
    "@PID.5.2^JOAN&OTTO": ["OLDCASTLE^JOAN", "OLDCASTLE^OTTO"],
    "@PID.7^19570601": ["OLDCASTLE^JOAN"],
    "@PID.7.1^1957": ["OLDCASTLE^JOAN"],
    "@PID.8^M": ["OLDCASTLE^OTTO"],
    "@PID-8^1": ["OLDCASTLE^OTTO"],
    "@PID.11.5^qx97zd~@PID.8^M": ["OLDCASTLE^OTTO"],
    "@PID.11.3^EASTMERE~@PID.5.2^JOAN": ["OLDCASTLE^JOAN"],
    "@PID.11.1^7 Tolpuddle*~@PID.5.2^JOAN": ["OLDCASTLE^JOAN"],
    "@PID.3.1^A2": ["OLDCASTLE^JOAN"],
    "@PID3.1^A2": ["OLDCASTLE^JOAN"],
    "@PID.3.1^B7~@PID.3.4^PAS": ["OLAFSDOTTIR^ANNE"],
    "@PID.3.1^A2~@PID.3.4^LIMS": [],
    "@PID.3.1^A2~@PID.3.5^NHS": [],
    "@PID.5.1^OLDCASTLE~@PID.5.2^ANNE": [],
    "@PID.5.1^OLD": [],
    "@PD1.3.3^Z99911~@PID.8^M": ["OLDCASTLE^OTTO"],
}


@pytest.mark.anyio
async def test_candidates_are_those_that_satisfy_every_criterion(engine: Engine) -> None:
    """Q22: without regard to case and accents, by whole values or their beginning; a person of two records once; none is NF."""
    bodies = [query("Q22", criteria) for criteria in FOUND]
    found = await ask(engine, *bodies)
    assert {criteria: sorted(each.names()) for criteria, each in zip(FOUND, found, strict=True)} == FOUND
    assert [each.status for each in found] == ["AA OK" if names else "AA NF" for names in FOUND.values()]
    assert {each["MSH-8"] for each in found} == {"RSP^K22^RSP_K22"}


@pytest.mark.anyio
async def test_the_number_of_the_nhs_may_be_named_in_any_way(engine: Engine) -> None:
    spaced = f"{JOAN[:3]} {JOAN[3:6]} {JOAN[6:]}"
    oid = "2.16.840.1.113883.2.1.4.1"
    asked = [f"@PID.3.1^{JOAN}~@PID.3.4^{name}" for name in ("NHS", "NHSNBR", oid, f"&{oid}&ISO")]
    asked += [f"@PID.3.1^{JOAN}~@PID.3.5^NHS", f"@PID.3.1^{JOAN}~@PID.3.5^NH", f"@PID.3.1^{spaced}", f"@PID.3.1^EQ^{JOAN}"]
    for found in await ask(engine, *(query("Q22", each) for each in asked)):
        assert found.names() == ["OLDCASTLE^JOAN"]


VISITS = {
    "@PV1.2^I": ["V1", "V2", "V3", "V4"],
    "@PV1.2^EQ^I~@PID.8^EQ^M": ["V4"],
    "@PV1.19^V2": ["V2"],
    "@PV1.3.2^elm~@PV1.3.4^RX201": ["V3"],
    "@PV1.7.1^C9999911~@PID.5.2^JOAN": ["V2"],
    "@PV1.10^430~@PID.3.1^A1": ["V1", "V3"],
    "@PV1.44^GT^20260105~@PV1.45^LT^20260108": ["V4"],
    "@PV1.44^20260105~@PV1.45^20260107": ["V4"],
    "@PV1.44^LT^20260105": [],
    "@PV1.2^O": [],
}


@pytest.mark.anyio
async def test_visits_by_what_is_known_of_person_and_visit(engine: Engine) -> None:
    """ZV1: a group for each visit. A time without an operator begins or ends a range (ITK 4.32.3.1); one person has two visits."""
    found = await ask(engine, *(query("ZV1", criteria) for criteria in VISITS))
    assert {
        criteria: sorted(segment[19].partition("^")[0] for segment in each.all("PV1"))
        for criteria, each in zip(VISITS, found, strict=True)
    } == VISITS
    one = found[2]
    assert [segment[0] for segment in one.segments] == ["MSH", "MSA", "QAK", "QPD", "EVN", "PID", "PD1", "PV1"]
    assert one["MSH-8"] == "RSP^ZV2^RSP_ZV2"
    assert [one[f"PV1-{place}"] for place in (2, 3, 7, 10, 19, 44)] == [
        "I", "RX1^ELM^BED4^RX101", "C9999911^Roe^Ada^^^Ms^^^GMC", "430", "V2^^^VISIT", "20260105093000+0000",
    ]  # fmt: skip
    assert found[6]["PV1-45"] == "20260107120000+0000"


@pytest.mark.anyio
async def test_where_a_patient_is_is_answered_whatever_kind_of_place_it_is(changing: Engine) -> None:
    """A ward of ITK, a room of HL7 v2 without a profile, a clinic: PL.2 comes back as it was sent; after a transfer the new one."""
    clinic = PEOPLE[1].replace(b"|P2|", b"|P8|").replace(b"||ITKv1.0", b"").replace(b"PV1|1|I|RX1^ELM^BED4", b"PV1|1|O|RX1^GUM^")
    moved = PEOPLE[0].replace(b"ADT^A01^ADT_A01|P1", b"ADT^A02^ADT_A02|P7").replace(b"^ELM^BED4", b"^OAK^BED9")
    moved = moved.replace(b"20260105100", b"20260106100").replace(b"202601051015", b"202601061015")
    async with client(changing) as http:
        for body in (clinic.replace(b"|V2^^^VISIT", b"|V8^^^VISIT"), moved):
            assert (await ingest(http, body)).status_code == 200
    found, after, by_place = await ask(
        changing, query("ZV1", "@PV1.19^V8"), query("ZV1", "@PV1.19^V1"), query("ZV1", "@PV1.3.2^OAK")
    )
    assert found["PV1-3"] == "RX1^GUM^^RX101"
    assert after["PV1-3"] == "RX1^OAK^BED9^RX101"
    assert [segment[19] for segment in by_place.all("PV1")] == ["V1^^^VISIT"]


@pytest.mark.anyio
async def test_a_query_of_ihe_is_answered_in_the_form_of_its_profile(engine: Engine) -> None:
    """ITI-21 and ITI-22, of version 2.5: no event, and the structure of K21."""
    ihe = [query(trigger, "@PID.3.1^A2", version="2.5") for trigger in ("Q22", "ZV1")]
    found = await ask(engine, *(re.sub(rb"QPD\|[^|]*", b"QPD|IHE PDQ Query", body) for body in ihe))
    assert [each["MSH-8"] for each in found] == ["RSP^K22^RSP_K21", "RSP^ZV2^RSP_ZV2"]
    assert [each["QAK-3"] for each in found] == ["IHE PDQ Query"] * 2
    assert [[segment[0] for segment in each.segments[4:]] for each in found] == [["PID", "PD1"], ["PID", "PD1", "PV1"]]


@pytest.mark.anyio
async def test_numbers_are_given_of_the_domains_that_are_asked_for(engine: Engine) -> None:
    own, national, none = await ask(
        engine,
        query("Q21", f"{ANNE}^^^NHS|^^^PAS"),
        query("Q22", f"@PID.3.1^{ANNE}|||||^^^NHS"),
        query("Q21", f"{JOAN}^^^NHS|^^^LIMS", version="2.5"),
    )
    assert set(own["PID-3"].split("~")) == {"A1^^^PAS^^RX1", "B7^^^PAS^^RX2"}
    assert national["PID-3"] == f"{ANNE}^^^NHS^NH"
    assert (none.status, none["ERR-2"], none["ERR-3"].partition("^")[0]) == ("AE AE", "QPD^1^4^1", "204")
    assert not none.all("PID")


@pytest.mark.anyio
async def test_a_limited_answer_is_gone_on_with_until_nothing_is_left(engine: Engine) -> None:
    first = await answer(engine, query("Q22", "@PID.5.1^OL*", "RCP|I|1^RD"))
    assert ([first[f"QAK-{place}"] for place in (4, 5, 6)], len(first.all("PID"))) == (["3", "1", "2"], 1)
    names, last = first.names(), first
    while last["DSC-1"]:
        last = await answer(engine, query("Q22", "@PID.5.1^OL*", "RCP|I|1^RD", f"DSC|{last['DSC-1']}"))
        assert (last.status, last["QAK-4"]) == ("AA OK", "3")
        names += last.names()
    assert len(names) == len(set(names)) == 3
    assert last["QAK-6"] == "0"


@pytest.mark.anyio
async def test_what_is_left_of_a_cancelled_query_is_gone(engine: Engine) -> None:
    """QCN^J01 of the same asker and tag; another's does nothing."""
    cancel = "MSH|^~\\&|EPR|{}|PAS|RX1|202601081200||QCN^J01^QCN_J01|N1|P|2.4\rQID|T1|Q22^Find Candidates^HL7nnn\r"
    first = await answer(engine, query("Q22", "@PID.5.1^OL*", "RCP|I|1^RD"))
    more = query("Q22", "@PID.5.1^OL*", "RCP|I|1^RD", f"DSC|{first['DSC-1']}")
    foreign = query("Q22", "@PID.5.1^OL*", "RCP|I|1^RD", f"DSC|{first['DSC-1']}", facility="RX8")
    theirs, ours = (cancel.format(name).encode() for name in ("RX8", "RX9"))
    done, still, no, own, gone = await ask(engine, theirs, more, foreign, ours, more)
    assert [(each["MSH-8"], each["MSA-1"], each["MSA-2"]) for each in (done, own)] == [("ACK^J01^ACK", "AA", "N1")] * 2
    assert still.status == "AA OK"
    for each in (no, gone):
        assert (each.status, each["ERR-1"]) == ("AE AE", "DSC^1^1^204&Unknown key identifier&HL70357")


REFUSED = [
    (query("Q22", "@PID.99^X"), "AE AE", "QPD^1^3^102&Data type error&HL70357"),
    (query("Q22", "@PID.18.1^X", version="2.5"), "AE AE", "QPD^1^3^1"),
    (query("Q22", "@PID.8^F~@PV1.2^I", version="2.5"), "AE AE", "QPD^1^3^2"),
    (query("Q22", "@PID.5^OLDCASTLE^JOAN", version="2.5"), "AE AE", "QPD^1^3^1"),
    (query("Q22", "SMITH", version="2.5"), "AE AE", "QPD^1^3^1"),
    (query("Q22", "@PID.7^soon", version="2.5"), "AE AE", "QPD^1^3^1"),
    (query("Q22", "", version="2.5"), "AE AE", "QPD^1^3"),
    (query("Q22", "@PID.8^", version="2.5"), "AE AE", "QPD^1^3"),
    (query("Q21", "^^^NHS", version="2.5"), "AE AE", "QPD^1^3^1^1"),
    (query("Q22", "@PID.8^F", "RCP|D", version="2.5"), "AE AE", "RCP^1^1"),
    (query("Q22", "@PID.8^F", "RCP|I|many^RD", version="2.5"), "AE AE", "RCP^1^2"),
    (query("Q22", "@PID.8^F", "RCP|I|0^RD", version="2.5"), "AE AE", "RCP^1^2"),
    (query("Q22", "@PID.8^F", "RCP|I|5^LI", version="2.5"), "AE AE", "RCP^1^2^1^2"),
    (query("Q22", "@PID.8^F", "RCP|I", "DSC|1", version="2.5"), "AE AE", "DSC^1^1"),
    (query("Q22", "@PID.8^F", version="2.9"), "AR AR", "MSH^1^12"),
    (query("Q22", "@PID.8^F", version="2.5").replace(b"|P|2.5", b"|X|2.5"), "AR AR", "MSH^1^11"),
    (query("Q22", "@PID.8^F", version="2.5").replace(b"|Q22^Find Candidates^HL7nnn|", b"|Q21^Get|"), "AE AE", "QPD^1^1"),
    (query("Q22", "@PID.8^F", version="2.5").replace(b"|Q22^Find Candidates^HL7nnn|", b"||"), "AE AE", "QPD^1^1"),
    (re.sub(rb"QPD[^\r]*\r", b"", query("Q22", "@PID.8^F", version="2.5")), "AE AE", "QPD^1"),
]


@pytest.mark.anyio
async def test_what_cannot_be_answered_is_told_with_its_place_by_the_error_table(engine: Engine) -> None:
    found = await ask(engine, *(body for body, _, _ in REFUSED))
    assert [(each.status, each["ERR-2"] if each["MSH-11"] != "2.4" else each["ERR-1"]) for each in found] == [
        (status, place) for _, status, place in REFUSED
    ]
    assert all(not each.all("PID") for each in found)


@pytest.mark.anyio
async def test_a_query_that_too_many_satisfy_is_refused(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.hl7v2.responder.WIDEST", 2)
    wide, narrow = await ask(engine, query("Q22", "@PID.11.3^EASTMERE", version="2.5"), query("Q22", "@PID.8^M"))
    assert (wide.status, wide["ERR-5"], narrow.status) == ("AE AE", "too-many-matches", "AA OK")
    monkeypatch.undo()
    monkeypatch.setattr("adapters.hl7v2.responder.UNLIMITED", 1)
    every, limited = await ask(engine, query("Q22", "@PID.5.1^OLD*", version="2.5"), query("Q22", "@PID.5.1^OLD*", "RCP|I|9^RD"))
    assert (every["ERR-5"], every["ERR-2"], limited["QAK-5"]) == ("too-many-matches", "RCP^1^2", "1")


@pytest.mark.anyio
async def test_a_trigger_that_nobody_answers_is_refused_as_any_message(engine: Engine) -> None:
    found = await answer(engine, query("Q99", "@PID.8^F").replace(b"QBP_Q21", b"QBP_Q21"))
    assert (found["MSH-8"], found["MSA-1"], found["ERR-1"].rpartition("^")[2].partition("&")[0]) == ("ACK^Q99^ACK", "AR", "201")


@pytest.mark.anyio
async def test_who_was_merged_is_found_by_the_old_number_and_answered_by_the_survivor(changing: Engine) -> None:
    async with client(changing) as http:
        merge = adt("A40", "M1", local="A2", merged="A4", family="OLDCASTLE", nhs=JOAN)
        assert (await ingest(http, merge)).status_code == 200
    by_old, by_new, both = await ask(
        changing, query("Q21", "A4^^^PAS"), query("Q21", "A2^^^PAS"), query("Q22", "@PID.5.1^OLDCASTLE")
    )
    assert by_old["PID-3"] == by_new["PID-3"]
    assert "A2^^^PAS" in by_old["PID-3"]
    assert "A4" not in by_old["PID-3"]
    assert len(both.all("PID")) == 1


@pytest.mark.anyio
async def test_a_cancelled_admission_is_no_visit(changing: Engine) -> None:
    async with client(changing) as http:
        cancel = PEOPLE[1].replace(b"ADT^A01^ADT_A01|P2", b"ADT^A11^ADT_A09|P9")
        assert (await ingest(http, cancel)).status_code == 200
    found = await answer(changing, query("ZV1", "@PID.3.1^A2"))
    assert found.status == "AA NF"


@pytest.mark.anyio
async def test_messages_before_and_after_a_query_are_journalled_and_answered_in_order(changing: Engine) -> None:
    """The query itself is not in the journal; its answer waits for those before it."""
    before = len(await journal(changing))
    sent = [
        adt("A01", "O1", local="N1", visit="N1"),
        query("Q22", "@PID.5.1^OLDCASTLE", control="O2"),
        adt("A01", "O3", local="N3", visit="N3"),
        query("Q22", "@PID.99^1", control="O4"),
        query("Q21", "A1^^^PAS", control="O5"),
        adt("A01", "O6", local="N6", visit="N6"),
    ]
    found = await ask(changing, *sent)
    assert [each["MSA-2"] for each in found] == [f"O{number}" for number in range(1, 7)]
    assert [each["MSA-1"] for each in found] == ["AA", "AA", "AA", "AE", "AA", "AA"]
    entries = (await journal(changing))[before:]
    assert [entry.control_id for entry in entries] == ["O1", "O3", "O6"]


@pytest.mark.anyio
async def test_in_enhanced_mode_the_accept_answer_comes_first(engine: Engine) -> None:
    line = await Mllp.open(engine.mllp)
    for head, wanted in (("|||AL|AL", ["CA", "AA"]), ("|||NE|AL", ["AA"]), ("|||AL", ["CA", "AA"]), ("|||AL|NE", ["CA"])):
        line.send(query("Q22", "@PID.8^M", head=head))
        assert [parsed(await line.reader.readuntil(b"\x1c\r"))["MSA-1"] for _ in wanted] == wanted
    await line.close()


@pytest.mark.anyio
async def test_delimiters_and_letters_are_those_of_the_asker(engine: Engine) -> None:
    body = query("Q22", "@PID.5.1^ÓLAFSDÓTTIR~@PID.3.1^A1", head="||||||UNICODE UTF-8").decode()
    told = await answer(engine, body.encode())
    assert told["MSH-17"] == "UNICODE UTF-8"
    line = await Mllp.open(engine.mllp)
    other = body.replace("@PID", "PID").replace("UNICODE UTF-8", "8859/1").translate(str.maketrans("^~&", "$*@"))
    line.send(other.encode("cp1252"))
    block = await line.reader.readuntil(b"\x1c\r")
    await line.close()
    assert b"$$$NHS$NH" in block
    assert b"^" not in block


@pytest.mark.anyio
async def test_over_http_the_answer_is_the_body(engine: Engine) -> None:
    async with client(engine) as http:
        answer: httpx.Response = await http.post("/ingest/hl7v2", content=query("Q21", "A1^^^PAS"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/hl7-v2")
    assert parsed(answer.content).status == "AA OK"
    assert not [entry for entry in await journal(engine) if entry.type == "QBP^Q21"]


@pytest.mark.anyio
async def test_only_what_policy_lets_the_asker_see_is_answered(engine: Engine) -> None:
    """Each read carries the Decision for this query and this asker; what is held back is as if it were not there."""
    questions: list[Question] = []

    def policy(question: Question, facts: Facts, now: int) -> Decision:
        questions.append(question)
        return Decision("men only", Not(Token("gender", "female"))) if question.type == "Patient" else PERMIT_ALL

    audited = engine.record
    assert isinstance(audited, AuditedRecord)
    record = audited.record
    assert isinstance(record, SharedRecord)
    record.policy = policy
    asked = query("Q22", "@PID.5.1^OLDCASTLE"), query("Q21", f"{ANNE}^^^NHS"), query("ZV1", "@PV1.2^I")
    try:
        all_, hidden, visits = await ask(engine, *asked)
    finally:
        record.policy = decide
    assert (all_.names(), hidden.status) == (["OLDCASTLE^OTTO"], "AA NF")
    assert [segment[19] for segment in visits.all("PV1")] == ["V4^^^VISIT"]
    assert {question.asker.client for question in questions} == {"EPR|RX9"}
    assert {question.interaction for question in questions} == {"QBP^Q22", "QBP^Q21", "QBP^ZV1"}


def test_every_row_of_the_table_names_what_there_is() -> None:
    """Elements of R4 by their paths, code tables and extensions by their names."""
    kinds = {"PID": "Patient", "PD1": "Patient", "EVN": "Encounter", "PV1": "Encounter", "PV2": "Encounter"}
    extensions = read_shared().extensions
    for row in answers.rows():
        assert not row.codes or answers.codes(row.codes).forth
        for path in row.sources:
            where = kinds[row.segment]
            for name in re.findall(r"extension\[(\w+)\]", path):
                assert name in extensions, path
            first = re.match(r"\w+", row.each or path)
            assert first is not None
            known = first[0].startswith(("meta", "extension", "deceased", "multipleBirth"))
            assert known or facts.element(f"{where}.{first[0]}"), path


class Nobody:
    """A record in which there is nobody."""

    async def find(self, inquiry: Inquiry, type: str, criteria: Sequence[tuple[str, str]], limit: int) -> list[Resource]:
        return []

    async def person(self, inquiry: Inquiry, patient: str) -> Person:
        return Person(())

    async def resolve(self, inquiry: Inquiry, references: Iterable[str]) -> dict[str, Resource]:
        return {}


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["Q21", "Q22", "ZV1"]),
    st.lists(st.text('@PIDV123456789.~^&|\\\r"*-GTLEQ é', max_size=40), max_size=12),
    st.sampled_from(["2.3", "2.4", "2.5.1", "2.8"]),
)
def test_whatever_is_asked_there_is_an_answer_that_can_be_read(trigger: str, fields: list[str], version: str) -> None:
    body = query(trigger, "|".join(fields), "RCP|" + "|".join(fields[:2]), "DSC|" + "".join(fields[2:3]), version=version)
    told = asyncio.run(adapter.answer_from(Nobody(), body))
    found = Message.parse(told)
    msa = found.first("MSA")
    assert msa is not None
    assert msa[1] in ("AA", "AE", "AR")
    assert "fault" not in told.decode()
