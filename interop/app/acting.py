"""The rules of an engine: the tables, the queue of what they are to look at, who acts on it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from interop.api.delivering.acting import DAYS, RULES, Nowhere, RulesWorker
from interop.api.delivering.deliverer import Deliverer
from interop.api.delivering.watched import watched
from interop.api.searching.ground import known
from interop.app.settings import OURS, Settings
from interop.app.workshop import Workshop
from interop.apply.acting.acting import Acting
from interop.apply.acting.actions import DOES
from interop.apply.acting.recipients import Recipients
from interop.mapping.places import mappings_root
from interop.notify.routes import ID_ONLY, Route
from interop.policy.asker import TESTER
from interop.policy.decide import decide
from interop.record.indexing import Indexing
from interop.rules.tables import COLUMNS, RULES_FILE, RulesRefused, RuleTables, read_tables

FOLDER: Final = "rules"
CLOCKS: Final = "clocks.csv"


def tables_of(site: Path | None, now: int) -> RuleTables:
    """The tables of ``mappings/rules`` with the rows of a site's folder laid over them. Raises RulesRefused, and ValueError for a
    folder that is none."""
    if site is not None and not site.is_dir():
        raise ValueError(f"{site} is no folder: name one that holds a site's rows, or {OURS}")
    folder = mappings_root().joinpath(FOLDER)
    clocks = [row["clock"] for place in (folder, site) if place is not None for row in csv.DictReader(_lines(place, CLOCKS))]
    ours, theirs = ({name: _lines(place, name) for name in COLUMNS} if place is not None else {} for place in (folder, site))
    return read_tables(ours, theirs, clocks, lambda type, text: watched(known(Indexing()), type, text, now))


def _lines(folder: Traversable | Path, name: str) -> list[str]:
    file = folder.joinpath(name)
    return file.read_text("utf-8").splitlines() if file.is_file() else []


def rules_of(settings: Settings, now: int) -> RuleTables:
    """The rules that the settings ask for; none where they ask for none. Raises ValueError."""
    if settings.rules is None:
        return RuleTables()
    return tables_of(None if settings.rules == Path(OURS) else settings.rules, now)


def routes_of(tables: RuleTables) -> list[Route]:
    """What versions the rules are to look at."""
    used = {rule.event.id for rule in tables.rules}
    return [Route(each.id, RULES, ID_ONLY, each.on, type=each.type, where=each.where) for each in tables.events if each.id in used]


def acting_of(
    settings: Settings, shop: Workshop, tables: RuleTables, organisations: Mapping[str, str], deliverer: Deliverer
) -> Acting:
    """Who acts, with the queue that it acts on. ``organisations`` by the name of their destination."""
    if strange := next((rule for rule in tables.rules if rule.action not in DOES), None):
        raise RulesRefused(f"{RULES_FILE}, row {strange.id}: nobody does {strange.action} here")
    code = shop.governance.code
    recipients = Recipients(shop.store, decide, shop.governance.facts, code, organisations, open=settings.open)
    acting = Acting(tables, shop.store, shop.writes, recipients, shop.mint, shop.clock)

    def worker(*more: object) -> RulesWorker:
        made = RulesWorker(*more)  # type: ignore[arg-type]
        made.acting = acting
        return made

    deliverer.add(RULES, TESTER, Nowhere(), DAYS, made=worker)
    return acting


def refused(destinations: Iterable[str]) -> None:
    """Raise ValueError where a destination is called as the queue of the rules."""
    if RULES in destinations:
        raise ValueError(f"[{RULES}]: no destination has this name, it is that of the queue of the rules")
