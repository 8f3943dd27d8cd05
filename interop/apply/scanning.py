"""What is found by going through all of the journal or the record, a portion at a time: others read in between."""

from __future__ import annotations

from interop.apply.asked import Key
from interop.store.plan import Made, Sharing
from interop.store.seam import Store


async def made_by(store: Store, message: int) -> list[Key]:
    """The resources of which a message has made a version, in order."""
    found: list[Key] = []
    above = 0
    while True:
        ((above, keys),) = await store.query(Made(message, above))
        found += keys
        if not above:
            return sorted(found)


async def sharing_with(store: Store, message: int) -> set[int]:
    """Other messages that have a patient identifier in common with this one."""
    found: set[int] = set()
    above = 0
    while True:
        ((above, numbers),) = await store.query(Sharing(message, above))
        found.update(numbers)
        if not above:
            return found - {message}
