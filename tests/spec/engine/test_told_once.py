"""A mapper tells body and rows of a resource once: whoever has them is not told the same again."""

from __future__ import annotations

from interop.apply.mapping_work import Job, Piece, map_batch
from interop.ids import Mint
from tests.spec.engine.messages import adt


def pieces(feed: str, *bodies: bytes) -> list[Piece]:
    """What each message says of the patient."""
    jobs = [Job(number, feed, "hl7v2", body, 1_767_600_000_000_000, True) for number, body in enumerate(bodies, 1)]
    made = map_batch(jobs, Mint(bytes(32)))
    return [piece for each in made for piece in each.pieces if piece.type == "Patient"]


def test_what_is_said_again_comes_without_body_and_rows() -> None:
    """When it was said comes all the same."""
    first, again = pieces("once", adt(control="C1"), adt("A08", "C2", at="20260105120000"))
    assert first.content
    assert first.index
    assert (again.content, again.index) == (b"", [])
    assert again.state != first.state


def test_what_is_said_anew_comes_whole() -> None:
    """The body and the rows are those of the new content."""
    first, second = pieces("anew", adt(control="C1"), adt("A08", "C2", phone="01632960999", at="20260105120000"))
    assert b"01632960999" in second.content
    assert first.index != second.index
    assert second.index


def test_what_another_feed_says_comes_whole() -> None:
    """Each feed's contribution stands by itself."""
    (one,), (other,) = pieces("one", adt()), pieces("other", adt())
    assert one.content == other.content != b""
