"""The EMIS extract: a table of millions of rows as messages of a bounded number of rows, each with the header."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator

import pytest

from adapters.emis import adapter
from adapters.emis.files import TABLES, header, table_of
from adapters.emis.splitting import ROWS
from interop.errors import Problem

ORG = "0000000A-0000-4000-8000-000000000001"
HEAD = "ObservationGuid,PatientGuid,OrganisationGuid,CodeId,AssociatedText,ObservationType,Deleted,ProcessingId\r\n"


def guid(number: int, kind: int = 1) -> str:
    return f"{kind:08x}-0000-4000-8000-{number:012x}"


def row(number: int, *, patient: int = 1, organisation: str = ORG, text: str = "", processing: int = 9) -> str:
    return f"{guid(number)},{guid(patient, 2)},{organisation},77,{text},Observation,false,{processing}\r\n"


def split(text: str) -> list[bytes]:
    return list(adapter.split(io.BytesIO(text.encode())))


def test_a_message_is_the_header_and_a_bounded_number_of_rows() -> None:
    bodies = split(HEAD + "".join(row(number) for number in range(2 * ROWS + 1)))
    assert [body.count(b"\r\n") - 1 for body in bodies] == [ROWS, ROWS, 1]
    assert all(body.startswith(HEAD.encode()) for body in bodies)
    assert b"".join(body.removeprefix(HEAD.encode()) for body in bodies).decode() == "".join(map(row, range(2 * ROWS + 1)))


def test_a_message_has_one_place_in_the_order_of_events() -> None:
    """One organisation, one ``ProcessingId``, no key twice: what comes later is a later message."""
    other = "0000000B-0000-4000-8000-000000000001"
    rows = [row(1), row(2), row(3, processing=10), row(4, organisation=other, processing=10), row(4, processing=10), row(4)]
    assert [body.count(b"\r\n") - 1 for body in split(HEAD + "".join(rows))] == [2, 1, 1, 1, 1]
    assert [body.count(b"\r\n") - 1 for body in split(HEAD + row(1) + row(1))] == [1, 1]


def test_a_cell_in_quotation_marks_may_hold_line_ends_and_commas() -> None:
    [body] = split(HEAD + row(1, text='"one, two\r\nthree ""four"""') + row(2))
    _, root = adapter.open(body)
    assert [one.text("AssociatedText") for one in root.kids["row"]] == ['one, two\r\nthree "four"', None]


def test_a_row_that_does_not_fit_its_header_is_refused_alone() -> None:
    good, bad, rest = split(HEAD + row(1) + row(2, text="a,b") + row(3))
    assert adapter.envelope(good).message == adapter.envelope(rest).message == "CareRecord_Observation"
    with pytest.raises(Problem) as caught:
        adapter.open(bad)
    assert caught.value.reason.name == "unreadable"


def test_a_quotation_mark_that_does_not_close_ends_as_a_refusal() -> None:
    *_, last = split(HEAD + row(1) + row(2, text='"never closed'))
    with pytest.raises(Problem) as caught:
        adapter.open(last)
    assert caught.value.reason.name == "unreadable"


def test_another_header_begins_another_table() -> None:
    second = "CodeId,Term,DmdProductCodeId,ProcessingId\r\n"
    bodies = split(HEAD + row(1) + second + "5,Aspirin 75mg tablets,319773006,9\r\n")
    assert [adapter.envelope(body).message for body in bodies] == ["CareRecord_Observation", "Coding_DrugCode"]


@pytest.mark.parametrize("text", ["", "a,b\r\n1,2\r\n", "PatientGuid,Other\r\n1,2\r\n"])
def test_what_is_no_table_of_the_extract_is_refused(text: str) -> None:
    if text:
        with pytest.raises(Problem) as caught:
            split(text)
        assert caught.value.reason.name == "unknown-format"
    assert not adapter.recognises(text.encode())


def test_the_envelope_tells_table_organisation_processing_and_patients() -> None:
    [body] = split(HEAD + row(1, patient=1) + row(2, patient=2) + row(3, patient=1))
    said = adapter.envelope(body)
    assert (said.family, said.message, said.organisation) == ("emis", "CareRecord_Observation", ORG.lower())
    assert said.order[:2] == (0, 9)
    assert said.keys == (f"emis|{guid(1, 2)}", f"emis|{guid(2, 2)}")
    assert said.duplicate == adapter.envelope(body).duplicate != adapter.envelope(body.replace(b"77", b"78")).duplicate


def test_an_nhs_number_is_a_key_of_its_patient() -> None:
    head = "PatientGuid,OrganisationGuid,DateOfBirth,NhsNumber,ProcessingId\r\n"
    [body] = split(head + f"{guid(1, 2)},{ORG},1950-01-01,999 000 0018,9\r\n")
    assert adapter.envelope(body).keys == ("https://fhir.nhs.uk/Id/nhs-number|9990000018", f"emis|{guid(1, 2)}")


@pytest.mark.parametrize("said", ["", "x", "²", "9" * 30])
def test_a_processing_id_that_is_no_number_orders_nothing(said: str) -> None:
    [body] = split(HEAD + row(1).replace(",9\r\n", f",{said}\r\n"))
    assert adapter.envelope(body).order.version == 0


def test_braces_around_guids_a_byte_order_mark_and_quotation_marks_change_nothing() -> None:
    quoted = "\ufeff" + '"' + HEAD.strip().replace(",", '","') + '"\r\n'
    cells = row(1).strip().split(",")
    braced = ",".join(f'"{{{cell.upper()}}}"' if cell.count("-") == 4 else f'"{cell}"' for cell in cells) + "\r\n"
    [body] = split(quoted + braced)
    said, root = adapter.open(body)
    assert root.text("row/ObservationGuid") == guid(1).upper()
    assert said.organisation == ORG.lower()
    assert adapter.recognises((quoted + braced).encode())


