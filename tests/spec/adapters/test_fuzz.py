"""Whatever bytes come, an adapter reads them and the tables map them, or they are refused for a reason of the error table."""

from __future__ import annotations

import pickle
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interop.errors import Problem, reasons
from interop.ids import Mint
from interop.mapping.assemble import assemble
from interop.mapping.examples import examples
from interop.mapping.library import adapters, family_of

PATIENCE = 3.0
"""Seconds of processor time after which a message of some kilobytes is said to hang."""
MARKS = {
    "er7": r'| ^ ~ & \ "" MSH|^~\&| PID| \X41\ \.br\ \H\ ||| ^^^ 2026 20260230',
    "xml": """< > / = " <a/> </a> <!-- --> <![CDATA[ ]]> &amp; &#0; &x; <?x?> xmlns '""",
    "json": r"""{ } [ ] : , " null true -0 1e999 "\ud800" "id": \u0000 {} []""",
    "csv": """, " ,,, "" ' 2026-02-30 TRUE { } ; 0 -1""",
}
MAPPED = "mapped"
ANY = ["", " ", "\n", "\r", "\t", "9" * 40, "\0", "\u202e", "\ufffe", "\U0001f9d3", "0", "-1", "A" * 3000]
"""What may stand in any format."""
NAMES = sorted(adapters())
BODIES = {name: [body for example in examples(name) for body in example.bodies] for name in NAMES}


def marks_of(name: str) -> list[str]:
    """What the readers of a family's format look out for."""
    return [*MARKS[adapters()[name].format].split(), *ANY]


class Hangs(Exception):
    """A message took longer than anyone waits."""


@contextmanager
def patience() -> Iterator[None]:
    """Ends what does not end."""

    def out(_: int, __: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGVTALRM, out)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def judged(name: str, body: bytes) -> Any:
    """What becomes of a body: ``mapped``, or the reason for which it is refused."""
    adapter = adapters()[name]
    with patience():
        adapter.recognises(body[:4096])
        try:
            envelope, source = adapter.open(body)
            made = family_of(envelope).map(source, envelope, Mint())
            for one in made.contributions:
                assemble(one.type, one.registers)
        except Problem as problem:
            return pickle.loads(pickle.dumps(problem)).reason.name
        assert adapter.envelope(body) == envelope
    return MAPPED


def judge(name: str, body: bytes) -> None:
    """Whether it is mapped, or refused for a reason that the error table has."""
    assert judged(name, body) in {MAPPED, *reasons()}


@st.composite
def changed(draw: st.DrawFn, name: str) -> bytes:
    """A worked example with a few things done to it: bytes taken out, put in, doubled, exchanged for another's."""
    body = draw(st.sampled_from(BODIES[name]))
    marks = st.sampled_from(marks_of(name)).map(str.encode) | st.binary(max_size=4)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        match draw(st.integers(0, 4)):
            case 0:
                body = body[:at] + draw(marks) + body[at:]
            case 1:
                body = body[:at] + body[at + draw(st.integers(1, 60)) :]
            case 2:
                body = body[:at] + draw(marks) + body[at + draw(st.integers(1, 20)) :]
            case 3:
                other = draw(st.sampled_from(BODIES[name]))
                start = draw(st.integers(0, len(other)))
                body = body[:at] + other[start : start + draw(st.integers(1, 400))] + body[at:]
            case _:
                body = body[: at or 1]
    return body


@pytest.mark.parametrize("name", NAMES)
@given(st.data())
@settings(max_examples=60)
def test_a_message_with_something_wrong_is_mapped_or_refused(name: str, data: st.DataObject) -> None:
    judge(name, data.draw(changed(name)))


@pytest.mark.parametrize("name", NAMES)
@given(st.data())
@settings(max_examples=60)
def test_marks_of_the_format_in_any_order_are_mapped_or_refused(name: str, data: st.DataObject) -> None:
    """After the beginning of a real message, so that its reader takes them."""
    head = data.draw(st.sampled_from(BODIES[name]))[: data.draw(st.integers(0, 300))]
    marks = st.lists(st.sampled_from(marks_of(name)), max_size=40).map("".join)
    judge(name, head + data.draw(marks).encode())


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
@given(st.data())
@settings(max_examples=3_000)
def test_many_more_messages_with_something_wrong(name: str, data: st.DataObject) -> None:
    judge(name, data.draw(changed(name)))


def test_unchanged_examples_are_mapped() -> None:
    assert {judged(name, body) for name, bodies in BODIES.items() for body in bodies} == {MAPPED}
