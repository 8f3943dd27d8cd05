"""``interop rebuild``: the record made again from the journal, beside the one that is."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from interop.cli.serve import prepare, settings_of, started
from interop.store.sqlite.copy import copy_journal, has_journal


def rebuild(data: Path, into: Path, *, mappers: int | None, feeds: Path | None, test_numbers: bool, as_json: bool) -> int:
    """Copy the journal and the id key to ``into`` and work the journal off there; 1 where that cannot be."""
    if not has_journal(data):
        print(f"There is no journal in {data}: name the engine's directory with --data.", file=sys.stderr)
        return 1
    if into.exists() and any(into.iterdir()):
        print(f"{into} is not empty: name a new directory with --into.", file=sys.stderr)
        return 1
    settings = settings_of(data=into, mappers=mappers, feeds=feeds, test_numbers=test_numbers)
    if settings is None:
        return 2
    prepare()
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy(data / "id.key", into / "id.key")
    copy_journal(data, into)
    return started(_work_off(settings, as_json), settings)


async def _work_off(settings: Any, as_json: bool) -> int:
    from rich.console import Console
    from rich.progress import Progress

    from interop.app.feeds import feeds_of
    from interop.app.workshop import working
    from interop.mapping.library import adapters

    async with working(settings, feeds_of(settings, list(adapters()))) as workshop:
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("rebuilding", total=workshop.unfinished)
            while workshop.unfinished:
                progress.update(task, completed=workshop.finished)
                await asyncio.sleep(0.05)
        said = {"messages": workshop.finished, "record": str(settings.data)}
    print(json.dumps(said) if as_json else f"{said['messages']} messages applied again; the record is in {said['record']}")
    return 0
