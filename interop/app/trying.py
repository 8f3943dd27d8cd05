"""What a replay would come to, computed beside a running engine: its record is read and never written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from interop.app.feeds import Owned, feeds_of
from interop.app.keys import id_key
from interop.app.opening import open_store
from interop.app.settings import Settings
from interop.apply.choosing import chosen
from interop.apply.persons import Linking
from interop.apply.pool import Mappers
from interop.apply.replayed import Replayed
from interop.apply.replays import Replays
from interop.apply.retelling import Teller
from interop.apply.whereabouts import Whereabouts
from interop.clock import SystemClock
from interop.mapping.library import adapters, check_site, family
from interop.mapping.reading import families
from interop.store.plan import Message, Messages, Replayable


async def tried(
    settings: Settings, named: Sequence[int], plan: Replayable, *, hidden: bool
) -> AsyncIterator[tuple[Replayed, int, int]]:
    """What replaying these messages, or those of a plan, would come to by the tables of this process: a batch at a time, with the
    number after which the next begins (0 after the last) and the last of the journal. Without ``hidden`` contents are left out
    where they are about somebody whose whereabouts are hidden.

    Raises TablesRefused; Problem and OSError where there is no record; ValueError for a feeds file that cannot be used."""
    for name in families():
        for site in family(name).sites:
            check_site(name, site)
    feeds = Owned(feeds_of(settings, list(adapters())), test_numbers=settings.test_numbers)
    store = await open_store(settings.data, settings.database, read_only=True)
    mappers = Mappers(settings.mapper_count, id_key(settings.data))
    try:
        await mappers.start()
        replays = Replays(store, SystemClock(), Teller(store, mappers, feeds), Linking(), None, lambda message: None)
        last = max([each.message for each in await store.query(Messages(count=1))], default=0)
        plan = replace(plan, upto=plan.upto or last)
        while True:
            numbers, after = ([*named], 0) if named else await chosen(store, plan)
            for number in named:
                if not await store.query(Message(number)):
                    raise ValueError(f"There is no message {number}.")
            told = await replays.plan(numbers)
            if not hidden and await Whereabouts(store).hidden(told.patients):
                told.differences = [one._replace(before=b"", after=b"") for one in told.differences]
            yield told, after, last
            if not after:
                return
            plan = replace(plan, after=after)
    finally:
        await mappers.stop()
        await store.close()
