"""When what opens a record begins and ends: to the second, over days, zones and leap years, and with a clock that goes back."""

from __future__ import annotations

import random
from typing import Any

import pytest

from interop.policy.access import access_rows
from interop.policy.agreements import agreements
from interop.policy.asker import Asker
from interop.policy.decide import Question, decide
from interop.policy.explain import Said, explain
from interop.policy.facts import Agreement, Facts
from interop.policy.grants import DAY, HOUR, USER
from interop.policy.relationships import BEFORE, CATEGORY, CLAIM, GRACE, REFERRAL
from tests.spec.policy.cells import Cell, cell
from tests.spec.policy.evaluate import given
from tests.spec.policy.oracle import Claim, Somebody
from tests.spec.policy.test_held_agreements import AGREED, nobody
from tests.spec.policy.test_held_agreements import contract as written
from tests.spec.policy.test_held_consents import CONSENT, DENY, PERMIT, concept, labels
from tests.spec.policy.test_held_relationships import BOOKED, ENCOUNTER, NURSE, REFERRED, RX1, TEAM, at

SECOND = 1_000_000
OWN, TRUST = "RX1", "RA2"
WHO = Asker("https://issuer.test|nurse", "hospital-clinician", OWN, scopes=None)
TEAMED: dict[str, Any] = {**TEAM, "participant": [{"member": RX1}]}
GIVEN: dict[str, Any] = {**CONSENT, "provision": PERMIT}
BROKEN: dict[str, Any] = {
    **CONSENT,
    "category": [concept(CATEGORY, "break-glass")],
    "provision": {**PERMIT, "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "BTG"}],
                  "actor": [{"reference": {"identifier": {"system": USER, "value": WHO.user}}}]},
}  # fmt: skip
LEAP = (
    ("2028-02-29", "2028-03-01T00:00:00Z"),
    ("2028-02", "2028-03-01T00:00:00Z"),
    ("2027-02", "2027-03-01T00:00:00Z"),
    ("2028", "2029-01-01T00:00:00Z"),
    ("2026-12-31T23:59:60Z", "2027-01-01T00:00:01Z"),
)
ENDS = (
    ("2026-06-30", "2026-07-01T00:00:00Z"),
    ("2026-06", "2026-07-01T00:00:00Z"),
    ("2026-06-30T17:30:00Z", "2026-06-30T17:30:01Z"),
    ("2026-06-30T17:30:00+01:00", "2026-06-30T16:30:01Z"),
    ("2026-06-30T23:30:00-05:00", "2026-07-01T04:30:01Z"),
    ("2026-06-30T17:30:00.250Z", "2026-06-30T17:30:00Z"),
    *LEAP,
)
"""What an end is given as, and the first second in which it no longer holds. A day, month or year is whole, and of UTC."""
STARTS = (
    ("2026-06-30", "2026-06-30T00:00:00Z"),
    ("2026-06", "2026-06-01T00:00:00Z"),
    ("2026", "2026-01-01T00:00:00Z"),
    ("2026-06-30T17:30:00Z", "2026-06-30T17:30:00Z"),
    ("2026-06-30T17:30:00+01:00", "2026-06-30T16:30:00Z"),
    ("2026-06-30T17:30:00.999Z", "2026-06-30T17:30:00Z"),
    ("2028-02-29", "2028-02-29T00:00:00Z"),
)
"""What a start is given as, and the first second in which it holds."""


def held(*resources: dict[str, Any], source: str = OWN) -> Cell:
    """An observation of a person of whom the resources tell."""
    rows = [row for each in resources for row in access_rows(each) if row.kind == "access"]
    claims = tuple(Claim(row.parameter, row.a, int(row.b), int(row.c)) for row in rows)
    return cell(1, "Observation", Somebody(frozenset(("p1",)), claims), frozenset(), frozenset((source,)))


def opened(now: int, one: Cell, facts: Facts = Facts()) -> bool:
    """Whether it is given at that time; what is explained says the same."""
    permitted = given(decide(Question("read", "Observation", "1", WHO), facts, now), one)
    (somebody,) = one.thing.about
    said = [Said("p1", c.what, c.code, c.begins, c.ends) for c in somebody.claims]
    told = explain(Question("read", "Observation", "1", WHO), facts, ("p1",), said, now)
    assert permitted == (told.permitted and not any(clause.kind == "fails" for clause in told.clauses))
    return permitted


