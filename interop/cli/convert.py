"""``interop convert``: messages to transaction Bundles, offline, with the published id key."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from interop.cli.progress import progress
from interop.cli.shown import on_terminal, say, table, wrong
from interop.errors import Problem
from interop.formats.json import write_json
from interop.ids import Mint
from interop.mapping.contribution import Contribution, Mapped
from interop.mapping.files import Delivery
from interop.mapping.library import Family, family_of
from interop.mapping.refusal import TablesRefused
from interop.mapping.runtime import Instance
from interop.ports import Adapter
from interop.record.fold import alone
from interop.record.state import said_by
from interop.record.umbrella import add_umbrellas

FLUSH = 1 << 18
OFTEN = 256
"""Messages between two words of how far it is."""


def convert(files: list[Path], *, report: bool, lineage: bool, as_json: bool) -> int:
    """Convert every message of every file; 1 where any failed, 2 where the tables cannot be used."""
    try:
        return _convert(files, report=report, lineage=lineage, as_json=as_json)
    except TablesRefused as refused:
        return wrong(f"{refused}\nThe tables cannot be used: interop tables checks them after each change.")


def _convert(files: list[Path], *, report: bool, lineage: bool, as_json: bool) -> int:
    gc.freeze()
    gc.set_threshold(500_000, 20, 100)
    work = _Converter(Mint())
    failed = 0
    lost: list[dict[str, Any]] = []
    out = bytearray()
    delivery = Delivery(files)
    with progress("converting", prints=not report) as working:
        for path in delivery.paths:
            source = quote(str(path), safe="/")
            number = 0
            try:
                for adapter, body in delivery.messages(path):
                    number += 1
                    try:
                        if lineage:
                            out += write_json(work.lineage(adapter, body, source)) + b"\n"
                        elif report:
                            lost.append(work.report(adapter, body, source, number))
                        else:
                            out += write_json(work.bundle(adapter, body, source)) + b"\n"
                    except Problem as problem:
                        failed += 1
                        _fail(path, number, problem)
                    if len(out) > FLUSH:
                        _write(out)
                    if not number % OFTEN:
                        working.more(OFTEN)
                if not number:  # an extract of a day without changes: a header and no rows
                    _tell({"file": str(path), "messages": 0})
            except Problem as problem:
                failed += 1
                _fail(path, number, problem)
    _write(out)
    if report:
        _show(lost, as_json)
    return 1 if failed else 0


class _Converter:
    def __init__(self, mint: Mint) -> None:
        self._mint = mint

    def mapped(self, adapter: Adapter, body: bytes) -> tuple[Mapped, str, Family]:
        """What a message yields, its type and the tables that hold for it; raises Problem."""
        envelope, tree = adapter.open(body)
        tables = family_of(envelope)
        try:
            made = tables.map(tree, envelope, self._mint)
        except Problem:
            raise
        except Exception as error:
            raise Problem("mapping-fault", detail=type(error).__name__) from error
        add_umbrellas(made, self._mint)
        return made, envelope.message, tables

    def bundle(self, adapter: Adapter, body: bytes, source: str) -> dict[str, Any]:
        """The transaction of one message. Of a Patient of whom it knows nothing but who took his place there is nothing to put."""
        made, _, _ = self.mapped(adapter, body)
        entries = []
        for one in made.contributions:
            if one.effect == "upsert":
                if (entry := _put(one)) is not None:
                    entries.append(entry)
            elif one.effect == "delete":
                entries.append({"request": {"method": "DELETE", "url": f"{one.type}/{one.id}"}})
        bundle: dict[str, Any] = {"resourceType": "Bundle", "meta": {"source": source}, "type": "transaction"}
        if entries:  # an empty array is no FHIR
            bundle["entry"] = entries
        return bundle

    def report(self, adapter: Adapter, body: bytes, source: str, number: int) -> dict[str, Any]:
        """The loss report of one message."""
        made, kind, tables = self.mapped(adapter, body)
        counted = Counter(made.losses)
        rows = tables.rows()
        losses = [
            {
                "path": loss.path,
                "reason": loss.reason,
                "row": loss.row,
                "why": rows[loss.row].why if loss.row in rows else "",
                "count": count,
            }
            for loss, count in sorted(counted.items())
        ]
        return {
            "source": source,
            "message": number,
            "family": adapter.name,
            "type": kind,
            "carried": made.carried,
            "lost": len(made.losses),
            "losses": losses,
        }

    def lineage(self, adapter: Adapter, body: bytes, source: str) -> dict[str, Any]:
        """Source field and table row of every element of one message."""
        envelope, tree = adapter.open(body)
        steps: list[tuple[str, Instance, str, str, Any]] = []
        tables = family_of(envelope, traced=True)
        rows = tables.rows()
        made = tables.map(
            tree,
            envelope,
            self._mint,
            lambda row, instance, register, path, value: steps.append((row, instance, register, path, value)),
        )
        lines = [
            {
                "resource": f"{one.type}/{one.id}",
                "element": register.partition(":")[0],
                "file": rows[row].file if row in rows else "",
                "row": row,
                "source": path,
                "value": value,
            }
            for row, one, register, path, value in steps
        ]
        return {"source": source, "type": envelope.message, "tables": made.digest, "lineage": lines}


def _put(one: Contribution) -> Any:
    """The entry of what the record would hold of a resource, made once for all that are equal; None where that is nothing."""
    if one.derived and (known := one.derived.get("entry")) is not None:
        return known
    body = alone(one.type, said_by(one))
    if body is None:
        return None
    resource = {"resourceType": one.type, "id": one.id} | body
    entry = {"resource": resource, "request": {"method": "PUT", "url": f"{one.type}/{one.id}"}}
    if one.derived is None:
        return entry
    made = one.derived["entry"] = orjson.Fragment(write_json(entry))
    return made


def _fail(path: Path, number: int, problem: Problem) -> None:
    said: dict[str, Any] = {"file": str(path), **problem.as_json()}
    if number:
        said["message"] = number
    _tell(said)


def _tell(said: dict[str, Any]) -> None:
    sys.stderr.buffer.write(write_json(said) + b"\n")
    sys.stderr.buffer.flush()


def _write(out: bytearray) -> None:
    sys.stdout.buffer.write(out)
    sys.stdout.buffer.flush()
    out.clear()


def _show(reports: list[dict[str, Any]], as_json: bool) -> None:
    if as_json or not on_terminal(sys.stdout):
        for report in reports:
            sys.stdout.buffer.write(write_json(report) + b"\n")
        sys.stdout.buffer.flush()
        return
    for report in reports:
        say(f"{report['source']} {report['type']}: {report['carried']} fields carried, {report['lost']} not")
        losses = [(loss["path"], loss["count"], loss["reason"], loss["row"], loss["why"]) for loss in report["losses"]]
        table(("source field", "times", "reason", "row", "why"), losses)
        print()
    print("All messages")
    table(*_shares(reports))


def _shares(reports: list[dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """Columns and a row for each family: fields carried, left out on purpose, and lost for each other reason."""
    counted: dict[str, Counter[str]] = {}
    for report in reports:
        of = counted.setdefault(report["family"], Counter())
        of["messages"] += 1
        of["carried"] += report["carried"]
        for loss in report["losses"]:
            of[loss["reason"]] += loss["count"]
    reasons = sorted({reason for of in counted.values() for reason in of} - {"messages", "carried"})
    rows: list[list[Any]] = []
    for name, of in sorted(counted.items()):
        whole = of.total() - of["messages"]
        share = f"{of['carried'] / whole:.1%}" if whole else ""
        rows.append([name, *(of[what] for what in ("messages", "carried", *reasons)), share])
    return ["family", "messages", "carried", *reasons, "share carried"], rows
