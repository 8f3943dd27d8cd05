"""The clocks of an engine: their tables, and who keeps the time."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from interop.app.workshop import Workshop
from interop.apply.acting.recipients import Recipients
from interop.apply.acting.timekeeper import Timekeeper
from interop.apply.hearing import CLOCKS
from interop.clocks.limits import FILE
from interop.clocks.loading import FILES, ClockTables, read_clocks
from interop.mapping.places import mappings_root
from interop.rules.actions import DESTINATION, PATIENT, PEOPLE, recipients

FOLDER: Final = "rules"
TOLD: Final = PEOPLE | {PATIENT, DESTINATION}
"""Who can be told of a clock."""
SEAT: Final = CLOCKS
"""The seat of the process that keeps the time."""


def clocks_of(site: Path | None) -> ClockTables:
    """The tables of ``mappings/rules`` with those of a site's folder laid over them. Raises ClocksRefused."""
    folder = mappings_root().joinpath(FOLDER)
    ours, theirs = ({name: lines(place, name) for name in FILES} if place is not None else {} for place in (folder, site))
    return read_clocks(ours, theirs, _recipient) if ours[FILE] or theirs.get(FILE) else ClockTables()


def lines(folder: Traversable | Path, name: str) -> list[str]:
    """Those of a file of a folder, none where it is not there."""
    file = folder.joinpath(name)
    return file.read_text("utf-8").splitlines() if file.is_file() else []


def keeper_of(shop: Workshop, tables: ClockTables, told: Recipients) -> Timekeeper:
    """Who keeps the time of an engine's clocks."""
    keeper = Timekeeper(tables.limits, shop.store, shop.writes, told, shop.mint, shop.clock)
    shop.indexed.besides.append(lambda change: keeper.written(change.puts))
    if shop.following is not None:
        keeper.alone = lambda: shop.seats.take(SEAT)
        shop.hearing.also[SEAT] = keeper.heard
    return keeper


def _recipient(text: str) -> None:
    """Raise ValueError where nobody of that name can be told."""
    for each in recipients(text):
        if each.kind not in TOLD:
            raise ValueError(f"{each.kind} cannot be told: {', '.join(sorted(TOLD))}")
