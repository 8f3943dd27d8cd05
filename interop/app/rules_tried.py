"""What rules would have done of what is in the queue, computed beside a running engine: its record is read and never written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from interop.app.acting import does_of, tables_of
from interop.app.clocks import clocks_of
from interop.app.feeds import Owned, feeds_of
from interop.app.keys import id_key
from interop.app.opening import open_store
from interop.app.settings import Settings
from interop.apply.acting.acting import Acting
from interop.apply.acting.recipients import Recipients
from interop.apply.governance import Governance
from interop.apply.writes import Writes
from interop.clock import SystemClock
from interop.ids import Mint
from interop.mapping.library import adapters
from interop.policy.decide import decide
from interop.store.plan import Deliveries
from interop.store.values import Delivery

PAGE = 500


async def tried(settings: Settings, site: Path | None, queue: str, since: int) -> tuple[int, Counter[tuple[str, str]]]:
    """How many versions the rules looked at since then (microseconds), and what would have come of each rule of these tables, by
    its id and result. What no event of the tables in force asks for is not in the queue.

    Raises RulesRefused; Problem and OSError where there is no record; ValueError for a feeds file that cannot be used."""
    clock = SystemClock()
    tables, clocks = tables_of(site, clock.now()), clocks_of(site)
    store = await open_store(settings.data, settings.database, read_only=True)
    try:
        mint = Mint(id_key(settings.data))
        feeds = Owned(feeds_of(settings, list(adapters())), test_numbers=settings.test_numbers)
        governance = Governance(mint, feeds, settings.consent)
        await governance.start(store)
        recipients = Recipients(store, decide, governance.facts, governance.code, {}, open=settings.open)
        acting = Acting(tables, store, Writes(store, clock), recipients, mint, clock, does_of(tables, clocks))
        told: Counter[tuple[str, str]] = Counter()
        count = after = 0
        while True:
            found: list[Delivery] = await store.query(Deliveries(queue, after=after, count=PAGE))
            for delivery in found:
                if delivery.made >= since:
                    count += 1
                    told += await acting.preview(delivery)
            if len(found) < PAGE:
                return count, told
            after = found[-1].sequence
    finally:
        await store.close()
