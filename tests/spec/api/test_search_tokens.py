"""Search by tokens (FHIR R4 search, 3.1.1.4.10) and their modifiers (3.1.1.4.5)."""

from __future__ import annotations

import pytest

from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import BASE, Client, link, matches
from tests.spec.api.searches import CATEGORY, LOINC, SNOMED, TYPES, check, coded, observation, of, record

pytestmark = pytest.mark.anyio
GENDER = "http://hl7.org/fhir/administrative-gender"
COLOURS = "https://example.org/colours"


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    await record(
        store,
        observation(
            "pulse", coded(LOINC, "8867-4", display="Heart rate", text="Pulse rate"), category=[coded(CATEGORY, "vital-signs")]
        ),
        observation("weight", coded(LOINC, "29463-7", display="Body weight"), category=[coded(CATEGORY, "vital-signs")]),
        observation("local", coded("", "8867-4"), status="preliminary"),
        observation("other", coded(SNOMED, "8867-4"), status="amended"),
        observation("words", {"text": "Pulse, by hand"}),
        of("Patient", "m", gender="male", active=True, telecom=[{"system": "phone", "value": "01234 567 890"}]),
        of("Patient", "f", gender="female", active=False, telecom=[{"system": "email", "value": "f@example.org"}]),
        of("Patient", "n", identifier=[{"value": "77"}], deceasedBoolean=True),
        of(
            "Patient",
            "i",
            identifier=[{"system": "urn:x:1", "value": "77", "type": coded(TYPES, "MR", text="Hospital number")}],
            deceasedDateTime="2020",
        ),
        of(
            "Patient",
            "c",
            communication=[{"language": coded("urn:ietf:bcp:47", "cy")}, {"language": coded("urn:ietf:bcp:47", "en")}],
        ),
        of(
            "CodeSystem",
            "colours",
            url=COLOURS,
            status="active",
            content="complete",
            hierarchyMeaning="is-a",
            concept=[{"code": "red", "concept": [{"code": "scarlet", "concept": [{"code": "ruby"}]}]}, {"code": "blue"}],
        ),
        of(
            "ValueSet",
            "reds",
            url="https://example.org/reds",
            status="active",
            compose={"include": [{"system": COLOURS, "concept": [{"code": "red"}, {"code": "scarlet"}]}]},
        ),
        of(
            "ValueSet",
            "open",
            url="https://example.org/open",
            status="active",
            compose={"include": [{"system": "https://example.org/nowhere"}]},
        ),
        of("Condition", "red", code=coded(COLOURS, "red"), subject={"reference": "Patient/m"}),
        of("Condition", "scarlet", code=coded(COLOURS, "scarlet"), subject={"reference": "Patient/m"}),
        of("Condition", "ruby", code=coded(COLOURS, "ruby"), subject={"reference": "Patient/m"}),
        of("Condition", "blue", code=coded(COLOURS, "blue"), subject={"reference": "Patient/m"}),
    )


async def test_code_and_system(client: Client) -> None:
    """code, system|code, |code (no system), system| (any code)."""
    await check(
        client,
        {
            "8867-4": "local other pulse",
            f"{LOINC}|8867-4": "pulse",
            "|8867-4": "local",
            f"{LOINC}|": "pulse weight",
            f"{SNOMED}|29463-7": "",
            "8867": "",
            "8867-4,29463-7": "local other pulse weight",
            f"{LOINC}|8867-4,{SNOMED}|8867-4": "other pulse",
            "8867-4&code=29463-7": "",
            f"8867-4&category={CATEGORY}|vital-signs": "pulse",
            "nothing": "",
            "|": "400",
            "a|b|c": "400",
            ",": "400",
        },
        "Observation?code=",
    )


async def test_datatypes(client: Client) -> None:
    """code (with its implicit system), boolean, Identifier, ContactPoint, and a boolean that is worked out."""
    await check(
        client,
        {
            "gender=male": "m",
            f"gender={GENDER}|male": "m",
            "gender=MALE": "",
            "gender=male,female": "f m",
            "gender=unheard-of": "",
            "active=true": "m",
            "active=false": "f",
            "active=perhaps": "",
            "identifier=77": "i n",
            "identifier=urn:x:1|77": "i",
            "identifier=urn:x:1|": "i",
            "identifier=urn:x:2|77": "",
            "telecom=01234567890": "m",
            "telecom=phone|01234 567 890": "m",
            "telecom=email|": "f",
            "phone=01234567890": "m",
            "email=f@example.org": "f",
            "phone=f@example.org": "",
            "language=cy": "c",
            "language=cy&language=en": "c",
            "deceased=true": "i n",
            "deceased=false": "c f m",
        },
        "Patient?",
    )


