"""Which SQL answers a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interop.store import plan as plans
from interop.store.sql import (
    browsing,
    counting,
    deliveries,
    engine,
    exporting,
    ledger,
    news,
    pairs,
    resources,
    retention,
    searching,
    taken,
)
from interop.store.sql.coded import coded
from interop.store.sql.dialect import Dialect
from interop.store.sql.estimates import Estimates
from interop.store.sql.names import Names
from interop.store.sql.shapes import Shapes
from interop.store.sql.statement import Steps

Answers = dict[type, tuple[Callable[[Any], Steps[list[Any]]], bool]]
"""For each plan its steps, and whether they are long from the start."""


def answers(names: Names, dialect: Dialect, shapes: Shapes, kept: Estimates) -> Answers:
    """How both databases answer plans; ``Feeds`` is counted by the store itself."""
    return {
        plans.Read: (lambda plan: resources.read(plan, names, dialect, shapes), False),
        plans.ReadVersion: (lambda plan: resources.read_version(plan, names, dialect, shapes), False),
        plans.History: (lambda plan: resources.history(plan, names, dialect, shapes), False),
        plans.Several: (lambda plan: resources.several(plan, names, dialect, shapes), False),
        plans.Search: (lambda plan: searching.search(plan, names, dialect, shapes, kept), False),
        plans.Count: (lambda plan: counting.count(plan, names, dialect, shapes, kept), True),
        plans.Compartment: (lambda plan: resources.compartment(plan, names, dialect, shapes), False),
        plans.Coded: (lambda plan: coded(plan, names, dialect, shapes, kept), False),
        plans.Heads: (lambda plan: engine.heads(plan, names, dialect), False),
        plans.Versions: (lambda plan: taken.versions(plan, dialect), False),
        plans.Made: (lambda plan: taken.made(plan), True),
        plans.Sharing: (lambda plan: taken.sharing(plan), True),
        plans.Replayable: (lambda plan: ledger.replayable(plan), True),
        plans.Snapshots: (lambda plan: engine.snapshots(plan, dialect), False),
        plans.Said: (lambda plan: engine.said(plan, dialect), False),
        plans.Persons: (lambda plan: engine.persons(plan), False),
        plans.Claims: (lambda plan: engine.claims(plan, names), False),
        plans.Group: (lambda plan: resources.group(plan, names, dialect, shapes), False),
        plans.Access: (lambda plan: engine.access(plan, names, dialect), False),
        plans.Pairs: (lambda plan: pairs.pairs(plan), False),
        plans.Undecided: (lambda plan: pairs.undecided(plan), False),
        plans.Contributors: (lambda plan: engine.contributors(), False),
        plans.LinkHistory: (lambda plan: engine.link_history(plan), False),
        plans.Tables: (lambda plan: engine.tables(plan), False),
        plans.KeptTables: (lambda plan: engine.kept_tables(), True),
        plans.Meta: (lambda plan: engine.meta(plan), False),
        plans.Noted: (lambda plan: engine.noted(plan), False),
        plans.Spent: (lambda plan: engine.spent(plan), False),
        plans.Held: (lambda plan: engine.held(plan), False),
        plans.Deliveries: (lambda plan: deliveries.deliveries(plan), False),
        plans.LastNumber: (lambda plan: deliveries.last_number(plan), False),
        plans.Queues: (lambda plan: deliveries.queues(), True),
        plans.NewsSince: (lambda plan: news.since(plan), False),
        plans.Unfinished: (lambda plan: ledger.unfinished(plan), False),
        plans.Left: (lambda plan: ledger.left(plan), True),
        plans.Turn: (lambda plan: engine.turn(), False),
        plans.Message: (lambda plan: ledger.message(plan), False),
        plans.Messages: (lambda plan: ledger.messages(plan), True),
        plans.Browse: (lambda plan: browsing.browse(plan), True),
        plans.Browsed: (lambda plan: browsing.browsed(plan), True),
        plans.Shelf: (lambda plan: browsing.shelf(), True),
        plans.Repetitions: (lambda plan: browsing.repetitions(plan), False),
        plans.Coverage: (lambda plan: ledger.coverage(plan), True),
        plans.Hiding: (lambda plan: exporting.hiding(plan, names), True),
        plans.Disposable: (lambda plan: retention.disposable(plan), True),
        plans.Emptied: (lambda plan: retention.emptied(), True),
        plans.Replaced: (lambda plan: retention.replaced(plan), True),
        plans.Sourced: (lambda plan: retention.sourced(plan), True),
        plans.Everything: (lambda plan: ledger.everything(plan, 2**62), True),
    }
