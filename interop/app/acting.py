"""The rules of an engine: the tables, the queue of what they are to look at, who acts on it."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from interop.api.delivering.acting import DAYS, RULES, Nowhere, RulesWorker
from interop.api.delivering.deliverer import Deliverer
from interop.api.delivering.watched import watched
from interop.api.searching.ground import known
from interop.app.clocks import FOLDER, clocks_of, keeper_of, lines
from interop.app.settings import OURS, Settings
from interop.app.workshop import Workshop
from interop.apply.acting.acting import Acting
from interop.apply.acting.actions import DOES
from interop.apply.acting.clocking import Clocking, check
from interop.apply.acting.doing import Do
from interop.apply.acting.recipients import Recipients
from interop.apply.acting.timekeeper import Timekeeper
from interop.apply.telling.telling import QUEUE
from interop.clocks.limits import FILE as CLOCKS_FILE
from interop.clocks.loading import ClockTables
from interop.mapping.places import mappings_root
from interop.notify.routes import ID_ONLY, RESTATED, UPDATED, WITHHELD, Route
from interop.policy.asker import TESTER
from interop.policy.decide import decide
from interop.policy.labels import PARAMETER
from interop.record.indexing import Indexing
from interop.rules.actions import DESTINATION, recipients
from interop.rules.tables import COLUMNS, RULES_FILE, Event, RulesRefused, RuleTables, read_tables
from interop.store.where import Present

TIMES: Final = {
    ("Appointment", "start"): "date",
    ("DiagnosticReport", "iif(issued.exists(), issued, "): "issued",
    ("DocumentReference", "date"): "date",
    ("Encounter", "period."): "date",
    ("List", "date"): "date",
    ("Observation", "effective."): "date",
}
"""A type and how FHIRPath begins that yields when something happened -> the search parameter that says no earlier time."""


LABELLED: Final = "labelled"
"""The row of the queue for what has labels: they are those of what was made of it."""


def tables_of(site: Path | None, now: int) -> RuleTables:
    """The tables of ``mappings/rules`` with the rows of a site's folder laid over them. Raises RulesRefused, and ValueError for a
    folder that is none."""
    if site is not None and not site.is_dir():
        raise ValueError(f"{site} is no folder: name one that holds a site's rows, or {OURS}")
    folder = mappings_root().joinpath(FOLDER)
    limits = clocks_of(site).limits
    ours, theirs = ({name: lines(place, name) for name in COLUMNS} if place is not None else {} for place in (folder, site))
    if not ours[RULES_FILE] and not theirs.get(RULES_FILE):
        raise RulesRefused(f"{RULES_FILE}: there are no rules beside these mapping tables")
    tables = read_tables(ours, theirs, limits, lambda type, text: watched(known(Indexing()), type, text, now))
    check(tables, limits)
    return tables


def site_of(settings: Settings) -> Path | None:
    """The folder of a site's rows, None where there is none."""
    return None if settings.rules == Path(OURS) else settings.rules


def rules_of(settings: Settings, now: int) -> RuleTables:
    """The rules that the settings ask for; none where they ask for none. Raises ValueError."""
    if settings.rules is None:
        return RuleTables()
    return tables_of(site_of(settings), now)


def routes_of(tables: RuleTables) -> list[Route]:
    """What versions the rules are to look at."""
    used = {rule.event.id for rule in tables.rules}
    types = sorted({each.type for each in tables.events if each.id in used})
    back = [Route(WITHHELD, RULES, ID_ONLY, frozenset((WITHHELD,)), type=type) for type in types]
    wanted = [each for each in tables.events if each.id in used]
    happens = [
        Route(each.id, RULES, ID_ONLY, _on(each), type=each.type, where=each.where, fresh=_fresh(each, tables)) for each in wanted
    ]
    again = frozenset((UPDATED, RESTATED))
    labelled = [Route(LABELLED, RULES, ID_ONLY, again, type=type, where=Present(PARAMETER)) for type in types]
    return back + happens + labelled


def _on(event: Event) -> frozenset[str]:
    """What a message takes back and says anew is an update of what there was before it."""
    return event.on | {RESTATED} if UPDATED in event.on else event.on


def _fresh(event: Event, tables: RuleTables) -> tuple[str, int] | None:
    """By which parameter it can be told that what happened is older than every rule about it asks for; None where by none."""
    text = event.when.text if event.when is not None else ""
    named = next((name for (type, begins), name in TIMES.items() if type == event.type and text.startswith(begins)), "")
    return (named, max(rule.within for rule in tables.of(event))) if named else None


def addressed(tables: RuleTables, clocks: ClockTables, destinations: Collection[str]) -> None:
    """Raise RulesRefused where a rule or a clock of a site tells a destination that the deployment has not. Ours name some that it
    may have: where it has not, they ask for nothing, as routes do."""
    ours = csv.DictReader(lines(mappings_root().joinpath(FOLDER), RULES_FILE))
    known = {each.name for row in ours for each in recipients(row["to"]) if each.kind == DESTINATION} | {*destinations}
    told = [(RULES_FILE, rule.id, rule.to) for rule in tables.rules]
    told += [(CLOCKS_FILE, each.name, recipients("; ".join(dict.fromkeys((*each.warn_to, *each.escalate_to)))))
             for each in clocks.limits.values()]  # fmt: skip
    refusals = [
        f"{file}, row {row}: there is no destination {each.name} in this deployment"
        for file, row, to in told
        for each in to
        if each.kind == DESTINATION and each.name not in known
    ]
    if refusals:
        raise RulesRefused("\n".join(refusals))


def does_of(tables: RuleTables, clocks: ClockTables) -> Mapping[str, Do]:
    """The actions by their names. Raises RulesRefused for one that nobody does."""
    does = {**DOES, **Clocking(clocks.limits).does}
    if strange := next((rule for rule in tables.rules if rule.action not in does), None):
        raise RulesRefused(f"{RULES_FILE}, row {strange.id}: nobody does {strange.action} here")
    return does


def acting_of(
    settings: Settings, shop: Workshop, tables: RuleTables, organisations: Mapping[str, str], deliverer: Deliverer
) -> tuple[Acting, Timekeeper]:
    """Who acts, with the queue that it acts on, and who keeps the time of clocks. ``organisations`` by the name of their
    destination."""
    clocks = clocks_of(site_of(settings))
    addressed(tables, clocks, organisations)
    clocking = Clocking(clocks.limits)
    code = shop.governance.code
    told = Recipients(shop.store, decide, shop.governance.facts, code, organisations, open=settings.open)
    told.fresh = shop.fresh if shop.following is not None else None
    acting = Acting(tables, shop.store, shop.writes, told, shop.mint, shop.clock, does_of(tables, clocks), clocking.taken_back)

    def worker(*more: object) -> RulesWorker:
        made = RulesWorker(*more)  # type: ignore[arg-type]
        made.acting = acting
        return made

    deliverer.add(RULES, TESTER, Nowhere(), DAYS, made=worker)
    keeper = keeper_of(shop, clocks, told)
    keeper.tables = tables
    return acting, keeper


def refused(destinations: Iterable[str]) -> None:
    """Raise ValueError where a destination is called as a queue of the engine's own."""
    for name in (RULES, QUEUE):
        if name in destinations:
            raise ValueError(f"[{name}]: no destination has this name, it is that of a queue of the engine")