async def test_an_identifier_without_a_system(client: Client) -> None:
    """To the letter; where nothing is found so and handling is lenient, under any system, which the answer says."""
    await check(client, {"identifier=|77": "n", "identifier=|77&gender:missing=true": "n"}, "Patient?")
    lenient = (await client.get("/fhir/Patient?identifier=|78,|77&_id=i")).json()
    assert (lenient["total"], matches(lenient), matches(lenient, "outcome")) == (1, ["Patient/i"], ["OperationOutcome/"])
    assert link(lenient, "self") == f"{BASE}/fhir/Patient?identifier=78,77&_id=i"
    strict = (await client.get("/fhir/Patient?identifier=|77&_id=i", prefer="handling=strict")).json()
    assert strict["total"] == 0
    assert (await client.get("/fhir/Patient?identifier=|77&_id=i&_summary=count")).json()["total"] == 1


async def test_not(client: Client) -> None:
    """:not holds where no value matches, also where there is none; of several values, none may match."""
    await check(
        client,
        {
            "gender:not=male": "c f i n",
            "gender:not=male,female": "c i n",
            "gender:not=male&gender:not=female": "c i n",
            "language:not=cy": "f i m n",
            "_id:not=m": "c f i n",
            "_id:not=m,n,c": "f i",
            "active:not=true&gender:missing=false": "f",
        },
        "Patient?",
    )


async def test_what_has_a_system_alone_and_strings(client: Client, store: SqliteStore) -> None:
    """``system|`` finds what has no code; it is there. A string as a token is compared without case (3.1.1.4.10)."""
    await record(
        store,
        observation("bare", {"coding": [{"system": LOINC, "display": "No code"}]}),
        of("Patient", "bare", identifier=[{"system": "urn:x:9"}]),
        of("ValueSet", "cased", url="https://example.org/cased", version="1.0A", status="active"),
    )
    await check(
        client,
        {
            f"Observation?code={LOINC}|": "bare pulse weight",
            "Patient?identifier=urn:x:9|": "bare",
            "Patient?identifier:missing=false": "bare i n",
            "ValueSet?version=1.0a": "cased",
            "ValueSet?version:not=1.0a": "open reds",
            "ValueSet?url=https://example.org/cased|1.0A": "cased",
            "ValueSet?url=https://example.org/cased|2": "",
        },
    )


async def test_text(client: Client) -> None:
    """:text looks at the text, the display and the text of an identifier's type, from the start."""
    await check(
        client,
        {
            "Observation?code:text=pulse": "pulse words",
            "Observation?code:text=HEART": "pulse",
            "Observation?code:text=body weight": "weight",
            "Observation?code:text=nothing": "",
            "Patient?identifier:text=hospital": "i",
            "Observation?code:text=%20": "400",
        },
    )


async def test_of_type(client: Client) -> None:
    await check(
        client,
        {
            f"{TYPES}|MR|77": "i",
            f"{TYPES}|MR|78": "",
            f"{TYPES}|SS|77": "",
            f"{TYPES}|MR": "400",
            "|MR|77": "400",
            f"{TYPES}|MR|77,{TYPES}|SS|1": "i",
        },
        "Patient?identifier:of-type=",
    )


async def test_missing(client: Client) -> None:
    await check(
        client,
        {
            "gender:missing=true": "c i n",
            "gender:missing=false": "f m",
            "identifier:missing=false": "i n",
            "telecom:missing=true": "c i n",
            "_id:missing=true": "",
            "_id:missing=false": "c f i m n",
            "gender:missing=perhaps": "400",
        },
        "Patient?",
    )


async def test_value_sets(client: Client) -> None:
    """:in and :not-in by canonical URL and by id; what cannot be expanded is an error."""
    await check(
        client,
        {
            "code:in=https://example.org/reds": "red scarlet",
            "code:in=ValueSet/reds": "red scarlet",
            f"code:in={BASE}/fhir/ValueSet/reds": "red scarlet",
            "code:not-in=https://example.org/reds": "blue ruby",
            "code:in=https://example.org/reds&code:not-in=ValueSet/reds": "",
            "code:in=https://example.org/unheard-of": "400",
            "code:in=https://example.org/open": "400",
            "code:in=ValueSet/nobody": "400",
        },
        "Condition?",
    )
    await check(client, {"Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender": "f m"})


async def test_hierarchies(client: Client) -> None:
    """:below is the code and what is under it, :above the code and what is over it."""
    await check(
        client,
        {
            f"code:below={COLOURS}|scarlet": "ruby scarlet",
            f"code:below={COLOURS}|red": "red ruby scarlet",
            f"code:above={COLOURS}|scarlet": "red scarlet",
            f"code:above={COLOURS}|blue": "blue",
            f"code:below={COLOURS}|blue,{COLOURS}|ruby": "blue ruby",
            "code:below=scarlet": "400",
            "code:below=https://example.org/nowhere|a": "400",
        },
        "Condition?",
    )


async def test_a_modifier_that_is_not_of_tokens_is_refused(client: Client) -> None:
    """3.1.1.4.1: never ignored, also where handling is lenient."""
    await check(
        client,
        {f"gender:{each}=male": "400" for each in ("exact", "contains", "identifier", "Patient", "missin", "Not")},
        "Patient?",
    )
