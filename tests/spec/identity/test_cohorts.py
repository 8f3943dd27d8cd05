"""Nobody is taken for another, and those who are one are found: over people made up from a seed, by the rules and weights alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from interop.identity.grouping import groups
from interop.identity.judging import judged
from interop.identity.known import known_of
from interop.identity.linking import identity_of
from interop.ids import NHS_NUMBER
from tests.spec.identity.cohorts import FALSE, TRUE, Cohort, Two, numbered

SEED = 20_261_122
NEVER_BY_ITSELF = ("birth date slip", "no birth date", "known by the middle name")


def linked(two: Two) -> bool:
    """Whether the two records are one person by themselves."""
    identities = {"a": identity_of(two.a, test_numbers=True), "b": identity_of(two.b, test_numbers=True)}
    return len(groups(identities, (), {})) == 1


def queued(two: Two) -> str:
    """Why people are to decide about the two; '' = they are not asked."""
    return judged(known_of(two.a, test_numbers=True), known_of(two.b, test_numbers=True)).why


@pytest.mark.parametrize("count", [3_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_no_two_people_are_linked(count: int) -> None:
    print(f"seed {SEED}, {count} pairs of two people of {len(FALSE)} kinds")
    wrong = Counter(two.kind for two in Cohort(SEED).false_pairs(count) if linked(two))
    assert wrong == {}


@pytest.mark.parametrize("count", [3_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_at_least_98_of_100_verified_pairs_of_one_person_are_linked(count: int) -> None:
    """The rest is on the queue. Where the birth date says otherwise, or nothing, a verified number is not enough."""
    all_of, found, lost = Counter[str](), Counter[str](), Counter[str]()
    for two in Cohort(SEED).true_pairs(count):
        all_of[two.kind] += 1
        if linked(two):
            found[two.kind] += 1
        elif not queued(two):
            lost[two.kind] += 1
    print(f"seed {SEED}: {found.total()} of {count} linked")
    for kind in TRUE:
        print(f"  {kind}: {found[kind]} of {all_of[kind]}")
    assert found.total() >= 0.98 * count
    assert lost == {}, "who is not linked is on the queue"
    assert all(found[kind] == 0 for kind in NEVER_BY_ITSELF)


def as_stated(record: dict[str, Any], status: str) -> dict[str, Any]:
    """The record with this status of its number, '' = with none."""
    told = [numbered(each["value"], status) if each["system"] == NHS_NUMBER else each for each in record.get("identifier", ())]
    return {**record, "identifier": told}


@pytest.mark.parametrize("count", [1_500, pytest.param(10_000, marks=pytest.mark.long)])
def test_through_the_national_service_no_two_people_are_linked_either(count: int) -> None:
    """The one's number is not verified, and the service knows the other under its own."""
    wrong, right = Counter[str](), 0
    for two in Cohort(SEED + 2).false_pairs(count):
        told = {f"a{status}": identity_of(as_stated(two.a, status), test_numbers=True) for status in ("", "02")}
        told |= {"p": identity_of(two.b, test_numbers=True, national=True)}
        wrong[two.kind] += len(groups(told, (), {})) != 3
    cohort = Cohort(SEED + 2)
    for two in cohort.true_pairs(count):
        told = {f"a{status}": identity_of(as_stated(two.a, status), test_numbers=True) for status in ("", "02")}
        assert len(groups(told, (), {})) == 2, "nobody has verified it"
        right += len(groups(told | {"p": identity_of(two.b, test_numbers=True, national=True)}, (), {})) == 1
    print(f"seed {SEED + 2}: {right} of {count} verified by the service link, {wrong.total()} of two people")
    assert +wrong == {}
    assert right / count >= 0.65, "who has moved or changed a name is on the queue"


@pytest.mark.parametrize("count", [2_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_the_queue_holds_nearly_all_pairs_that_numbers_do_not_settle(count: int) -> None:
    """The same people without a number on one side: what names, birth date and address say. Precision is of pairs that are as hard
    as they come: the two people of each pair share name, birthday or number."""
    cohort = Cohort(SEED + 1)
    right = seen = 0
    missed = Counter[str]()
    for two in cohort.true_pairs(count):
        two.b.pop("identifier")
        if queued(two):
            right += 1
        else:
            missed[two.kind] += 1
    for two in cohort.false_pairs(count):
        seen += bool(queued(two))
    strangers = sum(bool(queued(Two("", cohort.person(), cohort.person(), False))) for _ in range(count))
    print(f"seed {SEED + 1}: recall {right / count:.4f}, precision beside hard pairs {right / (right + seen):.4f}, "
          f"strangers on the queue {strangers} of {count}; missed {dict(missed)}")  # fmt: skip
    assert right / count >= 0.97
    assert strangers == 0


def test_a_number_that_two_people_have_is_on_the_queue_with_its_reason() -> None:
    for two in Cohort(SEED).false_pairs(500):
        if two.kind.startswith(("number used again", "twins under one", "twins of like names")):
            assert queued(two) in ("conflict", "number"), two.kind
        if two.kind in ("twins", "same name and birthday"):
            assert queued(two) == "", f"{two.kind}: two verified numbers are two people"
