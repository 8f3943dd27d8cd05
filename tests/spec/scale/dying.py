"""A process that writes as a client of the API asks, and is killed once the journal has it.

python -m tests.spec.scale.dying DATABASE ID

With an id it is an update; with ``-`` a create, if there is no Basic yet.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from interop.apply.asked import CREATE, UPDATE, Asked, Criteria, Key
from interop.apply.following import Following
from interop.apply.indexed_store import IndexedStore
from interop.apply.journalled import Step
from interop.apply.persons import Linking
from interop.apply.reindexing import Reindexer
from interop.apply.writes import Writes
from interop.clock import SystemClock
from interop.record.indexing import Indexing
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Search
from interop.store.postgres import PostgresStore
from interop.store.values import Entry, Head, Stored

LEFT: dict[str, Any] = {"resourceType": "Basic", "code": {"text": "left"}, "identifier": [{"system": "urn:test", "value": "1"}]}


class Killed:
    """Does not live to see the record."""

    async def attempt(self, entry: Entry, steps: Sequence[Step], heads: Mapping[Key, Head]) -> None:
        """Nothing."""

    def journalled(self, entry: Entry) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


async def _nothing(*said: object) -> None:
    """Nothing is kept here."""


async def main(database: str, id_: str) -> None:
    """Write, and end."""
    clock, indexing = SystemClock(), Indexing()
    store = await PostgresStore.open(database)
    indexed = IndexedStore(store, indexing, Reindexer(store, indexing, clock))
    indexed.following = Following(store, _nothing, _nothing)
    await indexed.following.begin()
    writes = Writes(indexed, clock, linking=Linking(store.locks), beyond=store.locks)
    writes.witness = Killed()

    async def find() -> list[Stored]:
        found: list[Stored] = await store.query(Search(PERMIT_ALL, "Basic"))
        return found

    if id_ == "-":
        asked = Asked(CREATE, "Basic", resource=LEFT, criteria=Criteria("Basic", "identifier=urn:test|1", find))
    else:
        asked = Asked(UPDATE, "Basic", id_, resource={**LEFT, "id": id_})
    await writes.write(asked)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
