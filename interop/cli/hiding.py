"""Whether what a command is about to show is about somebody who hides where they are."""

from __future__ import annotations

from typing import Final

from interop.apply.scanning import made_by
from interop.apply.whereabouts import Whereabouts
from interop.store.plan import Claims, Versions
from interop.store.seam import Store
from interop.store.values import Entry

REFUSED: Final = "{what} is about somebody whose whereabouts are hidden: --whereabouts shows it all the same."
MASKED: Final = "masked"
"""Stands for values that are not shown."""
Key = tuple[str, str]


async def hides(store: Store, *keys: Key) -> bool:
    """Whether any of these resources is, or was, about such a person."""
    about = {id_ for type_, id_ in keys if type_ == "Patient"}
    for *_, subject in await store.query(Versions(keys)) if keys else ():
        about |= {subject} - {""}
    return bool(about and await Whereabouts(store).hidden(about))


async def hides_in(store: Store, entry: Entry) -> bool:
    """Whether a message is: by what it made, and by the numbers that it names, whatever became of it."""
    if await hides(store, *await made_by(store, entry.message)):
        return True
    numbers = [(system, value) for system, _, value in (key.rpartition("|") for key in entry.keys) if value]
    named = await store.query(Claims(tuple(numbers))) if numbers else ()
    return bool(named and await Whereabouts(store).hidden({patient for patient, *_ in named}))
