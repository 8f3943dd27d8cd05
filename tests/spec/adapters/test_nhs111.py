"""NHS 111 reports: SOAP, ITK DistributionEnvelope, CDA ClinicalDocument POCD_MT200001GB02; each document is one message."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.nhs111 import adapter
from interop.errors import Problem

NHS = "https://fhir.nhs.uk/Id/nhs-number"


def document(nth: int = 1, *, ids: str = '<id root="2.16.840.1.113883.2.1.4.1" extension="9990000018"/>', time: str = "") -> str:
    """A report about nobody."""
    effective = time or '<effectiveTime value="20260105093000+0000"/>'
    return f"""<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:npfitlc="NPFIT:HL7:Localisation">
      <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
      <npfitlc:messageType root="2.16.840.1.113883.2.1.3.2.4.18.17" extension="POCD_MT200001GB02"/>
      <id root="D0C00000-0000-4000-8000-00000000000{nth}"/>
      <code code="819551000000100" codeSystem="2.16.840.1.113883.2.1.3.2.4.15"/>
      {effective}
      <versionNumber value="{nth}"/>
      <recordTarget><patientRole>{ids}
        <id root="2.16.840.1.113883.2.1.3.2.4.18.24" extension="CASE{nth}"/></patientRole></recordTarget>
      <custodian><assignedCustodian><representedCustodianOrganization>
        <id root="2.16.840.1.113883.2.1.3.2.4.19.1" extension="NX111"/>
      </representedCustodianOrganization></assignedCustodian></custodian>
    </ClinicalDocument>"""


def wrapped(*documents: str, soap: str = "SENT-1") -> bytes:
    payloads = "".join(f'<itk:payload id="p{nth}">{text}</itk:payload>' for nth, text in enumerate(documents))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://www.w3.org/2005/08/addressing">
      <s:Header><a:MessageID>{soap}</a:MessageID></s:Header><s:Body>
      <itk:DistributionEnvelope xmlns:itk="urn:nhs-itk:ns:201005">
        <itk:header service="urn:nhs-itk:services:201005:SendNHS111Report-v2-0" trackingid="TRACK-1">
          <itk:manifest count="1"><itk:manifestitem id="p0" profileid="urn:nhs-en:profile:nhs111CDADocument-v2-0"/></itk:manifest>
          <itk:senderAddress uri="urn:nhs-uk:addressing:ods:NX1:4455"/>
        </itk:header>
        <itk:payloads count="{len(documents)}">{payloads}</itk:payloads>
      </itk:DistributionEnvelope></s:Body></s:Envelope>""".strip().encode()


def test_the_envelope_names_type_tracking_id_sender_custodian_and_patient() -> None:
    said = adapter.envelope(wrapped(document(2)))
    assert (said.family, said.message, said.control_id) == ("nhs111", "POCD_MT200001GB02", "TRACK-1")
    assert (said.sender, said.organisation, said.version) == ("NX1:4455", "NX111", "urn:nhs-en:profile:nhs111CDADocument-v2-0")
    assert said.order[:2] == (1_767_605_400_000_000, 2)
    assert said.keys == (f"{NHS}|9990000018", "2.16.840.1.113883.2.1.3.2.4.18.24|CASE2")


def test_paths_start_at_the_document_and_the_envelope_is_reached_upwards() -> None:
    _, node = adapter.open(wrapped(document()))
    assert node.name == "ClinicalDocument"
    assert node.text("recordTarget/patientRole/id/@extension") == "9990000018"
    assert node.up is not None
    assert [node.up.name, node.up.up.name if node.up.up else ""] == ["payload", "payloads"]


def test_a_bare_document_is_a_message_under_its_own_id() -> None:
    said = adapter.envelope(document(3).encode())
    assert (said.control_id, said.sender, said.organisation) == ("D0C00000-0000-4000-8000-000000000003", "", "NX111")


@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [
        ("POCD_MT200001GB02", "819551000000100", "POCD_MT200001GB02"),
        ("POCD_MT200001GB03", "819551000000100", "POCD_MT200001GB02"),
        ("", "819551000000100", "POCD_MT200001GB02"),
        ("", "1066271000000101", "POCD_MT200001GB02"),
        ("", "823681000000100", "ClinicalDocument"),
        ("POCD_MT150001UK06", "823681000000100", "ClinicalDocument"),
        ("POCD_MT130001UK05", "823681000000100", "POCD_MT130001UK05"),
    ],
)
def test_a_report_in_all_its_versions_any_other_document_and_what_takes_one_back(kind: str, code: str, message: str) -> None:
    said = '<npfitlc:messageType root="2.16.840.1.113883.2.1.3.2.4.18.17" extension="POCD_MT200001GB02"/>'
    body = document().replace(said, said.replace("POCD_MT200001GB02", kind) if kind else "").replace("819551000000100", code)
    assert adapter.envelope(body.encode()).message == message


