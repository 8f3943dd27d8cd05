"""``$medication-changes`` as it is given: of an Encounter and of a person, to whom, in what words, and what the audit is told."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interop.api.operations.telling_medicines import composition as telling
from interop.api.operations.telling_medicines import unplaced
from interop.audit.row import READ
from interop.careplan.medicines.folding import changes
from interop.clock import ManualClock
from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.policy.asker import Asker
from interop.policy.scopes import read_scopes
from interop.store.sql.store import SqlStore
from tests.spec.api.conftest import Client
from tests.spec.api.governed import EVERYONE, GP, NAVIGATOR, OPERATOR, WARD, World, contribute, record_ann, world
from tests.spec.api.people import contribute as put
from tests.spec.api.people import patient
from tests.spec.audit.test_engine import rows
from tests.spec.careplan.medicines import by, letter, listed, stay, taken
from tests.spec.engine.running import client as asking
from tests.spec.engine.running import running

pytestmark = pytest.mark.anyio
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
BEFORE = "Amlodipine 5mg tablets"
AFTER = [
    listed("a", BEFORE, "Two od", said="amended", because="Blood pressure"),
    listed("n", "Apixaban 5mg tablets", "One bd", said="added"),
]


def of(id: str, *resources: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**each, "subject": {"reference": f"Patient/{id}"}} for each in resources]


def composition(bundle: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bundle["entry"][0]["resource"]
    assert found["resourceType"] == "Composition"
    return found


def lines(bundle: dict[str, Any]) -> dict[str, list[str]]:
    """The medicines under each kind of change."""
    return {
        section["code"]["coding"][0]["code"]: [each["title"] for each in section.get("section", [])]
        for section in composition(bundle)["section"]
    }


def absent(bundle: dict[str, Any]) -> list[str]:
    outcomes = [each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == "OperationOutcome"]
    return [issue["details"]["coding"][0]["code"] for each in outcomes for issue in each["issue"]]


class TestAnyone:
    """Where no rules of who sees what are asked."""

    @pytest.fixture(autouse=True)
    async def _record(self, store: SqlStore) -> None:
        await put(store, patient("gp"), patient("pas"), patient("b"), persons={"gp": "one", "pas": "one", "b": "two"})
        await put(store, *of("gp", taken("g", BEFORE, "One od")), owner="gp")
        await put(store, *of("pas", stay(), stay("old", "2024-02-10", "2024-02-20"), letter(*AFTER), *AFTER), owner="pas")
        await put(store, *of("b", taken("other", "Warfarin 1mg tablets")))

    @pytest.mark.parametrize("of", ["Encounter/e", "Patient/gp", "Patient/pas"])
    async def test_it_is_of_an_encounter_or_of_the_latest_stay_of_the_person(self, client: Client, of: str) -> None:
        found = (await client.get(f"/fhir/{of}/$medication-changes")).json()
        assert composition(found)["event"] == [{"period": {"start": "2026-02-10", "end": "2026-02-20"}}]
        shown = lines(found)
        assert (shown["changed"], shown["started"]) == ([BEFORE], ["Apixaban 5mg tablets"])
        assert "Warfarin" not in str(found)

    async def test_each_line_has_before_and_after_with_source_date_and_version(self, client: Client) -> None:
        found = composition((await client.get("/fhir/Encounter/e/$medication-changes")).json())
        (line,) = next(each for each in found["section"] if each["code"]["coding"][0]["code"] == "changed")["section"]
        told = [each["extension"] for each in line["extension"] if each["url"] == "urn:interop:extension:medicine-told"]
        said = [{part["url"]: part[next(name for name in part if name != "url")] for part in each} for each in told]
        assert [(each["side"], each["directions"]) for each in said] == [("before", "One od"), ("after", "Two od")]
        assert [each["resource"]["reference"] for each in said] == [
            "MedicationStatement/g/_history/1",
            "MedicationStatement/a/_history/1",
        ]
        assert said[0]["date"] == "2024-01-01"

    async def test_it_is_valid_fhir(self, client: Client) -> None:
        for query in ("", "?for=patient"):
            found = (await client.get(f"/fhir/Encounter/e/$medication-changes{query}")).json()
            assert not failed(check(composition(found))), check(composition(found))

    async def test_for_the_patient_there_are_everyday_words_alone(self, client: Client) -> None:
        found = (await client.get("/fhir/Patient/gp/$medication-changes?for=patient")).json()
        assert [each["resource"]["resourceType"] for each in found["entry"]] == ["Composition"]
        text = re.sub(r"<[^>]*>", " ", str([each["text"]["div"] for each in composition(found)["section"]]))
        assert "This has changed. How to take it: Two once a day. The reason: Blood pressure." in text
        assert "This is new. How to take it: One twice a day." in text
        assert not re.search(r"\b(od|bd)\b", str(found))
        assert "_history" not in str(found)

    async def test_a_person_without_a_stay_is_told_so(self, client: Client) -> None:
        found = (await client.get("/fhir/Patient/b/$medication-changes")).json()
        assert {each["emptyReason"]["text"] for each in composition(found)["section"]} == {"No stay in hospital is recorded"}

    async def test_what_is_not_there_and_what_cannot_be_asked(self, client: Client) -> None:
        assert (await client.get("/fhir/Encounter/nobody/$medication-changes")).status_code == 404
        assert (await client.get("/fhir/Patient/nobody/$medication-changes")).status_code == 404
        assert (await client.get("/fhir/Patient/gp/$medication-changes?for=everyone")).status_code == 400

    async def test_the_operations_are_told_of(self, client: Client) -> None:
        for type_ in ("Encounter", "Patient"):
            definition = (await client.get(f"/fhir/OperationDefinition/{type_}-medication-changes")).json()
            assert (definition["code"], definition["resource"]) == ("medication-changes", [type_])
            assert f"/fhir/{type_}/{{id}}/$medication-changes" in (await client.get("/openapi.json")).json()["paths"]


class TestWhoHides:
    async def test_where_who_hides_is_the_organisations_are_not_told(self) -> None:
        found = changes([*by("A81001", taken("g", BEFORE)), *by("RX1", stay(), *AFTER, letter(*AFTER))], "e")
        assert "A81001" in str(telling(found, "p", "x", 0, everyday=False, absent=None))
        hidden = telling(unplaced(found), "p", "x", 0, everyday=False, absent=None)
        assert not re.search("A81001|RX1", str(hidden))
        assert "Apixaban" in str(hidden)


class TestAudit:
    @pytest.mark.long
    async def test_a_look_is_one_row_about_the_person(self, tmp_path: Path) -> None:
        hers = {"resourceType": "Patient", "id": "p", "name": [{"family": "Ashdown"}]}
        medicine = of("p", taken("g", BEFORE, "One od"))
        async with running(tmp_path) as engine, asking(engine) as http:
            for resource in (hers, *of("p", {**stay(), "class": {"system": ACT, "code": "IMP"}}), *medicine):
                answer = await http.put(f"/fhir/{resource['resourceType']}/{resource['id']}", json=resource)
                assert answer.status_code == 201, answer.text
            for address in ("Encounter/e", "Patient/p"):
                answer = await http.get(f"/fhir/{address}/$medication-changes")
                assert answer.status_code == 200, answer.text
            found = [row for row in rows(tmp_path) if row.interaction == "$medication-changes"]
        told = [(row.kind, row.type, row.id, row.status, row.patients) for row in found]
        assert told == [(READ, "Encounter", "e", 200, ("p",)), (READ, "Patient", "p", 200, ("p",))]


class TestWhoMay:
    """Where the practice and the hospital share by agreements, and the person has a say."""

    @pytest.fixture
    async def ann(self, store: SqlStore, clock: ManualClock) -> AsyncIterator[World]:
        await record_ann(store)
        await contribute(store, "A81001", *of("ann", taken("g", BEFORE, "One od")))
        await contribute(store, "RX1", *of("ann-ward", stay(), letter(*AFTER), *AFTER))
        async with world(store, clock) as made:
            await made.done(GP, "record-consent", decision="given")
            yield made

    async def read(self, ann: World, who: Asker, of: str = "Patient/ann") -> dict[str, Any]:
        answer = await ann.client.get(f"/fhir/{of}/$medication-changes", x_who=who.user)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def test_a_practice_without_the_hospitals_agreement_sees_nothing_of_after_and_is_told_that_something_is_missing(
        self, ann: World
    ) -> None:
        await ann.done(OPERATOR, "agreement", "", source="RX1", status="pending")
        found = await self.read(ann, GP)
        assert "not-shared" in absent(found)
        assert "Apixaban" not in str(found)
        assert "Blood pressure" not in str(found)
        assert "No stay" not in str(found), "nobody says that there was none"
        assert (await ann.client.get("/fhir/Encounter/e/$medication-changes", x_who=GP.user)).status_code == 404

    async def test_with_agreements_both_see_both_sides(self, ann: World) -> None:
        await ann.share()
        assert lines(await self.read(ann, GP))["changed"] == [BEFORE]
        assert lines(await self.read(ann, GP, "Encounter/e"))["changed"] == [BEFORE]
        assert "not-shared" not in absent(await self.read(ann, GP))

    async def test_who_has_nothing_to_do_with_her_sees_nothing(self, ann: World) -> None:
        await ann.share()
        known, unknown = [
            await ann.client.get(f"/fhir/Encounter/{id}/$medication-changes", x_who=NAVIGATOR.user) for id in ("e", "nobody")
        ]
        assert (known.status_code, unknown.status_code) == (404, 404)
        assert known.json()["issue"][0]["details"] == unknown.json()["issue"][0]["details"]

    async def test_the_hospital_that_has_no_part_of_the_practices_record_calls_nothing_unchanged(self, ann: World) -> None:
        await ann.done(OPERATOR, "agreement", "", source="A81001", status="pending")
        await ann.done(OPERATOR, "agreement", "", source="RX1")
        answer = await ann.client.get("/fhir/Patient/ann-ward/$medication-changes", x_who=WARD.user)
        assert "MedicationStatement/g" not in answer.text

    async def test_a_token_that_is_not_for_all_of_it_is_told_so_and_not_that_there_is_none(
        self, ann: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await ann.share()
        scopes = "user/Patient.rs user/Encounter.rs user/Composition.rs user/MedicationRequest.rs"
        narrow = replace(GP, user="https://issuer.test|narrow", scopes=read_scopes(scopes))
        monkeypatch.setitem(EVERYONE, narrow.user, narrow)
        found = await self.read(ann, narrow)
        assert "not-for-role" in absent(found)
        assert BEFORE not in str(found)
        assert {each["emptyReason"]["coding"][0]["code"] for each in composition(found)["section"]} == {"not-for-role"}
        assert "not-for-role" not in absent(await self.read(ann, GP))
