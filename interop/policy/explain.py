"""Why something of a person may be seen, and for a denial what would change it: the clauses of the predicate, told one by one.

What is denied is told in one sentence for all who are not known, not involved and not consenting: which of these it is would tell
whether the person is known. Labels are never spoken of.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from interop.clock import instant
from interop.policy.absence import sharing
from interop.policy.decide import Question, permitted, rules
from interop.policy.facts import Facts
from interop.policy.rules import Rules
from interop.policy.tables import tables
from interop.store.where import About, All, Any, Not, Person, Present, Types, Where


class Said(NamedTuple):
    """What is said about a person (plan ``Access``): by which Patient's record, parameter, code, from low until before high."""

    patient: str
    parameter: str
    code: str
    low: int
    high: int


class Clause(NamedTuple):
    """A clause that decides: ``code`` and ``kind`` are a row of words.csv, ``words`` its sentence; ``source`` is the organisation
    that it is about."""

    code: str
    kind: str
    words: str
    source: str


class Explanation(NamedTuple):
    """Whether anything of the person may be seen, by which rows of the tables, which clauses decide, and what would change it."""

    permitted: bool
    rule: str
    clauses: tuple[Clause, ...]
    changes: tuple[Clause, ...]


def explain(question: Question, facts: Facts, people: Iterable[str], said: Iterable[Said], now: int) -> Explanation:
    """Why the asker may or may not see what is of ``question.type`` of a person: ``people`` are the ids of the person's Patients,
    none where nobody is known, ``said`` what is said about them. Pure."""
    by = rules(question.asker, facts, now)
    kind = tables().types.get(question.type, "")
    if by is None or not kind:
        return Explanation(False, question.asker.role or "nobody", (), _roles("", kind))
    named = {"role": by.role.name, "purpose": by.purpose.name, "class": kind}
    rule = f"{by.role.name}/{by.purpose.name}/{kind}"
    if not by.role.all and kind not in by.seen:
        purposes = (_clause("other-purpose", "change"),) if kind in by.role.sees else ()
        return Explanation(False, rule, (_clause("role", "fails", **named),), (*purposes, *_roles(by.role.name, kind)))
    clauses = [_clause("role", "holds", **named)]
    if not permitted(question):
        return Explanation(False, rule, (*clauses, _clause("scope", "fails")), (_clause("other-scope", "change"),))
    if by.role.all or by.of.classes[kind].about != "person":
        return Explanation(True, rule, (*clauses, _clause("open", "holds")), ())
    involved = _involved(by, frozenset(people), tuple(said))
    sources = _sources(by)
    if not involved:
        ways = (*_launch(by, question.id), *_ways(by), *_roles(by.role.name, kind), *_agreements(by))
        return Explanation(False, rule, (*clauses, _clause("involvement", "fails"), *sources), ways)
    return Explanation(True, rule, (*clauses, *involved, *sources), _agreements(by))


def _involved(by: Rules, people: frozenset[str], said: tuple[Said, ...]) -> tuple[Clause, ...]:
    """What opens the record of the person; () for nothing does."""

    def true(where: Where) -> bool:
        return bool(people) and holds(where, people, said)

    if not true(by.launched()):
        return ()
    if true(by.relationship()) and true(by.consent()):
        way = _clause({"care": "relationship"}.get(by.role.relationship, by.role.relationship), "holds")
        if by.role.consent != "asked":
            return (way,)
        return way, _clause("assumed" if by.of.models[by.facts.consent] == "assumed" else "consent", "holds")
    emergency = by.emergency()
    if isinstance(emergency, About) and true(emergency):
        until = max(one.high for one in said if _matches(one, emergency))
        return (_clause("break-glass", "holds", until=instant(until)),)
    return ()


def _sources(by: Rules) -> tuple[Clause, ...]:
    return tuple(
        _clause("agreement", "fails" if state else "holds", organisation=source, state=state)
        for source, state in sharing(by).items()
    )


def _agreements(by: Rules) -> tuple[Clause, ...]:
    failing = [source for source, state in sharing(by).items() if state]
    if failing and not by.takes_part:
        return (_clause("organisation-named", "change"),)
    return tuple(_clause("agreement-signed", "change", organisation=source) for source in failing)


def _launch(by: Rules, patient: str) -> tuple[Clause, ...]:
    """A token for one patient opens no other: told by what was asked alone, not by who is known."""
    return (_clause("other-launch", "change"),) if by.asker.patient not in ("", patient) else ()


def _ways(by: Rules) -> tuple[Clause, ...]:
    """What would open the record of a person to the asker, the least first: who is named nowhere cannot be named as involved, and
    only a user declares."""
    codes = []
    if by.facts.codes(by.asker):
        if by.role.relationship == "proxy":
            codes.append("proxy-given")
        if by.role.relationship == "care":
            codes.append("relationship-made")
            if "self-claim" in by.role.given and by.asker.user:
                codes.append("relationship-claimed")
        if by.role.consent == "asked":
            codes.append("consent-given")
    if "break-glass" in by.role.given and by.asker.user:
        codes.append("break-glass-declared")
    return tuple(_clause(code, "change") for code in codes)


def _roles(own: str, kind: str) -> tuple[Clause, ...]:
    """That somebody in another role asks, where one sees the class."""
    others = [role for role in tables().roles.values() if not role.all and role.name != own and kind in role.sees]
    return (_clause("other-role", "change"),) if others else ()


def holds(where: Where, people: frozenset[str], said: tuple[Said, ...]) -> bool:
    """Whether a clause about a person holds, by what is said about them."""
    match where:
        case All(parts):
            return all(holds(part, people, said) for part in parts)
        case Any(parts):
            return any(holds(part, people, said) for part in parts)
        case Not(part):
            return not holds(part, people, said)
        case About():
            return any(_matches(one, where) for one in said)
        case Types() | Present():
            return True  # whatever is about somebody
        case Person(_, patients):
            return not people.isdisjoint(patients)
    raise TypeError(where)


def _matches(one: Said, about: About) -> bool:
    return one.parameter == about.parameter and one.code in about.codes and one.low <= about.now < one.high


def _clause(code: str, kind: str, organisation: str = "", **named: str) -> Clause:
    words = tables().words[code, kind].format(organisation=organisation, **named)
    return Clause(code, kind, words, organisation)
