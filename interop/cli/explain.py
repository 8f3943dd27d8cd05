"""``interop explain``: every element of a resource with the message, source field and table row that it comes from.

Each message that speaks in the present content is mapped again, with tracing, by the tables that it was mapped by then.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

from interop.app.keys import id_key
from interop.app.opening import named, open_store
from interop.apply.lineages import family_by
from interop.cli.hiding import MASKED, hides
from interop.cli.shown import say, table, wrong
from interop.clock import instant
from interop.errors import Problem
from interop.formats.json import write_json
from interop.ids import Mint
from interop.mapping.library import Said, adapters
from interop.mapping.runtime import Instance
from interop.mapping.sites import FOLDER
from interop.ports.feed import organisation
from interop.record.lineage import Origin, origins
from interop.record.state import load
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Heads, Message, Read
from interop.store.seam import Store
from interop.store.values import Entry, Stored

_BRACKETS = re.compile(r"\[[^\]]*\]")
_UNSAID = Said("", "", "")


def explain(resource: str, data: Path, database: str | None = None, *, as_json: bool, whereabouts: bool = False) -> int:
    """Print the lineage of ``Type/id``; 1 where there is no such resource or directory. Without values where it is about somebody
    whose whereabouts are hidden, unless ``whereabouts`` is said."""
    kind, _, rest = resource.partition("/")
    id_, _, below = rest.partition("/")
    if not id_:
        return wrong(f"{resource} is not Type/id, such as Encounter/4f2k…")
    try:
        lines = asyncio.run(_explain(kind, id_, data, database, whereabouts))
    except ValueError as error:
        return wrong(f"--database: {error}")
    except (OSError, Problem):
        own = "directory with --data" if database is None else "database with --database"
        return wrong(f"There is no record in {named(data, database)}: name the engine's {own}.", 1)
    if not lines:
        return wrong(f"There is no {kind}/{id_} in {named(data, database)}: check type and id.", 1)
    lines = [line for line in lines if line["element"].startswith(below)]
    if as_json:
        for line in lines:
            sys.stdout.buffer.write(write_json(line) + b"\n")
        return 0
    say(f"{kind}/{id_}")
    whys = {line["row"]: line["why"] for line in lines if line["why"]}
    rows = [
        (line["element"], _short(line["value"]), line["source"], _row(line), f"{line['feed']} {line['message']}") for line in lines
    ]
    notes = [f"{row or 'without a row'}: {why}" for row, why in sorted(whys.items())]
    table(("element", "value", "source field", "row", "message"), rows, notes=notes)
    return 0


async def _explain(kind: str, id_: str, data: Path, database: str | None, whereabouts: bool) -> list[dict[str, Any]]:
    """Values are masked where they may tell where somebody is."""
    store = await open_store(data, database, read_only=True)
    try:
        lines = await _lines(store, kind, id_, data)
        if lines and not whereabouts and await hides(store, (kind, id_)):
            lines = [line | {"value": MASKED} for line in lines]
    finally:
        await store.close()
    return lines


async def _lines(store: Store, kind: str, id_: str, data: Path) -> list[dict[str, Any]]:
    found = await store.query(Read(PERMIT_ALL, kind, id_))
    heads = await store.query(Heads(((kind, id_),)))
    if not found or not heads:
        return []
    states = {key: load(state) for key, state in heads[0].contributions.items()}
    if not states:
        entries = await store.query(Message(found[0].message))
        return [_line("*", None, entries[0], "the body that was written", "", _UNSAID)] if entries else []
    mint = Mint(id_key(data))
    traces: dict[int, _Trace] = {}
    lines = []
    for origin in origins(kind, states):
        if origin.message not in traces:
            entries = await store.query(Message(origin.message))
            traces[origin.message] = await _trace(store, entries[0], found[0], mint)
        lines += traces[origin.message].lines(origin, id_)
    return lines


class _Trace:
    """One message mapped again: its steps, and what each row says."""

    def __init__(self, entry: Entry, rows: dict[str, Said]) -> None:
        self.entry, self._rows = entry, rows
        self.steps: list[tuple[str, Instance, str, str, Any]] = []

    def lines(self, origin: Origin, id_: str) -> list[dict[str, Any]]:
        """The steps that made a register of a resource; one line without a row where the engine itself did."""
        register = origin.register.partition("@")[0].partition("#")[0]
        steps = [(row, path, value) for row, one, at, path, value in self.steps if at == register and one.id == id_]
        if not steps:
            return [_line(origin.register.partition(":")[0], origin.value, self.entry, "", "", Said("", "made by the engine", ""))]
        lines = []
        for row, path, value in steps:
            said = self._rows.get(row, _UNSAID)
            lines.append(_line(_BRACKETS.sub("", said.to), value, self.entry, path, row, said))
        return lines


def _line(element: str, value: Any, entry: Entry, source: str, row: str, said: Said) -> dict[str, Any]:
    return {
        "element": element,
        "value": value,
        "source": source,
        "file": said.file,
        "row": row,
        "codes": said.codes,
        "why": said.why,
        "feed": entry.feed,
        "message": entry.message,
        "type": entry.type,
        "received": instant(entry.received),
    }


async def _trace(store: Store, entry: Entry, stored: Stored, mint: Mint) -> _Trace:
    """The message mapped as one of the source, of those that the resource comes from, whose it seems to be."""
    envelope, source = adapters()[entry.adapter].open(entry.body)
    family = await family_by(store, stored.tables, envelope)
    trace = _Trace(entry, family.rows())
    claimed = organisation(envelope.organisation)
    for whose in sorted(stored.source.split(","), key=lambda name: name != claimed):
        trace.steps.clear()
        family.map(source, envelope, mint, lambda *step: trace.steps.append(step), whose)
        if any(one.id == stored.id for _, one, *_ in trace.steps):
            break
    return trace


def _row(line: dict[str, Any]) -> str:
    """The row, with the files of the site that sent the message where it says something otherwise."""
    files = [file for file in (line["file"], line["codes"]) if file.startswith(f"{FOLDER}/")]
    return " ".join([line["row"], *(f"({file})" for file in files)])


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(json.loads(write_json(value)), ensure_ascii=False)
    return text if len(text) <= 100 else text[:97] + "…"
