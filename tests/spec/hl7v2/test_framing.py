"""MLLP Release 1, section 2: the block format ``<SB> dddd <EB><CR>``, SB = VT (0x0B), EB = FS (0x1C)."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from adapters.hl7v2.framing import Decoder, frame
from tests.spec.hl7v2.messages import message

TEXT = st.binary(max_size=60).map(lambda body: body.translate(None, b"\x0b\x1c"))


def test_a_block_is_start_byte_message_end_byte_carriage_return() -> None:
    assert frame(b"MSH|...") == b"\x0bMSH|...\x1c\r"


def test_a_message_is_what_stands_between_start_and_end() -> None:
    assert Decoder().feed(b"\x0bone\x1c\r\x0btwo\rlines\x1c\r") == [b"one", b"two\rlines"]


def test_the_carriage_return_after_the_end_may_be_missing() -> None:
    assert Decoder().feed(b"\x0bone\x1c\x0btwo\x1c") == [b"one", b"two"]


def test_the_carriage_return_may_come_later_and_is_not_junk() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x0bone\x1c") == [b"one"]
    assert decoder.feed(b"\r\x0btwo\x1c\r") == [b"two"]
    assert decoder.junk == 0


def test_bytes_between_blocks_are_ignored_and_counted_line_ends_aside() -> None:
    decoder = Decoder()
    assert decoder.feed(b"hello\r\n\x0bone\x1c\r\n??\x0btwo\x1c\rX") == [b"one", b"two"]
    assert decoder.junk == len(b"hello??X")


def test_an_unterminated_block_is_no_message_and_stays_as_the_rest() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x0bone\x1c\r\x0bMSH|half") == [b"one"]
    assert decoder.rest == b"MSH|half"


def test_a_block_begun_anew_within_another_cuts_the_first_off() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x0bMSH|first half\x0bMSH|second\x1c\r") == [b"MSH|second"]
    assert decoder.cut == [b"MSH|first half"]


def test_a_vertical_tab_in_text_is_text() -> None:
    assert Decoder().feed(b"\x0bMSH|\rNTE|1||line\x0bline\x1c\r") == [b"MSH|\rNTE|1||line\x0bline"]


def test_a_message_of_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    decoder = Decoder(limit=4)
    assert decoder.feed(b"\x0b1234\x1c\r") == [b"1234"]
    assert decoder.overrun is None
    assert decoder.feed(b"\x0b12345\x1c\r\x0bok\x1c\r") == []
    assert decoder.overrun == b"1234"


def test_the_limit_holds_before_the_end_has_come() -> None:
    decoder = Decoder(limit=4)
    assert decoder.feed(b"\x0b123") == []
    assert decoder.feed(b"456") == []
    assert decoder.overrun == b"1234"
    assert decoder.feed(b"\x1c\r\x0bok\x1c\r") == []


@given(
    parts=st.lists(st.tuples(TEXT, st.sampled_from([b"\x1c\r", b"\x1c", b"\x1c\r\n", b"\x1cjunk"])), max_size=6),
    tail=st.binary(max_size=12),
    cuts=st.lists(st.integers(min_value=0, max_value=500), max_size=12),
    limit=st.integers(min_value=1, max_value=80),
)
def test_however_the_stream_is_cut_into_pieces_the_messages_are_the_same(
    parts: list[tuple[bytes, bytes]], tail: bytes, cuts: list[int], limit: int
) -> None:
    stream = b"".join(b"\x0b" + body + end for body, end in parts) + tail
    whole = Decoder(limit)
    expected = whole.feed(stream)
    pieces = Decoder(limit)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    got = [body for begin, end in pairwise(places) for body in pieces.feed(stream[begin:end])]
    assert got == expected
    assert (pieces.overrun, pieces.cut) == (whole.overrun, whole.cut)
    if whole.overrun is None:
        assert (pieces.rest, pieces.junk) == (whole.rest, whole.junk)


@given(st.lists(st.integers(min_value=1, max_value=9), min_size=1, max_size=4))
def test_what_is_framed_comes_out_again(sizes: list[int]) -> None:
    bodies = [message(f"C{nth}") * size for nth, size in enumerate(sizes)]
    assert Decoder().feed(b"".join(map(frame, bodies))) == bodies
