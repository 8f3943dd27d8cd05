"""What is not there and why, spoken from agreements, consent to the whole record and the health of feeds; never from rows.

Whoever asks is told the same of a person who is not known, of one who has not consented, and of one with whom they have nothing to
do. What a label holds back is never spoken of.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from interop.clock import instant
from interop.policy.decide import Question, permitted, rules
from interop.policy.facts import Agreement, Facts
from interop.policy.rules import Rules
from interop.policy.tables import tables
from interop.store.where import All, Any, Where

SYSTEM: Final = "urn:interop:absence"
"""The code system of ``Absence.code``."""
WORSE: Final = ("pending", "withdrawn", "ended")
"""States of agreements that are not in force; of several agreements the first of these is told."""


class FeedHealth(NamedTuple):
    """How a feed is: ``well``, ``stale``, ``down`` or, besides, ``incomplete``; ``since`` in microseconds;
    ``organisation`` '' where it is of nobody."""

    feed: str
    organisation: str
    state: str
    since: int


class Absence(NamedTuple):
    """``code`` is ``not-shared``, ``withheld``, ``down``, ``stale`` or ``incomplete``, ``issue`` of FHIR R4
    ``IssueType``; ``source`` is the organisation that it is about, '' for none; ``since`` in microseconds, 0 for never told."""

    code: str
    issue: str
    words: str
    source: str
    since: int


def gate(question: Question, facts: Facts, now: int) -> Where | None:
    """What must hold of a Patient before anything else of the person is shown: a relationship and consent, or an emergency; with a
    token for one patient, that it is that person: of anybody else it tells no more than of nobody.

    None where nothing is asked: of the tester, of people about themselves, of roles that see nobody."""
    by = rules(question.asker, facts, now)
    if by is None or by.role.relationship in ("self", "none"):
        return None
    opened = Any((All((by.relationship(), by.consent())), by.emergency()))
    return All((opened, by.launched())) if by.asker.patient else opened


def absence(question: Question, facts: Facts, feeds: Iterable[FeedHealth], passed: bool, now: int) -> tuple[Absence, ...]:
    """What the answer about a person lacks; ``passed``: whether the person is known and ``gate`` holds of them."""
    by = rules(question.asker, facts, now)
    if by is None or by.role.all or not by.types(by.seen, "person"):
        return ()
    found = [] if passed or gate(question, facts, now) is None else [_absence("withheld")]
    states = sharing(by)
    found += [_absence(state, organisation) for organisation, state in states.items() if state]
    for feed in sorted(feeds):
        if feed.state in ("down", "stale", "incomplete") and not states.get(feed.organisation):
            found.append(_absence(feed.state, feed.organisation or feed.feed, feed.since))
    return tuple(found)


def closed(question: Question, types: Iterable[str], facts: Facts, now: int) -> frozenset[str]:
    """Those of the types of which who asks is given nothing, whoever it is about: their role, purpose or token is not for them."""
    by = rules(question.asker, facts, now)
    if by is None or by.role.all:
        return frozenset()
    given = {type_ for type_ in types if by.of.types[type_] in by.seen and permitted(question._replace(type=type_))}
    return frozenset(types) - given


def sharing(by: Rules) -> dict[str, str]:
    """How it stands with each organisation that contributes, by name: '' where it shares with the asker for the purpose, else
    ``pending``, ``withdrawn``, ``ended`` or ``none``. The asker's own needs no agreement."""
    own = by.asker.organisation
    sources = sorted({*by.facts.sources, *(one.source for one in by.facts.agreements)} - {own, ""})
    told: dict[str, list[str]] = {source: [] for source in sources}
    for one in by.facts.agreements:
        if one.source in told and by.covers(one, by.purpose.agreements):
            told[one.source].append("" if one.holds(by.now) else _state(one, by.now))
    return {source: min(states, key=("", *WORSE).index, default="none") for source, states in told.items()}


def _state(agreement: Agreement, now: int) -> str:
    """Of one that is not in force."""
    if agreement.status == "active":
        return "pending" if now < agreement.start else "ended"
    return agreement.status


def _absence(state: str, organisation: str = "", since: int = 0) -> Absence:
    code, issue, words = tables().absence[state]
    return Absence(code, issue, words.format(organisation=organisation, since=instant(since)), organisation, since)
