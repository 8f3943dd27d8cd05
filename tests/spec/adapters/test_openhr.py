"""EMIS OpenHR: one record is one message; its envelope comes from id, creationTime, author and the patients of adminDomain."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.openhr import adapter
from interop.errors import Problem

RECORD = """<?xml version="1.0" encoding="utf-8"?>
<openHealthRecord xmlns="http://www.e-mis.com/emisopen" schemaVersion="1.3.0">
  <id>5C0FFEE0-0000-4000-8000-000000000001</id>
  <creationTime>2026-01-05T08:00:00+00:00</creationTime>
  <author><system><systemType>EMISWEB</systemType></system><organisation>ORG-1</organisation></author>
  <adminDomain>
    <patient>
      <id>5C0FFEE0-0000-4000-8000-000000000001</id>
      <patientIdentifier><identifierType>HOSP</identifierType><value>1234567890</value></patientIdentifier>
      <patientIdentifier><identifierType>NHS</identifierType><value>999 000 0018</value></patientIdentifier>
    </patient>
    <organisation><id>ORG-2</id><nationalPracticeCode>Z99999</nationalPracticeCode></organisation>
    <organisation><id>ORG-1</id><nationalPracticeCode>y01234</nationalPracticeCode></organisation>
  </adminDomain>
</openHealthRecord>"""


def test_the_envelope_names_record_author_and_patient() -> None:
    said = adapter.envelope(RECORD.encode())
    assert (said.family, said.message, said.version) == ("openhr", "OpenHR", "1.3.0")
    assert said.control_id == "5C0FFEE0-0000-4000-8000-000000000001/2026-01-05T08:00:00+00:00"
    assert (said.organisation, said.sender) == ("Y01234", "EMISWEB|Y01234")
    assert said.order[:2] == (1_767_600_000_000_000, 0)
    assert said.keys == ("https://fhir.nhs.uk/Id/nhs-number|9990000018", "openhr|5c0ffee0-0000-4000-8000-000000000001")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<organisation>ORG-1</organisation></author>", "<SDSIdentifier>Y5</SDSIdentifier></author>", "Y5"),
        ("<organisation>ORG-1</organisation></author>", "<organisation>ORG-9</organisation></author>", "ORG-9"),
        ("<organisation>ORG-1</organisation></author>", "</author>", ""),
    ],
)
def test_the_organisation_is_the_authors_practice_code_or_what_is_known_of_it(old: str, new: str, expected: str) -> None:
    assert adapter.envelope(RECORD.replace(old, new).encode()).organisation == expected


def test_only_the_same_content_of_the_same_creation_is_a_repeat() -> None:
    said = adapter.envelope(RECORD.encode())
    assert adapter.envelope(RECORD.encode()).duplicate == said.duplicate
    assert adapter.envelope(RECORD.replace("Z99999", "Z99998").encode()).duplicate != said.duplicate
    assert adapter.envelope(RECORD.replace("T08:00", "T09:00").encode()).duplicate != said.duplicate


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (RECORD.replace("openHealthRecord", "otherRecord"), "unknown-format"),
        (RECORD.replace("<id>5C0FFEE0-0000-4000-8000-000000000001</id>\n  <creation", "<creation"), "missing-field"),
        ("<openHealthRecord>", "unreadable"),
        ('<!DOCTYPE x [<!ENTITY e "y">]><openHealthRecord><id>&e;</id></openHealthRecord>', "document-type"),
    ],
)
def test_what_is_no_record_is_refused(body: str, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        adapter.open(body.encode())
    assert caught.value.reason.name == reason


def test_paths_start_at_the_root_and_a_file_is_one_message() -> None:
    [body] = adapter.split(io.BytesIO(RECORD.encode()))
    assert body == RECORD.encode()
    said, root = adapter.open(body)
    assert root.text("adminDomain/patient/id") == "5C0FFEE0-0000-4000-8000-000000000001"
    assert said == adapter.envelope(body)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"<openHealthRecord xmlns='x'>", True),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<e:openHealthRecord>", True),
        (b"<record/>", False),
        ('<?xml version="1.0" encoding="utf-16"?><openHealthRecord>'.encode("utf-16"), True),
    ],
)
def test_records_are_recognised(head: bytes, expected: bool) -> None:
    assert adapter.recognises(head) is expected


def test_every_sample_of_the_family_opens(shared: Callable[[str], Path]) -> None:
    files = sorted(shared("samples/gp/openhr").glob("*.xml"))
    assert files
    for path in files:
        assert adapter.recognises(path.read_bytes()[:4096])
        said, root = adapter.open(path.read_bytes())
        assert said.order.time > 0
        assert any(key.startswith("https://fhir.nhs.uk/Id/nhs-number|") for key in said.keys)
        assert len(said.organisation) == 6
        assert root.kid("healthDomain") is not None
