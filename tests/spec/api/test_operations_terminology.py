"""Operations on codes (FHIR R4, terminology-service.html): $expand, $validate-code, $lookup, $subsumes, $translate."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from interop.api.knowledge import Knowledge
from interop.api.services import Services
from interop.app.knowing import code_maps
from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.store.decision import Decision
from interop.store.where import Ids
from tests.spec.api.conftest import Client

pytestmark = pytest.mark.anyio

GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
GENDERS = "http://hl7.org/fhir/administrative-gender"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
COLOURS = {
    "resourceType": "CodeSystem",
    "id": "colours",
    "url": "https://example.org/colours",
    "version": "2",
    "name": "Colours",
    "status": "active",
    "content": "complete",
    "hierarchyMeaning": "is-a",
    "property": [{"code": "warm", "type": "boolean"}],
    "concept": [
        {
            "code": "red",
            "display": "Red",
            "definition": "The colour of the bus.",
            "designation": [{"language": "cy", "value": "Coch"}, {"language": "fr", "value": "Rouge"}],
            "property": [{"code": "warm", "valueBoolean": True}],
            "concept": [{"code": "crimson", "display": "Crimson"}],
        },
        {"code": "blue", "display": "Blue"},
    ],
}
WARM = {
    "resourceType": "ValueSet",
    "id": "warm",
    "url": "https://example.org/warm",
    "status": "active",
    "compose": {
        "include": [
            {
                "system": "https://example.org/colours",
                "filter": [{"property": "concept", "op": "is-a", "value": "red"}],
            }
        ]
    },
}
PAINTS = {
    "resourceType": "ConceptMap",
    "id": "paints",
    "url": "https://example.org/paints",
    "status": "active",
    "sourceUri": "https://example.org/warm",
    "targetUri": "https://example.org/paint",
    "group": [
        {
            "source": "https://example.org/colours",
            "target": "https://example.org/paint-numbers",
            "element": [{"code": "red", "target": [{"code": "R1", "display": "Pillar box", "equivalence": "wider"}]}],
        }
    ],
}


@pytest.fixture
async def _stored(client: Client) -> None:
    for resource in (COLOURS, WARM, PAINTS):
        assert (await client.put(resource)).status_code == 201


async def asked(client: Client, address: str, *parameters: dict[str, Any]) -> httpx.Response:
    """The operation by POST with these parameters; by GET without any."""
    if not parameters:
        return await client.get(f"/fhir/{address}")
    body = orjson.dumps({"resourceType": "Parameters", "parameter": list(parameters)})
    return await client.send("POST", f"/fhir/{address}", body)


def told(answer: httpx.Response) -> dict[str, Any]:
    """The parameters of an answer by name; parts as lists of such."""
    assert answer.status_code == 200, answer.text
    assert not failed(check(answer.json()))
    return _told(answer.json()["parameter"])


def _told(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in parameters:
        if "part" in each:
            found.setdefault(each["name"], []).append(_told(each["part"]))
        else:
            found[each["name"]] = next(value for name, value in each.items() if name.startswith("value"))
    return found


def codes(answer: httpx.Response) -> list[str]:
    """The codes of an expansion."""
    assert answer.status_code == 200, answer.text
    assert not failed(check(answer.json()))
    return [each["code"] for each in answer.json()["expansion"].get("contains", ())]


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and issue code."""
    return answer.status_code, answer.json()["issue"][0]["code"]


