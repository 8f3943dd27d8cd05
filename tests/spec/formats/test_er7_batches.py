"""Files of many messages: bare, MLLP blocks, batches (HL7 v2.4, 2.15.3; MLLP release 1)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.errors import Problem
from interop.formats import er7

ONE = b"MSH|^~\\&|A||||||ADT^A08|1\rPID|1||9990000018^^^NHS||MSHANE^FTS"
TWO = b"MSH#*:?%#B######ADT*A03#2\rPID#1##9990000026***NHS"


class Trickle(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self.size = size

    def read(self, *_: Any) -> bytes:
        return super().read(self.size)


def split(content: bytes) -> list[bytes]:
    return list(er7.messages(io.BytesIO(content)))


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\n\r\n"])
def test_messages_may_follow_one_another(end: bytes) -> None:
    assert split(ONE + end + TWO + end) == [ONE, TWO]


def test_mllp_blocks_are_taken_apart() -> None:
    assert split(b"\x0b" + ONE + b"\r\x1c\r\x0b" + TWO + b"\r\x1c\r") == [ONE, TWO]
    assert split(b"\x0b" + ONE + b"\x1c\x0b" + TWO) == [ONE, TWO]


def test_batch_headers_and_trailers_are_no_messages() -> None:
    content = b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + ONE + b"\r" + TWO + b"\rBTS|2\rFTS|1\r"
    assert split(content) == [ONE, TWO]
    assert split(b"\xef\xbb\xbf" + content.replace(b"\r", b"\r\n")) == [part.replace(b"\r", b"\r\n") for part in (ONE, TWO)]


def test_what_stands_outside_any_message_is_not_swallowed() -> None:
    pieces = split(b"patient list\r" + ONE + b"\x1c\rleft over\r")
    assert pieces == [b"patient list", ONE, b"left over"]
    with pytest.raises(Problem):
        er7.Message.parse(pieces[0])
    assert split(b"<xml/>") == [b"<xml/>"]


def test_an_empty_file_has_no_messages() -> None:
    assert split(b"") == split(b"\r\n \n") == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_sixteen_bit_files_are_split_too(encoding: str) -> None:
    text = "MSH|^~\\&|A|||||||||||||||UNICODE UTF-16\rPID|1||||ZOË\r" * 2
    found = [er7.Message.parse(piece).all("PID")[0][5] for piece in split(text.encode(encoding))]
    assert found == ["ZOË", "ZOË"]


def test_a_message_over_the_limit_is_refused() -> None:
    stream = Trickle(ONE + b"|x" * 5000, 100)
    with pytest.raises(Problem) as caught:
        list(er7.messages(stream, limit=2000))
    assert caught.value.reason.name == "too-large"
    assert stream.tell() < 3000


@given(st.lists(st.sampled_from([ONE, TWO]), max_size=5), st.integers(1, 40), st.sampled_from([b"\r", b"\n", b"\r\x1c\r\x0b"]))
def test_where_a_read_ends_makes_no_difference(parts: list[bytes], size: int, end: bytes) -> None:
    assert list(er7.messages(Trickle(end.join(parts), size))) == parts
