"""Segments and fields of an HL7 v2 message (HL7 v2.4, 2.5 to 2.8)."""

from __future__ import annotations

import pytest

from interop.errors import Problem
from interop.formats import er7


def test_fields_count_from_one_and_the_segment_name_is_field_zero(admission: str) -> None:
    message = er7.Message.parse(admission.encode())
    pid = message.segments[message.index["PID"][0]]
    assert (pid[0], pid[1], pid[7], pid[8]) == ("PID", "1", "19480217", "2")


def test_the_field_separator_is_itself_the_first_field_of_MSH(admission: str) -> None:
    msh = er7.Message.parse(admission.encode()).segments[0]
    assert msh[:5] == ["MSH", "|", "^~\\&", "PAS", "RXA"]
    assert (msh[9], msh[12], msh[18], msh[21]) == ("ADT^A01^ADT_A01", "2.4", "UNICODE UTF-8", "iTKv1.0")


def test_absent_fields_read_as_empty_up_to_the_width(admission: str) -> None:
    message = er7.Message.parse(admission.encode())
    assert all(len(segment) == er7.WIDTH for segment in message.segments)
    assert message.all("ZU1")[0][er7.WIDTH - 1] == ""


def test_a_segment_wider_than_the_width_keeps_all_its_fields() -> None:
    message = er7.Message.parse(b"MSH|^~\\&|A\rZZZ" + b"".join(b"|%d" % number for number in range(1, 91)))
    assert message.all("ZZZ")[0][90] == "90"


def test_segments_of_one_name_keep_their_order(admission: str) -> None:
    message = er7.Message.parse(admission.encode())
    assert message.index["DG1"] == [5, 6]
    assert [segment[1] for segment in message.all("DG1")] == ["1", "2"]
    assert message.first("DG1") is message.all("DG1")[0]
    assert message.first("MRG") is None
    assert message.all("MRG") == []


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n", "\n\r"])
def test_segments_end_with_CR_and_what_senders_use_for_it(admission: str, end: str) -> None:
    expected = er7.Message.parse(admission.encode()).segments
    assert er7.Message.parse(admission.replace("\r", end).encode()).segments == expected
    assert er7.Message.parse((admission.replace("\r", end) + end).encode()).segments == expected


def test_line_ends_may_be_mixed_within_a_message(admission: str) -> None:
    expected = er7.Message.parse(admission.encode()).segments
    mixed = admission.replace("\rPID", "\nPID").replace("\rPV1", "\r\n\r\n \t\nPV1")
    assert er7.Message.parse(mixed.encode()).segments == expected


@pytest.mark.parametrize("letter", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_no_other_character_ends_a_segment(letter: str) -> None:
    body = f"MSH|^~\\&|A|||||||||||||||UTF-8\rNTE|1||one{letter}two\rNTE|2".encode()
    assert [note[3] for note in er7.Message.parse(body).all("NTE")] == [f"one{letter}two", ""]


def test_block_characters_byte_order_mark_and_blank_lines_around_a_message_are_not_part_of_it(admission: str) -> None:
    expected = er7.Message.parse(admission.encode()).segments
    assert er7.Message.parse(b"\x0b" + admission.encode() + b"\r\x1c\r").segments == expected
    assert er7.Message.parse(b"\xef\xbb\xbf" + admission.encode()).segments == expected
    assert er7.Message.parse(b"\r\n  \n" + admission.encode() + b"\r\n\r\n").segments == expected


def test_two_double_quotes_are_a_value_of_their_own_and_not_absence(admission: str) -> None:
    kin = er7.Message.parse(admission.encode()).all("NK1")[0]
    assert kin[4] == '""'
    assert kin[6] == ""


def test_repetitions_components_and_subcomponents_stay_in_the_field(admission: str) -> None:
    message = er7.Message.parse(admission.encode())
    assert message.all("PID")[0][3] == "9990000018^^^NHS~H55512^^^RXA^PI"
    assert message.all("NK1")[0][5] == "+441632960555&&x^PRN"


@pytest.mark.parametrize(
    "body", [b"", b"\x0b\x1c\r", b"PID|1", b"MS", b"MSH", b"MSH|", b"MSH|^~\\&", b"MSHA^~\\&A", b"<xml/>", b"msh|^~\\&|A"]
)
def test_what_does_not_begin_with_a_whole_MSH_is_unreadable(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        er7.Message.parse(body)
    assert caught.value.reason.name == "unreadable"
    assert caught.value.where in ("MSH", "MSH-1")


@pytest.mark.parametrize("line", ["PI|1", "PIDX|1", " PID|1", "P-D|1", "some text", "|", "ÄÖÜ|1"])
def test_a_segment_name_is_three_letters_or_digits(line: str) -> None:
    with pytest.raises(Problem) as caught:
        er7.Message.parse(f"MSH|^~\\&|A\r\rEVN|x\r{line}\rPV1|1".encode())
    assert (caught.value.reason.name, caught.value.where) == ("unreadable", "segment 3")


def test_a_second_MSH_is_a_second_message_and_never_joined_to_the_first() -> None:
    with pytest.raises(Problem) as caught:
        er7.Message.parse(b"MSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\rPID|2")
    assert (caught.value.reason.name, caught.value.where) == ("unreadable", "segment 3")


def test_no_refusal_repeats_what_the_message_holds() -> None:
    with pytest.raises(Problem) as caught:
        er7.Message.parse(b"MSH|^~\\&|A\rFENWICK|MARGARET")
    assert "FENWICK" not in str(caught.value)