class TestExpand:
    async def test_a_value_set_of_r4(self, client: Client) -> None:
        answer = await asked(client, f"ValueSet/$expand?url={GENDER}")
        assert codes(answer) == ["male", "female", "other", "unknown"]
        expansion = answer.json()["expansion"]
        assert (expansion["total"], expansion["offset"]) == (4, 0)
        assert expansion["identifier"].startswith("urn:uuid:")

    async def test_pages_and_texts(self, client: Client) -> None:
        answer = await asked(client, f"ValueSet/$expand?url={GENDER}&offset=1&count=2")
        assert codes(answer) == ["female", "other"]
        assert answer.json()["expansion"]["total"] == 4
        assert codes(await asked(client, f"ValueSet/$expand?url={GENDER}&count=0")) == []
        assert codes(await asked(client, f"ValueSet/$expand?url={GENDER}&filter=mal")) == ["male", "female"]

    @pytest.mark.usefixtures("_stored")
    async def test_what_clients_have_stored_is_found(self, client: Client) -> None:
        for address in ("ValueSet/$expand?url=https://example.org/warm", "ValueSet/warm/$expand"):
            assert codes(await asked(client, address)) == ["red", "crimson"]

    @pytest.mark.usefixtures("_stored")
    async def test_a_value_set_given_with_the_request(self, client: Client) -> None:
        given = {**WARM, "compose": {"include": [{"system": "https://example.org/colours"}]}}
        answer = await asked(client, "ValueSet/$expand", {"name": "valueSet", "resource": given})
        assert codes(answer) == ["red", "crimson", "blue"]
        alone = await client.send("POST", "/fhir/ValueSet/$expand?filter=blue", orjson.dumps(given))
        assert codes(alone) == ["blue"]

    @pytest.mark.usefixtures("_stored")
    async def test_languages_and_designations(self, client: Client) -> None:
        answer = await asked(client, "ValueSet/warm/$expand?displayLanguage=cy&includeDesignations=true&includeDefinition=true")
        (red, crimson) = answer.json()["expansion"]["contains"]
        assert (red["display"], crimson["display"]) == ("Coch", "Crimson")
        assert [each["value"] for each in red["designation"]] == ["Coch", "Rouge"]
        assert answer.json()["compose"] == WARM["compose"]

    @pytest.mark.usefixtures("_stored")
    async def test_what_may_not_be_seen_is_not_known(self, client: Client, services: Services) -> None:
        address = "ValueSet/$expand?url=https://example.org/warm"
        assert codes(await asked(client, address)) == ["red", "crimson"]
        services.policy = lambda question, facts, now: Decision("some", Ids(("colours",)))
        assert refused(await asked(client, address)) == (404, "not-found")

    @pytest.mark.usefixtures("_stored")
    async def test_what_is_changed_is_known_at_once(self, client: Client) -> None:
        address = "ValueSet/$expand?url=https://example.org/warm"
        assert codes(await asked(client, address)) == ["red", "crimson"]
        concepts = [{"code": "red", "concept": [{"code": "scarlet"}]}]
        assert (await client.put({**COLOURS, "concept": concepts})).status_code == 200
        assert codes(await asked(client, address)) == ["red", "scarlet"]

    async def test_a_code_system_is_left_out(self, client: Client) -> None:
        address = f"ValueSet/$expand?url={GENDER}&exclude-system={GENDERS}"
        assert codes(await asked(client, address)) == []

    async def test_the_value_set_of_an_element(self, client: Client) -> None:
        context = "http://hl7.org/fhir/StructureDefinition/Patient%23Patient.gender"
        assert codes(await asked(client, f"ValueSet/$expand?context={context}"))[:2] == ["male", "female"]

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ("url=https://example.org/nothing", 404, "not-found"),
            ("url=http://hl7.org/fhir/ValueSet/observation-codes", 422, "not-supported"),
            ("", 400, "invalid"),
            (f"url={GENDER}&count=-1", 400, "invalid"),
            (f"url={GENDER}&count=many", 400, "invalid"),
            (f"url={GENDER}&colour=red", 400, "invalid"),
        ],
    )
    async def test_what_cannot_be_expanded(self, client: Client, query: str, status: int, code: str) -> None:
        assert refused(await asked(client, f"ValueSet/$expand?{query}")) == (status, code)


class TestValidateCode:
    @pytest.mark.parametrize(
        ("query", "result"),
        [
            (f"url={GENDER}&code=male&system={GENDERS}", True),
            (f"url={GENDER}&code=male", True),
            (f"url={GENDER}&code=mole&system={GENDERS}", False),
            (f"url={GENDER}&code=male&system={GENDERS}&display=Male", True),
            (f"url={GENDER}&code=male&system={GENDERS}&display=Mail", False),
            ("url=http://hl7.org/fhir/ValueSet/observation-codes&code=1-8&system=http://loinc.org", False),
        ],
    )
    async def test_in_a_value_set(self, client: Client, query: str, result: bool) -> None:
        found = told(await asked(client, f"ValueSet/$validate-code?{query}"))
        assert found["result"] is result
        assert result or found["message"]

    async def test_a_coding_or_a_concept(self, client: Client) -> None:
        url = {"name": "url", "valueUri": GENDER}
        coding = {"system": GENDERS, "code": "male"}
        found = told(await asked(client, "ValueSet/$validate-code", url, {"name": "coding", "valueCoding": coding}))
        assert (found["result"], found["display"]) == (True, "Male")
        concept = {"coding": [{"system": "urn:other", "code": "m"}, coding]}
        parameter = {"name": "codeableConcept", "valueCodeableConcept": concept}
        assert told(await asked(client, "ValueSet/$validate-code", url, parameter))["result"]

    @pytest.mark.usefixtures("_stored")
    async def test_in_a_code_system(self, client: Client) -> None:
        for address in ("CodeSystem/colours/$validate-code?", "CodeSystem/$validate-code?url=https://example.org/colours&"):
            assert told(await asked(client, f"{address}code=crimson"))["display"] == "Crimson"
            assert not told(await asked(client, f"{address}code=pink"))["result"]

    async def test_an_abstract_code_is_good_only_where_it_is_said(self, client: Client) -> None:
        query = f"ValueSet/$validate-code?url=http://terminology.hl7.org/ValueSet/v3-ActCode&system={ACT}&code=_ActCoverageTypeCode"
        assert not told(await asked(client, query))["result"]
        assert told(await asked(client, f"{query}&abstract=true"))["result"]

    @pytest.mark.parametrize(
        "parameters",
        [
            [],
            [{"name": "url", "valueUri": GENDER}],
            [{"name": "url", "valueUri": GENDER}, {"name": "code", "valueCode": "a"}, {"name": "coding", "valueCoding": {}}],
            [{"name": "url", "valueInteger": 1}, {"name": "code", "valueCode": "a"}],
        ],
    )
    async def test_one_code_and_one_value_set_are_wanted(self, client: Client, parameters: list[dict[str, Any]]) -> None:
        answer = await client.send(
            "POST", "/fhir/ValueSet/$validate-code", orjson.dumps({"resourceType": "Parameters", "parameter": parameters})
        )
        assert refused(answer) == (400, "invalid")


