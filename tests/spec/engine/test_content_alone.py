"""What a mapper makes of a resource is what the fold makes of the state that it tells, whatever it remembers."""

from __future__ import annotations

import pytest

from interop.apply.mapping_work import Job, Piece, Told, map_batch
from interop.apply.transport import packed, unpacked
from interop.fhir.rows import rows_of
from interop.formats.json import write_json
from interop.ids import Mint
from interop.mapping.reading import families
from interop.record.fold import content, fold
from interop.record.indexing import indexed
from interop.record.state import load
from tests.spec.engine.orders import examples

MINT = Mint(bytes(32))
SERVER = "https://x.example/R4"


def pieces(family: str, body: bytes, feed: str = "") -> list[Piece]:
    """What a message yields of a mapper that remembers nothing, as the owner receives it."""
    job = Job(1, feed or family, family, body, 1_767_600_000_000_000, True)
    (made,) = unpacked(packed(map_batch([job], MINT, Told())))
    return made.pieces


def alike(piece: Piece) -> None:
    """Content and rows are those that the owner would make."""
    body = fold(piece.type, {(piece.feed, piece.event): load(piece.state)})
    if body is None:
        assert not piece.content
        return
    assert [tuple(row) for row in rows_of(piece.index)] == [tuple(row) for row in indexed(body)]
    assert piece.content == content(piece.type, piece.id, body)


def collection(*resources: dict[str, object]) -> bytes:
    entries = [{"fullUrl": f"{SERVER}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources]
    meta = {"source": SERVER}
    return write_json(
        {"resourceType": "Bundle", "meta": meta, "type": "collection", "timestamp": "2026-01-10T12:00:00Z", "entry": entries}
    )


@pytest.mark.parametrize("family", [name for name in families() if examples(name)])
def test_content_and_rows_of_a_mapper_are_those_of_the_fold(family: str) -> None:
    """Every worked example."""
    made = [piece for body in examples(family) for piece in pieces(family, body) if piece.effect == "upsert"]
    assert any(piece.content for piece in made)
    for piece in made:
        alike(piece)


def test_who_holds_a_session_stands_in_one_order() -> None:
    """A Schedule whose actors its message tells in another order than that of their references."""
    names = ("PractitionerRole/r1", "Practitioner/p1", "Location/l1")
    held = [{"reference": f"{SERVER}/{name}"} for name in names]
    others: list[dict[str, object]] = [{"resourceType": kind, "id": id_} for kind, id_ in (name.split("/") for name in names)]
    body = collection(*others, {"resourceType": "Schedule", "id": "s1", "active": True, "actor": held})
    (schedule,) = [piece for piece in pieces("r4", body) if piece.type == "Schedule"]
    assert schedule.content
    alike(schedule)


def test_of_two_forms_of_a_choice_one_is_shown_and_a_date_is_not_lost() -> None:
    """An Immunization of R4 on a feed whose tables read another version."""
    for body in examples("r4"):
        for piece in pieces("documents", body):
            if piece.type == "Immunization" and piece.effect == "upsert":
                alike(piece)
                assert b"occurrenceDateTime" in piece.content
                assert b"occurrenceString" not in piece.content


def test_what_says_nothing_but_that_it_is_there_is_there_for_the_fold_too() -> None:
    """A second feed that says the same takes nothing away."""
    bare = [
        (piece, other)
        for body in examples("gpconnect")
        for piece, other in zip(pieces("gpconnect", body), pieces("gpconnect", body, "other"), strict=True)
        if b'"v":{"+"' in piece.state
    ]
    assert bare
    for piece, other in bare:
        both = {(each.feed, each.event): load(each.state) for each in (piece, other)}
        assert fold(piece.type, both) is not None
