"""Whatever the record holds, plan and card are given: nothing that one resource says takes them away."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from interop.careplan import folding, times
from interop.careplan.crew import medicines
from interop.careplan.times import span_of
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.people import contribute, patient
from tests.spec.careplan.cards import given_card, person, takes
from tests.spec.careplan.plans import NOT_FOR, coded, fold, observed, planned


async def told(client: Client, store: SqliteStore, *resources: dict[str, Any]) -> tuple[str, str]:
    """Plan and card of Patient/p."""
    await contribute(store, patient("p"), patient("ben"), persons={"p": "one", "ben": "two"})
    await contribute(store, *resources)
    answers = [await client.get(f"/fhir/Patient/p/{name}") for name in ("$care-plan", "$crew-card")]
    assert [each.status_code for each in answers] == [200, 200]
    return answers[0].text, answers[1].text


@pytest.mark.anyio
@pytest.mark.parametrize("of", [{}, {"for": {"reference": "Patient/ben"}}])
async def test_a_task_that_is_not_the_persons_is_no_part_of_their_plan(
    client: Client, store: SqliteStore, of: dict[str, Any]
) -> None:
    task = {"resourceType": "Task", "id": "t", "status": "requested", "intent": "order", "code": coded("425268008"), **of}
    task |= {"restriction": {"period": {"end": "2026-05-01"}}}
    plan = planned("x", activity=[{"reference": {"reference": "Task/t"}}])
    found, _ = await told(client, store, plan, task, observed("o", NOT_FOR))
    assert "2026-05-01" not in found
    assert "Not for cardiopulmonary resuscitation" in found


@pytest.mark.anyio
async def test_a_role_that_refers_to_itself_takes_nothing_away(client: Client, store: SqliteStore) -> None:
    role = {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "PractitionerRole/r"}}
    plan = planned("x", {"code": coded(NOT_FOR)}, author={"reference": "PractitionerRole/r"})
    for each in await told(client, store, role, plan):
        assert "Not for cardiopulmonary resuscitation" in each


def test_values_within_values_are_read_so_far_and_no_further() -> None:
    within: Any = {"resourceType": "Basic", "name": "Bottom"}
    for _ in range(2_000):
        within = {"resourceType": "Basic", "name": within}
    (line,) = fold(observed("o", NOT_FOR, performer=[within])).section("cpr").lines
    assert line.means == "not-for-cpr"


def test_an_allergy_without_a_code_is_told_by_its_substance() -> None:
    reaction = [{"substance": {"text": "Latex"}, "manifestation": [{"text": "Anaphylaxis"}]}]
    allergy = {"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": "Patient/p"}, "reaction": reaction}
    assert [line.text for line in fold(allergy).section("allergies").lines] == ["Latex"]


def test_all_that_is_answered_is_told() -> None:
    answers = [{"valueString": "Call 999"}, {"valueString": "Never give oxygen above 28%"}]
    item = [{"linkId": "contingency", "answer": answers}]
    said: dict[str, Any] = {"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed", "item": item}
    said |= {"subject": {"reference": "Patient/p"}}
    assert {line.text for line in fold(said).section("contingency").lines} == {"Call 999", "Never give oxygen above 28%"}


def test_the_work_grows_with_what_is_recorded_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many statements of many voices, and of many medicines, each is looked at a few times."""
    looked = Counter[str]()

    def counted(name: str, date: str) -> tuple[int, int]:
        looked[name] += 1
        return span_of(date)

    monkeypatch.setattr(folding, "span_of", lambda date: counted("fold", date))
    monkeypatch.setattr(times, "span_of", lambda date: counted("fold", date))
    many = [
        observed(f"o{at}", NOT_FOR, f"20{10 + at % 15}-01-01", {"reference": f"Practitioner/{at % 100}"}) for at in range(1_000)
    ]
    assert len(fold(*many).section("cpr").history[0].origins) > 500
    assert looked["fold"] < 20 * len(many)
    compared = Counter[str]()

    def plain(words: str) -> str:
        compared["plain"] += 1
        return " ".join(words.casefold().split())

    monkeypatch.setattr(medicines, "plain", plain)
    given_card(person(), *(takes(f"m{at}", f"Medicine {at}") for at in range(1_000)))
    assert compared["plain"] < 5_000
