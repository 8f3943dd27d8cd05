"""The header read before the acknowledgement says what the whole message says."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st

from interop.errors import Problem
from interop.formats import er7


def test_it_holds_MSH_and_the_first_EVN_PID_and_MRG(admission: str) -> None:
    head = er7.header((admission + "\rMRG|H1\rPID|2\rMRG|H2").encode())
    assert head.msh[10] == "900100200300"
    assert head.evn[6] == "202403021005"
    assert head.pid[1] == "1"
    assert head.mrg[1] == "H1"
    assert head.delimiters == er7.STANDARD
    assert {len(head.msh), len(head.evn), len(head.pid), len(head.mrg)} == {er7.WIDTH}


def test_an_absent_segment_is_empty(admission: str) -> None:
    assert er7.header(admission.encode()).mrg == []


LINES = st.lists(
    st.sampled_from(
        ["EVN|A01|2024", "PID|1||9^^^NHS", "PID", "MRG|1", "PV1|1", "", " ", "NTE|é", "MSH|^~\\&|B", "MSHX", "PIDX|1", "x"]
    ),
    max_size=6,
)


@given(LINES, st.sampled_from(["\r", "\n", "\r\n"]), st.sampled_from(["", "UNICODE", "8859/1", "BIG-5"]))
def test_header_and_message_agree_on_every_message(lines: list[str], end: str, charset: str) -> None:
    body = end.join([f"MSH|^~\\&|A|||||||||||||||{charset}", *lines]).encode("latin-1")
    agree(body)


@given(st.binary())
@example(b"\xff\xfe")
@example(b"MSH|^~\\&|\xff")
@example(b"M\0S\0H\0|\0")
@example(b"\0\0\0M")
def test_no_bytes_raise_anything_but_a_problem(body: bytes) -> None:
    agree(body)
    agree(b"MSH|^~\\&|" + body)
    agree(b"\xff\xfe" + "MSH|^~\\&|".encode("utf-16-le") + body)


@given(st.text())
def test_no_text_after_MSH_raises_anything_but_a_problem(text: str) -> None:
    agree(("MSH" + text).encode("utf-8"))


def agree(body: bytes) -> None:
    """Both read the message alike, or both refuse it for the same reason at the same place."""
    refused = [refusal(read, body) for read in (er7.Message.parse, er7.header)]
    assert refused[0] == refused[1]
    if refused[0] is None:
        head, message = er7.header(body), er7.Message.parse(body)
        assert (head.delimiters, head.charset) == (message.delimiters, message.charset)
        for fields, name in ((head.msh, "MSH"), (head.evn, "EVN"), (head.pid, "PID"), (head.mrg, "MRG")):
            assert fields == (message.first(name) or [])


def refusal(read: Callable[[bytes], object], body: bytes) -> tuple[str, str] | None:
    try:
        read(body)
    except Problem as problem:
        return problem.reason.name, problem.where
    return None
