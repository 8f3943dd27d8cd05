"""A predicate applied to one cell in memory: what a store does with it, for tests that decide ten thousands of times."""

from __future__ import annotations

from interop.policy.asker import Asker
from interop.policy.decide import Question, decide
from interop.policy.facts import Facts
from interop.store.decision import Decision
from interop.store.where import About, All, Any, Ids, Not, Person, Present, Sources, Token, Tokens, Types, Where
from tests.spec.policy.cells import NOW, Cell
from tests.spec.policy.oracle import Somebody


def holds(where: Where, cell: Cell) -> bool:
    """Whether a part holds of a cell, as ``interop.store.where`` says."""
    match where:
        case All(parts):
            return all(holds(part, cell) for part in parts)
        case Any(parts):
            return any(holds(part, cell) for part in parts)
        case Not(part):
            return not holds(part, cell)
        case Types(types):
            return cell.thing.type in types
        case Sources(names):
            return cell.thing.sources <= set(names)
        case Tokens(parameter, pairs):
            return any(row.kind == "token" and row.parameter == parameter and (row.a, row.b) in pairs for row in cell.rows)
        case Token(parameter, code, system):
            return any((row.parameter, row.kind, row.a, row.b) == (parameter, "token", system, code) for row in cell.rows)
        case Present(parameter):
            return any(row.parameter == parameter for row in cell.rows)
        case Person("", patients):
            return any(not somebody.ids.isdisjoint(patients) for somebody in cell.thing.about)
        case Ids(ids):
            return cell.id in ids
        case About():
            found = [_said(somebody, where) for somebody in cell.thing.about]
            return bool(found) and (all(found) if where.every else any(found))
    raise TypeError(where)


def _said(somebody: Somebody, about: About) -> bool:
    return any(
        claim.what == about.parameter and (claim.code in about.codes or not about.codes) and claim.begins <= about.now < claim.ends
        for claim in somebody.claims
    )


def given(decision: Decision, cell: Cell) -> bool:
    """Whether a Decision gives a cell."""
    return not decision.refusal and (decision.predicate is None or holds(decision.predicate, cell))


def read(asker: Asker, cell: Cell, facts: Facts, now: int = NOW, interaction: str = "read", narrowed: tuple = ()) -> bool:  # type: ignore[type-arg]
    """Whether an asker is given a cell by an interaction with it."""
    return given(decide(Question(interaction, cell.thing.type, cell.id, asker, narrowed), facts, now), cell)
