"""The audit's index is brought up to date for good without taking more memory."""

from __future__ import annotations

import os
from pathlib import Path

from interop.store.sqlite.audit_index import AuditIndex, Event, Wanted

LARGEST = 400


def resident() -> float:
    """Resident memory of this process in MB; SQLite's is not Python's to trace."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_batches_of_whatever_size_are_taken_in_the_same_memory(tmp_path: Path) -> None:
    """A connection keeps the statements that it has compiled: of a few sizes, and not of every size that there is. 250 statements
    each of its own size took 80 MB."""
    index, last = AuditIndex(tmp_path / "index.sqlite"), 0

    def take(count: int) -> None:
        nonlocal last
        events = [
            Event(1, last + each, 0, f"p{each}", last + each, "read", "u", "r", "o", "a", "i", "t", 200, 1, 0, 9)
            for each in range(1, count + 1)
        ]
        last += count
        index.add((1, 1, last, last), events)

    for _ in range(25):
        take(LARGEST - 1)
    before = resident()
    for count in range(150, LARGEST):
        take(count)
    assert resident() - before < 20
    assert index.reached() == {1: (1, last, last)}
    assert index.count(Wanted()) == last
    index.close()


def test_of_a_row_about_several_records_of_a_person_the_first_alone_is_found_where_that_is_asked(tmp_path: Path) -> None:
    """A person's records at several organisations are one answer: it is one look."""
    index = AuditIndex(tmp_path / "index.sqlite")
    rows = [(1, 0, "other"), (1, 1, "here"), (1, 2, "there"), (2, 0, "there"), (3, 0, "here"), (3, 1, "there")]
    index.add((1, 1, 9, 9), [
        Event(1, sequence, number, patient, sequence, "read", "u", "r", "o", "a", "i", "t", 200, 1, 0, 9)
        for sequence, number, patient in rows
    ])  # fmt: skip
    wanted = Wanted(patients=("here", "there"), once=True, page=2)
    assert [(each.sequence, each.number) for each in index.find(wanted)] == [(3, 0), (2, 0), (1, 1)]
    assert [(each.sequence, each.number) for each in index.find(wanted._replace(skip=2))] == [(1, 1)]
    assert (index.count(wanted), index.count(wanted._replace(once=False))) == (3, 5)
    assert index.find(wanted._replace(without="u")) == []
    index.close()
