"""HL7 v2.4 chapter 2: original and enhanced acknowledgement (2.9.2, 2.9.3), MSA (2.16.8), ERR (2.16.5); tables 0008, 0155, 0357."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.hl7v2.acknowledgement import Acknowledger, waits_for
from adapters.hl7v2.request import Request
from interop.errors import Problem
from interop.ports import MessageState, Receipt, Wait
from tests.spec.hl7v2.messages import message

NOW = 1_767_609_000_000_000  # 2026-01-05T10:30:00Z
TAKEN = Receipt(7, MessageState.APPLIED)
JOURNALLED = Receipt(7, MessageState.RECEIVED)
REFUSED = Receipt(7, MessageState.REFUSED, Problem("unknown-trigger", where="MSH-9"))
CONTENT = Receipt(7, MessageState.REFUSED, Problem("bad-value", where="PID-7"))
FAILED = Receipt(7, MessageState.FAILED, Problem("mapping-fault"))
DOWN = Receipt(0, MessageState.REFUSED, Problem("journal-unavailable"))
REPEAT = Receipt(9, MessageState.RECEIVED, repeats=7)


def answers(body: bytes, receipt: Receipt) -> list[list[list[str]]]:
    """The answers as segments of fields, MSH counted as the standard does."""
    said = Acknowledger(lambda: NOW).answers(Request.read(body), receipt)
    split = [[line.split("|") for line in answer.decode().rstrip("\r").split("\r")] for answer in said]
    for segments in split:
        segments[0].insert(1, "|")
    return split


def codes(body: bytes, receipt: Receipt) -> list[str]:
    return [segments[1][1] for segments in answers(body, receipt)]


ORIGINAL = [
    # what became of it, MSA-1 (table 0008; 2.9.2.1: AE about content, AR about type, version, processing id, or not about content)
    (TAKEN, ["AA"]),
    (JOURNALLED, ["AA"]),
    (REPEAT, ["AA"]),
    (REFUSED, ["AR"]),
    (CONTENT, ["AE"]),
    (FAILED, ["AE"]),
    (DOWN, ["AR"]),
    (Receipt(7, MessageState.REFUSED, Problem("unknown-version", where="MSH-12")), ["AR"]),
    (Receipt(7, MessageState.REFUSED, Problem("unknown-processing-id", where="MSH-11")), ["AR"]),
    (Receipt(7, MessageState.REFUSED, Problem("busy")), ["AR"]),
    (Receipt(7, MessageState.REFUSED, Problem("missing-field", where="PID-3")), ["AE"]),
    (Receipt(7, MessageState.REFUSED, Problem("truncated")), []),
]

ENHANCED = [
    # MSH-15, MSH-16 (table 0155), what became of it, the answers in order (2.9.3)
    ("AL", "NE", JOURNALLED, ["CA"]),
    ("AL", "NE", REFUSED, ["CR"]),
    ("AL", "NE", CONTENT, ["CE"]),
    ("AL", "NE", DOWN, ["CE"]),
    ("AL", "", JOURNALLED, ["CA"]),
    ("NE", "NE", TAKEN, []),
    ("NE", "NE", REFUSED, []),
    ("ER", "NE", TAKEN, []),
    ("ER", "NE", REFUSED, ["CR"]),
    ("SU", "NE", TAKEN, ["CA"]),
    ("SU", "NE", REFUSED, []),
    ("AL", "AL", TAKEN, ["CA", "AA"]),
    ("AL", "AL", FAILED, ["CA", "AE"]),
    ("AL", "AL", REFUSED, ["CR"]),
    ("AL", "AL", JOURNALLED, ["CA"]),
    ("AL", "AL", REPEAT, ["CA", "AA"]),
    ("AL", "ER", TAKEN, ["CA"]),
    ("AL", "ER", FAILED, ["CA", "AE"]),
    ("AL", "SU", TAKEN, ["CA", "AA"]),
    ("AL", "SU", FAILED, ["CA"]),
    ("NE", "AL", TAKEN, ["AA"]),
    ("NE", "AL", FAILED, ["AE"]),
    ("NE", "AL", REFUSED, ["AR"]),
    ("", "AL", TAKEN, ["AA"]),
    ("SU", "AL", REFUSED, ["AR"]),
    ("ER", "AL", REFUSED, ["CR"]),
]


@pytest.mark.parametrize(("receipt", "expected"), ORIGINAL)
def test_original_mode_gives_one_application_answer(receipt: Receipt, expected: list[str]) -> None:
    assert codes(message(), receipt) == expected


@pytest.mark.parametrize(("accept", "application", "receipt", "expected"), ENHANCED)
def test_enhanced_mode_gives_what_msh_15_and_msh_16_ask_for(
    accept: str, application: str, receipt: Receipt, expected: list[str]
) -> None:
    assert codes(message(accept=accept, application=application), receipt) == expected


@pytest.mark.parametrize(
    ("accept", "application", "expected"),
    [
        ("", "", None),
        ("AL", "NE", Wait.JOURNALLED),
        ("AL", "", Wait.JOURNALLED),
        ("AL", "AL", Wait.APPLIED),
        ("NE", "ER", Wait.APPLIED),
        ("", "SU", Wait.APPLIED),
    ],
)
def test_an_application_answer_waits_for_the_record_an_accept_answer_for_the_journal(
    accept: str, application: str, expected: Wait | None
) -> None:
    assert waits_for(Request.read(message(accept=accept, application=application))) is expected


def test_the_header_goes_back_to_the_sender_in_its_version_and_character_set() -> None:
    [[msh, msa]] = answers(message("C1"), TAKEN)
    assert msh[2:7] == ["^~\\&", "ROUTE", "ROUTE", "PAS", "RX1"]
    assert msh[7] == "20260105103000+0000"
    assert (msh[9], msh[11], msh[12], msh[18]) == ("ACK^A01^ACK", "P", "2.4", "UNICODE")
    assert msh[15:17] == ["", ""]
    assert msa == ["MSA", "AA", "C1"]


def test_the_itk_profile_of_msh_21_comes_back_and_no_other_is_claimed() -> None:
    assert answers(message(), TAKEN)[0][0][21] == "iTKv1.0"
    other = message().replace(b"iTKv1.0", b"PH-NoAck^ELR")
    assert len(answers(other, TAKEN)[0][0]) <= 19


@pytest.mark.parametrize(
    ("type", "version", "expected"),
    [("ADT^A01", "2.4", "ACK^A01^ACK"), ("ADT", "2.3", "ACK"), ("SIU^S12^SIU_S12", "2.5.1", "ACK^S12^ACK"), ("ADT", "2.4", "ACK")],
)
def test_msh_9_names_event_and_structure_from_version_2_4_on(type: str, version: str, expected: str) -> None:
    [[msh, *_]] = answers(message(type=type, version=version), TAKEN)
    assert (msh[9], msh[12]) == (expected, version)


def test_the_engine_has_control_ids_of_its_own_never_twice_one() -> None:
    acknowledger, request = Acknowledger(lambda: NOW), Request.read(message("C1"))
    ids = {acknowledger.answers(request, TAKEN)[0].split(b"|")[9] for _ in range(50)}
    assert len(ids) == 50
    assert b"C1" not in ids
    assert max(map(len, ids)) <= 20


def test_in_enhanced_mode_the_answer_asks_for_no_answer() -> None:
    [[msh, _]] = answers(message(accept="AL"), JOURNALLED)
    assert msh[15:17] == ["NE", "NE"]


def test_a_refusal_up_to_version_2_4_says_segment_sequence_field_and_code_in_err_1() -> None:
    [[_, msa, err]] = answers(message("C5"), Receipt(7, MessageState.REFUSED, Problem("missing-field", where="PID-3")))
    assert msa[1:3] == ["AE", "C5"]
    assert msa[3].startswith("A field that the message type requires is empty.")
    assert msa[6] == "101^Required field missing^HL70357"
    assert err == ["ERR", "PID^1^3^101&Required field missing&HL70357"]


def test_a_refusal_from_version_2_5_on_says_place_code_severity_and_text() -> None:
    problem = Problem("bad-value", where="PID[2]-5.1", detail="not a name")
    [[_, msa, err]] = answers(message(version="2.5.1"), Receipt(7, MessageState.REFUSED, problem))
    assert msa[1] == "AE"
    assert err[:7] == ["ERR", "", "PID^2^5^1^1", "102^Data type error^HL70357", "E", "bad-value", ""]
    assert err[7] == "not a name"
    assert err[8].startswith("A field holds a value that its type does not allow.")


def test_from_version_2_7_on_msa_3_is_not_used() -> None:
    [[_, msa, err]] = answers(message(version="2.8"), REFUSED)
    assert msa == ["MSA", "AR", "C1"]
    assert err[3] == "201^Unsupported event code^HL70357"


def test_the_senders_own_delimiters_are_used_and_escaped_in_text() -> None:
    body = message().replace(b"|", b"#").replace(b"^", b"!").replace(b"&", b"%")
    problem = Problem("bad-value", where="PID-7", detail="no # or ! here")
    [answer] = Acknowledger(lambda: NOW).answers(Request.read(body), Receipt(7, MessageState.REFUSED, problem))
    msh, msa, err = answer.decode().rstrip("\r").split("\r")
    assert msh.startswith("MSH#!~\\%#ROUTE#ROUTE#PAS#RX1#")
    assert "no \\F\\ or \\S\\ here" in msa
    assert err == "ERR#PID!1!7!102%Data type error%HL70357"


@pytest.mark.parametrize("body", [b"", b"\x00\x01", b"PID|1||123\r", b"MSH", b"MSHA|"])
def test_an_unreadable_header_is_rejected_with_what_is_known(body: bytes) -> None:
    receipt = Receipt(3, MessageState.REFUSED, Problem("unreadable", where="MSH"))
    [[msh, msa, err]] = answers(body, receipt)
    assert (msh[9], msh[11], msh[12]) == ("ACK", "P", "2.4")
    assert msa[1:3] == ["AR", ""]
    assert err[1] == "MSH^1^^100&Segment sequence error&HL70357"


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_the_header_is_read_whatever_ends_its_segments(end: bytes) -> None:
    assert Request.read(message("C9").replace(b"\r", end)).field(21) == b"iTKv1.0"


@given(
    separator=st.sampled_from([b"|", b"#", b"\xa7", b" ", b"\\"]),
    encoding=st.binary(max_size=6),
    fields=st.lists(st.binary(max_size=6), max_size=24),
    receipt=st.sampled_from([receipt for receipt, _ in ORIGINAL]),
)
def test_no_header_however_odd_keeps_the_answer_from_being_written(
    separator: bytes, encoding: bytes, fields: list[bytes], receipt: Receipt
) -> None:
    """Each but the positive accept answer of the enhanced mode names the problem."""
    body = b"MSH" + separator + separator.join([encoding, *fields]) + b"\r"
    for answer in Acknowledger(lambda: NOW).answers(Request.read(body), receipt):
        lines = answer.split(b"\r")
        taken = receipt.problem is None or lines[1][4:6] == b"CA"
        assert [line[:3] for line in lines] == ([b"MSH", b"MSA", b""] if taken else [b"MSH", b"MSA", b"ERR", b""])
