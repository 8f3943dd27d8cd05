"""Delimiters are declared by the message (HL7 v2.4, 2.8, 2.16.9.1 and 2.16.9.2)."""

from __future__ import annotations

import pytest

from interop.errors import Problem
from interop.formats import er7


def test_the_suggested_delimiters_are_known_as_standard(admission: str) -> None:
    message = er7.Message.parse(admission.encode())
    assert message.standard
    assert message.delimiters == er7.STANDARD == ("|", "^", "~", "\\", "&")


def test_any_characters_may_be_declared() -> None:
    message = er7.Message.parse(b"MSH#*:?%#PAS#RXA\rPID#1##1*2:3##A|B^C")
    assert not message.standard
    assert message.delimiters == ("#", "*", ":", "?", "%")
    assert message.all("PID")[0][3:6] == ["1*2:3", "", "A|B^C"]
    assert message.segments[0][1:4] == ["#", "*:?%", "PAS"]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [("^", ("|", "^", "", "", "")), ("^~", ("|", "^", "~", "", "")), ("^~\\", ("|", "^", "~", "\\", ""))],
)
def test_a_short_MSH_2_leaves_the_others_without_meaning(declared: str, expected: tuple[str, ...]) -> None:
    message = er7.Message.parse(f"MSH|{declared}|A\rPID|1&2".encode())
    assert message.delimiters == expected
    assert not message.standard


def test_a_truncation_character_is_allowed_in_fifth_place() -> None:
    """Since v2.7 (2.5.5.2)."""
    message = er7.Message.parse(b"MSH|^~\\&#|A\rPID|1")
    assert message.delimiters == er7.STANDARD
    assert message.segments[0][2] == "^~\\&#"


@pytest.mark.parametrize("start", ["MSH||A", "MSH|^^\\&|A", "MSH|^~\\^|A", "MSH^^~\\&^A"])
def test_an_ambiguous_MSH_2_is_unreadable(start: str) -> None:
    with pytest.raises(Problem) as caught:
        er7.Message.parse(start.encode())
    assert (caught.value.reason.name, caught.value.where) == ("unreadable", "MSH-2")


def test_a_message_knows_whether_anything_in_it_is_escaped(admission: str) -> None:
    assert er7.Message.parse(admission.encode()).escaped
    assert not er7.Message.parse(admission.replace("\\T\\", "and").encode()).escaped
    assert er7.Message.parse(b"MSH|^~\\|A\\S\\B").escaped
    assert not er7.Message.parse(b"MSH|^~|A\\S\\B").escaped