class TestLookup:
    @pytest.mark.usefixtures("_stored")
    async def test_what_is_known_of_a_code(self, client: Client) -> None:
        found = told(await asked(client, "CodeSystem/$lookup?system=https://example.org/colours&code=red"))
        assert (found["name"], found["version"], found["display"]) == ("Colours", "2", "Red")
        assert {(each["code"], each["value"]) for each in found["property"]} == {
            ("definition", "The colour of the bus."),
            ("warm", True),
            ("child", "crimson"),
        }
        assert {(each["language"], each["value"]) for each in found["designation"]} == {("cy", "Coch"), ("fr", "Rouge")}

    @pytest.mark.usefixtures("_stored")
    async def test_only_what_is_asked_for(self, client: Client) -> None:
        address = "CodeSystem/$lookup?system=https://example.org/colours&code=red&property=child&displayLanguage=fr"
        found = told(await asked(client, address))
        assert found["display"] == "Rouge"
        assert found["property"] == [{"code": "child", "value": "crimson"}]
        assert "designation" not in found

    async def test_by_coding(self, client: Client) -> None:
        coding = {"name": "coding", "valueCoding": {"system": GENDERS, "code": "female"}}
        assert told(await asked(client, "CodeSystem/$lookup", coding))["display"] == "Female"

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            (f"system={GENDERS}&code=mole", 404, "not-found"),
            ("system=https://example.org/nothing&code=a", 404, "not-found"),
            ("code=male", 400, "invalid"),
        ],
    )
    async def test_what_is_not_known(self, client: Client, query: str, status: int, code: str) -> None:
        assert refused(await asked(client, f"CodeSystem/$lookup?{query}")) == (status, code)


class TestSubsumes:
    @pytest.mark.usefixtures("_stored")
    @pytest.mark.parametrize(
        ("a", "b", "outcome"),
        [
            ("red", "crimson", "subsumes"),
            ("crimson", "red", "subsumed-by"),
            ("red", "red", "equivalent"),
            ("red", "blue", "not-subsumed"),
        ],
    )
    async def test_how_two_codes_are_to_each_other(self, client: Client, a: str, b: str, outcome: str) -> None:
        for address in ("CodeSystem/colours/$subsumes?", "CodeSystem/$subsumes?system=https://example.org/colours&"):
            assert told(await asked(client, f"{address}codeA={a}&codeB={b}"))["outcome"] == outcome

    @pytest.mark.usefixtures("_stored")
    async def test_an_unknown_code(self, client: Client) -> None:
        assert refused(await asked(client, "CodeSystem/colours/$subsumes?codeA=red&codeB=pink")) == (404, "not-found")


class TestTranslate:
    @pytest.mark.usefixtures("_stored")
    @pytest.mark.parametrize(
        "address",
        [
            "ConceptMap/$translate?url=https://example.org/paints&",
            "ConceptMap/paints/$translate?",
            "ConceptMap/$translate?source=https://example.org/warm&",
            "ConceptMap/$translate?targetsystem=https://example.org/paint-numbers&",
        ],
    )
    async def test_what_a_code_is_elsewhere(self, client: Client, address: str) -> None:
        found = told(await asked(client, f"{address}system=https://example.org/colours&code=red"))
        assert found["result"] is True
        concept = {"system": "https://example.org/paint-numbers", "code": "R1", "display": "Pillar box"}
        assert found["match"] == [{"equivalence": "wider", "concept": concept, "source": "https://example.org/paints"}]

    @pytest.mark.usefixtures("_stored")
    async def test_the_other_way_round(self, client: Client) -> None:
        address = "ConceptMap/paints/$translate?system=https://example.org/paint-numbers&code=R1&reverse=true"
        (match,) = told(await asked(client, address))["match"]
        assert (match["equivalence"], match["concept"]["code"]) == ("narrower", "red")

    @pytest.mark.usefixtures("_stored")
    async def test_no_translation(self, client: Client) -> None:
        found = told(await asked(client, "ConceptMap/paints/$translate?system=https://example.org/colours&code=blue"))
        assert (found["result"], "match" in found) == (False, False)

    async def test_an_unknown_map(self, client: Client) -> None:
        address = "ConceptMap/$translate?url=https://example.org/none&system=urn:a&code=b"
        assert refused(await asked(client, address)) == (404, "not-found")

    async def test_code_tables_of_the_mappings(self, client: Client, services: Services) -> None:
        services.knowledge = Knowledge(maps=code_maps)
        url, system = "urn:interop:conceptmap:administrative-gender", "urn:interop:source:administrative-gender"
        (match,) = told(await asked(client, f"ConceptMap/$translate?url={url}&system={system}&code=2"))["match"]
        assert (match["concept"]["code"], match["source"]) == ("female", url)
