"""A practice of made-up people, their analysts and their clinicians, at the API under the rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from interop.api.operations.practice import RISK, purpose
from interop.api.services import Services
from interop.clock import ManualClock
from interop.policy.agreements import contract
from interop.policy.asker import Asker
from interop.policy.facts import Agreement
from interop.population.pseudonyms import period_of
from interop.store.sqlite import SqliteStore
from tests.spec.api.governed import EVERYONE, World, contribute, world
from tests.spec.api.people import T0, patient

Json = dict[str, Any]
PRACTICE, ELSEWHERE, HOSPITAL, BOARD = "A81001", "B82002", "RX1", "QKS"
ISSUER = "https://issuer.test|"
ANALYST = Asker(f"{ISSUER}analyst", "analyst", BOARD, "tool", scopes=None)
GP = Asker(f"{ISSUER}own-gp", "gp", PRACTICE, "tool", scopes=None)
OTHER_GP = Asker(f"{ISSUER}other-gp", "gp", ELSEWHERE, "tool", scopes=None)
MEMBER = Asker(f"{ISSUER}member", "mdt-member", "RYY", "tool", scopes=None)
PROGRAM = Asker("", "gp", PRACTICE, "own-program", scopes=None)
HAND = [ANALYST, GP, OTHER_GP, MEMBER, PROGRAM]
EVERYONE.update({each.user or each.client: each for each in HAND})
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
REASONS = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
FOREVER = 4_000_000_000_000_000


def number(place: int) -> str:
    """The NHS number of a place in the 999 range, its check digit right (modulus 11)."""
    for last in range(place * 2, place * 2 + 2):
        stem = f"99912{last:04d}"
        check = (11 - sum(int(digit) * (10 - at) for at, digit in enumerate(stem)) % 11) % 11
        if check < 10:
            return f"{stem}{check}"
    raise AssertionError(place)


def somebody(place: int, practice: str = PRACTICE, **more: Any) -> Json:
    """A Patient of a practice, woman or man by turns, born in the forties unless told otherwise."""
    said = {
        "birthDate": f"194{place % 2}-0{1 + place % 9}-1{place % 7}",
        "gender": ("female", "male")[place % 2],
        "address": [{"line": [f"{place} Quarry Hollow"], "postalCode": f"ZZ{place % 90 + 1} 9QX"}],
        "generalPractitioner": [{"identifier": {"system": ODS, "value": practice}}],
    }
    return patient(f"person-{place}", f"Thistlewood{place}", f"Aurelian{place}", number(place), **{**said, **more})


def assessment(place: int, score: float | None, **more: Any) -> Json:
    """What a tool has said of a person's risk."""
    prediction = {"outcome": {"text": "Emergency admission"}, "rationale": f"Fell thrice in Quarry Hollow {place}"}
    said = {"status": "final", "subject": {"reference": f"Patient/person-{place}"}, "occurrenceDateTime": "2025-12-01"}
    scored = {} if score is None else {"probabilityDecimal": score}
    return {"resourceType": "RiskAssessment", "id": f"risk-{place}", **said, "prediction": [{**prediction, **scored}], **more}


def consent(place: int, type: str = "permit", purposes: tuple[str, ...] = ()) -> Json:
    """What a person has said of sharing."""
    provision: Json = {"type": type}
    if purposes:
        provision["purpose"] = [{"system": REASONS, "code": each} for each in purposes]
    return {
        "resourceType": "Consent",
        "id": f"consent-{place}-{type}",
        "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/person-{place}"},
        "dateTime": "2025-11-01T09:00:00Z",
        "policyRule": {"coding": [{"system": ACT, "code": "OPTIN"}]},
        "provision": provision,
    }


def agreement(source: str, *purposes: str) -> Json:
    """A practice's agreement with everyone who takes part."""
    return contract(Agreement(f"deal-{source}", source, "", purposes, 0, FOREVER, "active"))


def population(people: int = 12) -> list[Json]:
    """People of the practice who consent, each with a score: the later the higher."""
    made: list[Json] = []
    for place in range(people):
        made += [somebody(place), consent(place), assessment(place, round(0.1 + 0.8 * place / max(1, people), 4))]
    return made


class Practice(World):
    """The world of the practice."""

    services: Services

    def name(self, place: int) -> str:
        """The pseudonym of a person of the practice now."""
        period = period_of(self.clock.now())
        return self.services.pseudonyms.of(f"person-{place}", PRACTICE, purpose(RISK), period)

    async def row(self, place: int) -> Json:
        """The row of a person."""
        (found,) = [row for row in await self.rows() if row["pseudonym"] == self.name(place)]
        return found

    async def listed(self, who: Asker = ANALYST, query: str = f"organisation={PRACTICE}") -> httpx.Response:
        return await self.client.get(f"/fhir/$population?{query}", x_who=who.user or who.client)

    async def rows(self, who: Asker = ANALYST, query: str = f"organisation={PRACTICE}") -> list[Json]:
        answer = await self.listed(who, query)
        assert answer.status_code == 200, answer.text
        return rows(answer.json())

    async def relink(self, who: Asker, *pseudonyms: str, reason: str = "integrated-review", **more: Any) -> httpx.Response:
        said = {"pseudonym": list(pseudonyms), "reason": {"valueCode": reason}, **more}
        return await self.call(who, "relink", "", **said)

    async def relinked(self, who: Asker, *pseudonyms: str, **more: Any) -> dict[str, str]:
        answer = await self.relink(who, *pseudonyms, **more)
        assert answer.status_code == 200, answer.text
        found = [parts(each) for each in answer.json()["parameter"]]
        return {each["pseudonym"]: each["patient"]["reference"] for each in found}


def parts(parameter: Json) -> Json:
    """The parts of a parameter by name."""
    said = [(part["name"], next(value for name, value in part.items() if name != "name")) for part in parameter["part"]]
    withheld = [value for name, value in said if name == "withheld"]
    return dict(said) | ({"withheld": withheld} if withheld else {})


def rows(answer: Json) -> list[Json]:
    """The rows of a list."""
    return [parts(each) for each in answer["parameter"] if each["name"] == "row"]


def told(answer: Json) -> Json:
    """What is told of a list as a whole."""
    return {each["name"]: next(v for k, v in each.items() if k != "name") for each in answer["parameter"] if "part" not in each}


@asynccontextmanager
async def practice(
    place: Path,
    resources: list[Json],
    *beside: tuple[str, Json],
    shares: tuple[str, ...] = ("analytics",),
    sharing: tuple[str, ...] = (PRACTICE, HOSPITAL),
    links: dict[str, str] | None = None,
) -> AsyncIterator[Practice]:
    """The API over what the practice has said, and others ``beside``: a source with each resource. Those of ``sharing`` have
    agreed to the purposes of ``shares``."""
    clock = ManualClock(T0)
    store = SqliteStore.open(place / "data", clock=clock)
    await contribute(store, PRACTICE, *resources, links=links)
    for source, resource in beside:
        await contribute(store, source, resource)
    for source in sharing if shares else ():
        await contribute(store, source, agreement(source, *shares))
    try:
        async with world(store, clock) as made:
            yield Practice(made.store, made.client, made.clock, made.services)
    finally:
        await store.close()
