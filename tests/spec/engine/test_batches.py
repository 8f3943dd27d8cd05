"""What is mapped together: in the journal's order, bounded by bytes as well as by count."""

from __future__ import annotations

from interop.apply.dispatcher import TOGETHER, batches
from interop.apply.journalled import ADAPTERS, ORDERS
from interop.store.values import Entry


def entry(message: int, size: int = 1, adapter: str = "hl7v2") -> Entry:
    return Entry(message, "pas", adapter, 0, "", "", bytes(size))


def cut(*entries: Entry) -> list[list[int] | int]:
    """The numbers of the messages of each batch."""
    return [one.message if isinstance(one, Entry) else [each.message for each in one] for one in batches(entries)]


def test_small_messages_are_mapped_together() -> None:
    assert cut(*(entry(number) for number in range(128))) == [[*range(128)]]


def test_a_batch_ends_before_it_is_too_large_for_a_mapper() -> None:
    half = TOGETHER // 2
    assert cut(entry(1, half), entry(2, half), entry(3), entry(4, half)) == [[1, 2], [3, 4]]


def test_a_message_that_is_larger_is_mapped_by_itself() -> None:
    assert cut(entry(1), entry(2, TOGETHER + 1), entry(3)) == [[1], [2], [3]]


def test_what_is_asked_for_stands_by_itself_and_what_clients_wrote_is_left_out() -> None:
    order, written = min(ORDERS), min(ADAPTERS)
    assert cut(entry(1), entry(2, adapter=order), entry(3, TOGETHER), entry(4, adapter=written), entry(5)) == [[1], 2, [3], [5]]