@pytest.mark.parametrize("said", ["true", "True", "TRUE"])
def test_a_deleted_row_is_deleted_in_whatever_letters(said: str) -> None:
    [body] = split(HEAD + row(1).replace("false", said))
    assert adapter.open(body)[1].text("row/Deleted") == "true"


def test_columns_that_early_versions_misspell_have_their_later_names() -> None:
    early = "DiaryGuid,ClinicanUserInRoleGuid,DurationTerm\r\n"
    assert header(early.encode()) == ["DiaryGuid", "ClinicianUserInRoleGuid", "DurationTerm"]
    _, root = adapter.open(early.encode() + f"{guid(1)},{guid(2)},\r\n".encode())
    assert root.text("row/ClinicianUserInRoleGuid") == guid(2)


def test_columns_may_stand_in_any_order() -> None:
    text = f"Deleted,ProcessingId,ObservationType,ObservationGuid,OrganisationGuid,CodeId\r\nfalse,9,Value,{guid(1)},{ORG},7\r\n"
    assert adapter.recognises(text.encode())
    [body] = split(text)
    said, root = adapter.open(body)
    assert (said.message, said.order.version) == ("CareRecord_Observation", 9)
    assert [one.text("ObservationGuid") for one in root.kids["row"]] == [guid(1)]


def test_every_table_is_told_by_columns_that_no_other_has_together() -> None:
    for table in TABLES:
        assert table_of(sorted(table.columns)) == table


def test_a_file_of_any_length_is_read_in_flat_memory() -> None:
    class Endless(io.RawIOBase):
        def __init__(self, lines: Iterator[bytes]) -> None:
            self.lines, self.rest = lines, b""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            while len(self.rest) < len(buffer) and (line := next(self.lines, b"")):
                self.rest += line
            taken, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
            buffer[: len(taken)] = taken
            return len(taken)

    def lines() -> Iterator[bytes]:
        yield HEAD.encode()
        yield from (row(number).encode() for number in range(5_000))

    tracemalloc.start()
    count = sum(1 for _ in adapter.split(io.BufferedReader(Endless(lines()))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 5_000 // ROWS
    assert peak < 1 << 20


CODES = "CodeId,Term,ReadTermId,SnomedCTConceptId,SnomedCTDescriptionId,ProcessingId\r\n"


def code(number: int, term: str = "Weight") -> str:
    return f'{number},"{term}",22A..,27113001,45352010,9\r\n'


def test_files_of_one_delivery_explain_each_other() -> None:
    """A message carries what an earlier file says of the codes that its rows name, and no others."""
    split_next = adapter.delivery()
    assert adapter.first(CODES.encode())
    assert not adapter.first(HEAD.encode())
    list(split_next(io.BytesIO((CODES + code(77) + code(78)).encode())))
    [body] = split_next(io.BytesIO((HEAD + row(1) + row(2)).encode()))
    _, root = adapter.open(body)
    assert [one.text("Term") for one in root.kids["code"]] == ["Weight"]
    assert [one.text("ClinicalCodeId") for one in root.kids["code"]] == ["77"]
    assert len(root.kids["row"]) == 2
    [alone] = split(HEAD + row(1))
    assert "code" not in adapter.open(alone)[1].kids


def test_a_message_that_is_split_again_is_the_same() -> None:
    *_, body = split(CODES + code(77, 'Weight, ""dry""') + HEAD + row(1))
    assert b"ClinicalCodeId," in body
    assert split(body.decode()) == [body]


def test_a_problem_is_known_to_the_observation_that_defines_it() -> None:
    problems = "ObservationGuid,ParentProblemObservationGuid,ProcessingId\r\n" + f"{{{guid(1).upper()}}},,9\r\n"
    *_, body = split(problems + HEAD + row(1) + row(2))
    assert [one.text("ProblemObservationGuid") for one in adapter.open(body)[1].kids["problem"]] == [guid(1)]


def test_the_same_rows_with_their_codes_are_another_message() -> None:
    *_, coded = split(CODES + code(77) + HEAD + row(1))
    [alone] = split(HEAD + row(1))
    assert adapter.envelope(coded).duplicate != adapter.envelope(alone).duplicate


def test_what_stands_within_a_cell_begins_no_section() -> None:
    text = '"seen\r\nClinicalCodeId,Term\r\n77,Forged"'
    [body] = split(HEAD + row(1, text=text))
    _, root = adapter.open(body)
    assert "code" not in root.kids
    assert root.text("row/AssociatedText") == text.strip('"')


def test_rows_stay_with_the_row_that_they_name_as_their_parent() -> None:
    head = "ObservationGuid,OrganisationGuid,ParentObservationGuid,ObservationType,ProcessingId\r\n"
    rows = [f"{guid(number)},{ORG},{guid(ROWS) if number > ROWS else ''},Value,9\r\n" for number in range(1, ROWS + 4)]
    assert [body.count(b"\r\n") - 1 for body in split(head + "".join(rows))] == [ROWS + 3]


def test_what_is_remembered_of_codes_lies_in_flat_memory() -> None:
    def peak(number: int) -> int:
        text = io.BytesIO((CODES + "".join(map(code, range(number))) + HEAD + "".join(map(row, range(200)))).encode())
        tracemalloc.start()
        for _ in adapter.split(text):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(8_000) < 1.2 * peak(2_000)
