"""An advance decision that is a Consent is given to whoever is given the plan; what a person has said of sharing never is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interop.fhir.rows import IndexRow
from interop.policy.decide import Question, decide
from interop.record.indexing import indexed
from tests.spec.policy.cells import (
    BY_LABEL,
    CONSENTS,
    EMERGENCIES,
    FACTS,
    LABELS,
    NOW,
    RELATIONSHIPS,
    SOURCES,
    WORLDS,
    Cell,
    askers,
    cell,
)
from tests.spec.policy.evaluate import given
from tests.spec.policy.oracle import Somebody, may_see

SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"
ADR, PRIVACY = ("scope", SCOPES, "adr"), ("scope", SCOPES, "patient-privacy")
TREATMENT = ("scope", SCOPES, "treatment")
SHARING = [
    ("category", "http://loinc.org", "59284-0"),
    ("category", "http://terminology.hl7.org/CodeSystem/v3-ActCode", "INFA"),
    ("category", "urn:interop:codes:access", "break-glass"),
]
READS = ("$crew-card", "$care-plan", "$everything", "search-system")


def consents(*tokens: tuple[str, str, str]) -> list[Cell]:
    """Consents with these codes about everybody, under every label and of every source in turn, and about nobody."""
    rows = tuple(IndexRow(parameter, "token", system, code) for parameter, system, code in tokens)
    advance = ADR in tokens and PRIVACY not in tokens and not set(tokens) & set(SHARING)
    found, turn = [], 0
    for related in RELATIONSHIPS.values():
        for consented in CONSENTS.values():
            for declared in EMERGENCIES.values():
                by_label = list(BY_LABEL.values())[turn % len(BY_LABEL)]
                somebody = Somebody(
                    frozenset(("p160" if turn % 5 == 0 else f"q{turn}",)), related + consented + by_label + declared
                )
                for plain in (True, False):
                    labels = frozenset[str]() if plain else LABELS[turn % len(LABELS)]
                    found.append(cell(turn, "Consent", somebody, labels, SOURCES[1 if plain else turn % len(SOURCES)]))
                turn += 1
    found += [cell(9000 + n, "Consent", None, labels, SOURCES[n % 3]) for n, labels in enumerate(LABELS)]
    return [Cell(each.id, replace(each.thing, advance=advance), (*each.rows, *rows)) for each in found]


@pytest.mark.parametrize("tokens", [(ADR,), (TREATMENT,), (ADR, PRIVACY), *((ADR, each) for each in SHARING), ()])
def test_it_is_given_as_the_plan_is_and_nothing_else_of_its_type(tokens: tuple[tuple[str, str, str], ...]) -> None:
    cells = consents(*tokens)
    shown = 0
    for model, world in WORLDS.items():
        for n, (asker, who) in enumerate(askers()):
            decision = decide(Question(READS[n % len(READS)], "Patient", "", asker), FACTS[model], NOW)
            for each in cells:
                expected = may_see(who, each.thing, world) and not decision.refusal
                assert given(decision, each) == expected, (who, each)
                shown += expected and who.role == "ambulance-clinician"
    assert bool(shown) == (tokens == (ADR,))


def test_asked_for_by_its_type_it_is_governance() -> None:
    crew = next(asker for asker, who in askers() if who.role == "ambulance-clinician")
    assert decide(Question("search-type", "Consent", "", crew), FACTS["explicit"], NOW).refusal == "forbidden"


def test_the_codes_are_found_in_what_is_recorded() -> None:
    concept = {"coding": [{"system": SCOPES, "code": "adr"}]}
    kind = {"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}
    rows = indexed({"resourceType": "Consent", "id": "c", "status": "active", "scope": concept, "category": [kind]})
    assert {(row.parameter, row.a, row.b) for row in rows if row.kind == "token"} >= {ADR, SHARING[0]}
