"""A mapper tells body and rows of a resource once: whoever has them is not told the same again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from interop.apply import mapping_work
from interop.apply.mapping_work import Job, Piece, Told, map_batch
from interop.fhir.rows import IndexRow
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


def test_what_could_not_be_made_is_not_taken_for_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in what makes rows of a visit: the message is shelved each time that it comes, and whole once the fault is gone."""
    told, job = Told(), Job(1, "fault", "hl7v2", adt(), 1_767_600_000_000_000, True)
    indexed = mapping_work.indexed

    def failing(body: dict[str, Any]) -> Iterator[IndexRow] | list[IndexRow]:
        if body["resourceType"] == "Encounter":
            raise ValueError
        return indexed(body)

    monkeypatch.setattr(mapping_work, "indexed", failing)
    for _ in range(2):
        (made,) = map_batch([job], Mint(bytes(32)), told)
        assert made.problem == ("mapping-fault", "", "ValueError")
    monkeypatch.setattr(mapping_work, "indexed", indexed)
    (whole,) = map_batch([job], Mint(bytes(32)), told)
    assert {piece.type for piece in whole.pieces if piece.content} >= {"Patient", "Encounter"}