def test_the_nhs_number_may_be_absent_or_unverified() -> None:
    assert adapter.envelope(wrapped(document(ids=""))).keys == ("2.16.840.1.113883.2.1.3.2.4.18.24|CASE1",)
    unverified = '<id root="2.16.840.1.113883.2.1.3.2.4.18.23" extension="9990000018"/>'
    assert adapter.envelope(wrapped(document(ids=unverified))).keys[0] == f"{NHS}|9990000018"


def test_an_effective_time_may_have_a_null_flavor() -> None:
    assert adapter.envelope(wrapped(document(time='<effectiveTime nullFlavor="UNK"/>'))).order.time == 0
    authored = '<effectiveTime nullFlavor="UNK"/><author><time value="20260105093000+0000"/></author>'
    assert adapter.envelope(wrapped(document(time=authored))).order.time == 1_767_605_400_000_000


def test_a_message_sent_again_under_another_soap_header_is_the_same() -> None:
    first, again = adapter.envelope(wrapped(document())), adapter.envelope(wrapped(document(), soap="SENT-2"))
    assert (first.duplicate, first.digest) == (again.duplicate, again.digest)
    changed = adapter.envelope(wrapped(document(ids="")))
    assert changed.duplicate == first.duplicate
    assert changed.digest != first.digest


def test_a_set_of_documents_is_a_message_for_each() -> None:
    whole = wrapped(document(1), document(2), document(3))
    opened = [adapter.open(body) for body in adapter.split(io.BytesIO(whole))]
    assert [said.order.version for said, _ in opened] == [1, 2, 3]
    assert {said.control_id for said, _ in opened} == {"TRACK-1"}
    assert len({said.duplicate for said, _ in opened}) == 3
    with pytest.raises(Problem) as caught:
        adapter.open(whole)
    assert caught.value.reason.name == "several-messages"


def test_a_single_document_is_split_into_the_very_bytes_that_came() -> None:
    assert list(adapter.split(io.BytesIO(wrapped(document())))) == [wrapped(document())]


@pytest.mark.parametrize("text", ["@@nhs-number@@", "{{nhs-number}}", "{{ odsCode }}"])
def test_a_template_that_was_not_filled_is_refused_naming_the_line(text: str) -> None:
    body = wrapped(document()).replace(b"9990000018", text.encode())
    with pytest.raises(Problem) as caught:
        adapter.envelope(body)
    line = body[: body.index(text.encode())].count(b"\n") + 1
    assert (caught.value.reason.name, caught.value.where) == ("placeholder", f"line {line}")


def test_a_comment_may_show_a_placeholder_and_text_may_hold_an_at_sign() -> None:
    body = wrapped(document()).replace(b"CASE1", b"a@@b").replace(b"<itk:payloads", b"<!-- fill @@this@@ --><itk:payloads")
    assert adapter.envelope(body).keys[-1].endswith("|a@@b")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<itk:DistributionEnvelope xmlns:itk='urn:nhs-itk:ns:201005'><itk:header/></itk:DistributionEnvelope>", "unknown-format"),
        (b"<ClinicalDocument xmlns='urn:hl7-org:v3'><id root='1'/></ClinicalDocument>", "missing-field"),
        (b"<ClinicalDocument xmlns='urn:hl7-org:v3'><code code='1'/></ClinicalDocument>", "missing-field"),
        (b"<!DOCTYPE a><ClinicalDocument/>", "document-type"),
        (b"<ClinicalDocument", "unreadable"),
    ],
)
def test_what_is_no_report_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        adapter.envelope(body)
    assert caught.value.reason.name == reason


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (wrapped(document())[:4096], True),
        (document().encode(), True),
        (b"<ClinicalDocument xmlns='urn:hl7-org:v3'>", False),
        (b"<RCMR_IN030000UK06 xmlns='urn:hl7-org:v3'>", False),
        (b"{}", False),
    ],
)
def test_reports_are_recognised(head: bytes, expected: bool) -> None:
    assert adapter.recognises(head) is expected


def test_every_sample_of_the_family_opens_or_holds_placeholders(shared: Callable[[str], Path]) -> None:
    files = sorted(
        [*shared("samples/ambulance/nhs111/input").glob("*.xml"), *shared("samples/ambulance/nhs111/other").glob("*.xml")]
    )
    assert files
    for path in files:
        body = path.read_bytes()
        assert adapter.recognises(body[:4096])
        if b"@@" in body:
            with pytest.raises(Problem) as caught:
                adapter.open(body)
            assert caught.value.reason.name == "placeholder"
        else:
            said, _ = adapter.open(body)
            assert said.message == "POCD_MT200001GB02"
            assert said.order.time > 0
            assert said.keys
            assert said.organisation


@pytest.mark.parametrize("form", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_report_in_utf_16_is_the_same_report(form: str) -> None:
    body = wrapped(document(1), document(2))
    other = body.decode().replace("UTF-8", "UTF-16").encode(form)
    assert adapter.recognises(other[:4096])
    parts = [adapter.open(part)[0] for part in adapter.split(io.BytesIO(other))]
    assert parts == [adapter.open(part)[0] for part in adapter.split(io.BytesIO(body))]
    assert len(parts) == 2
    with pytest.raises(Problem):
        adapter.open(other[:-1])