def turns(one: Cell, second: str | int, *, opens: bool, facts: Facts = Facts()) -> None:
    """It opens or shuts with the very second, whatever part of it."""
    first = at(second) if isinstance(second, str) else second
    for microsecond in (0, 1, SECOND - 1):
        assert opened(first - SECOND + microsecond, one, facts) != opens
        assert opened(first + microsecond, one, facts) == opens


@pytest.mark.parametrize(("end", "shut"), ENDS)
class TestEnds:
    def test_of_a_consent(self, end: str, shut: str) -> None:
        turns(held(TEAMED, {**GIVEN, "provision": {**PERMIT, "period": {"end": end}}}), shut, opens=False)

    def test_of_a_refusal(self, end: str, shut: str) -> None:
        refused = {**CONSENT, "provision": {**DENY, "period": {"end": end}}}
        turns(held(TEAMED, GIVEN, refused), shut, opens=True)

    def test_of_a_care_team_and_of_who_takes_part_in_it(self, end: str, shut: str) -> None:
        turns(held(GIVEN, {**TEAMED, "period": {"end": end}}), shut, opens=False)
        turns(held(GIVEN, {**TEAMED, "participant": [{"member": RX1, "period": {"end": end}}]}), shut, opens=False)

    def test_of_an_agreement(self, end: str, shut: str) -> None:
        made = {**written(AGREED), "subject": [{"identifier": RX1["identifier"] | {"value": TRUST}}], "applies": {"end": end}}
        facts = Facts(agreements(made, nobody))
        turns(held(TEAMED, GIVEN, source=TRUST), shut, opens=False, facts=facts)

    def test_of_an_encounter_three_days_later(self, end: str, shut: str) -> None:
        told = {**ENCOUNTER, "status": "finished", "period": {"start": "2026-01-01", "end": end}}
        first = at(shut) if not end.endswith(".250Z") else at(end) + 10
        turns(held(GIVEN, told), (first + GRACE) // SECOND * SECOND, opens=False)


@pytest.mark.parametrize(("start", "open_"), STARTS)
class TestStarts:
    def test_of_a_consent(self, start: str, open_: str) -> None:
        turns(held(TEAMED, {**GIVEN, "provision": {**PERMIT, "period": {"start": start}}}), open_, opens=True)
        turns(held(TEAMED, {**GIVEN, "dateTime": start}), open_, opens=True)

    def test_of_a_refusal(self, start: str, open_: str) -> None:
        refused = {**CONSENT, "provision": {**DENY, "period": {"start": start}}}
        turns(held(TEAMED, GIVEN, refused), open_, opens=False)

    def test_of_a_care_team(self, start: str, open_: str) -> None:
        turns(held(GIVEN, {**TEAMED, "period": {"start": start}}), open_, opens=True)

    def test_of_an_agreement(self, start: str, open_: str) -> None:
        made = {**written(AGREED), "subject": [{"identifier": RX1["identifier"] | {"value": TRUST}}], "applies": {"start": start}}
        turns(held(TEAMED, GIVEN, source=TRUST), open_, opens=True, facts=Facts(agreements(made, nobody)))

    def test_of_an_encounter(self, start: str, open_: str) -> None:
        turns(held(GIVEN, {**ENCOUNTER, "period": {"start": start}}), open_, opens=True)

    def test_of_an_emergency_and_its_end_a_day_later_at_the_latest(self, start: str, open_: str) -> None:
        provision = {**BROKEN["provision"], "period": {"start": start}}
        one = held({**BROKEN, "provision": provision})
        turns(one, open_, opens=True)
        turns(one, at(open_) + 24 * HOUR, opens=False)

    def test_of_a_claim_and_its_end_after_ninety_days_at_the_latest(self, start: str, open_: str) -> None:
        team = {**TEAM, "category": [concept(CATEGORY, "self-claimed")], "participant": [{"member": NURSE}]}
        one = held(GIVEN, {**team, "period": {"start": start, "end": "2099"}})
        turns(one, open_, opens=True)
        turns(one, at(open_) + CLAIM, opens=False)
        assert CLAIM == 90 * DAY


def test_an_emergency_of_four_hours_ends_with_its_last_second() -> None:
    start = at("2026-03-29T00:30:00Z")
    period = {"start": "2026-03-29T00:30:00Z", "end": "2026-03-29T05:29:59+01:00"}
    one = held({**BROKEN, "provision": {**BROKEN["provision"], "period": period}})
    turns(one, start, opens=True)
    turns(one, start + 4 * HOUR, opens=False)


def test_an_appointment_is_prepared_for_and_followed_up() -> None:
    one = held(GIVEN, {**BOOKED, "start": "2026-03-10T09:00:00Z", "end": "2026-03-10T09:30:00Z"})
    turns(one, at("2026-03-10T09:00:00Z") - BEFORE, opens=True)
    turns(one, at("2026-03-10T09:30:01Z") + GRACE, opens=False)


def test_a_referral_is_forgotten_to_the_second() -> None:
    turns(held(GIVEN, {**REFERRED, "authoredOn": "2026-03-10"}), at("2026-03-11") + REFERRAL, opens=False)


@pytest.mark.parametrize("day", ["2027-02-29", "2026-02-30", "2026-13-01", "2026-00-10", "2026-04-31", "2100-02-29"])
def test_a_day_that_there_is_not_opens_nothing_and_shuts_always(day: str) -> None:
    for now in ("2020", "2026-06-01", "2099"):
        assert not opened(at(now), held(TEAMED, {**GIVEN, "provision": {**PERMIT, "period": {"end": day}}}))
        assert not opened(at(now), held(GIVEN, {**TEAMED, "period": {"start": day}}))
        assert not opened(at(now), held(TEAMED, GIVEN, {**CONSENT, "provision": {**DENY, "period": {"end": day}}}))


def test_what_ends_as_the_next_begins_leaves_no_second_between() -> None:
    first = {**GIVEN, "provision": {**PERMIT, "period": {"end": "2026-06-30"}}}
    second = {**GIVEN, "provision": {**PERMIT, "period": {"start": "2026-07-01"}}}
    one, turn = held(TEAMED, first, second), at("2026-07-01")
    assert all(opened(turn + step * SECOND, one) for step in range(-3, 4))
    signed = [Agreement(str(n), TRUST, "", (), *span, "active") for n, span in enumerate(((0, turn), (turn, turn * 2)))]
    shared = held(TEAMED, GIVEN, source=TRUST)
    assert all(opened(turn + step * SECOND, shared, Facts(tuple(signed))) for step in range(-3, 4))


def test_what_a_label_was_given_for_ends_with_it() -> None:
    provision = {**PERMIT, "provision": [{**PERMIT, **labels("HIV"), "period": {"end": "2026-06-30"}}]}
    one = held(TEAMED, {**CONSENT, "provision": provision})
    label = cell(1, "Observation", one.thing.about[0], frozenset(("HIV",)), frozenset((OWN,)))
    question = Question("read", "Observation", "1", WHO)
    last = at("2026-07-01")
    assert given(decide(question, Facts(), last - 1), label)
    assert not given(decide(question, Facts(), last), label)
    assert given(decide(question, Facts(), last), one)


def test_a_clock_that_goes_back_decides_as_it_did_then() -> None:
    """What is remembered of a second is of that second: neither what was to come nor what is over stays."""
    choice = random.Random(11)
    start, end = at("2026-06-01"), at("2026-07-01")
    one = held(TEAMED, {**GIVEN, "provision": {**PERMIT, "period": {"start": "2026-06-01", "end": "2026-06-30"}}})
    facts = Facts((Agreement("1", TRUST, "", (), start, end, "active"),))
    shared = held(TEAMED, GIVEN, source=TRUST)
    for _ in range(400):
        now = choice.choice((start, end)) + choice.randrange(-3 * SECOND, 3 * SECOND)
        assert opened(now, one) == (start <= now < end)
        assert opened(now, shared, facts) == (start <= now < end)
