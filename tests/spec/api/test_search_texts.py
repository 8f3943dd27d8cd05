"""Search by strings, URIs and full text (FHIR R4 search, 3.1.1.4.8, 3.1.1.4.13, 3.1.1.4.3)."""

from __future__ import annotations

import pytest

from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.searches import check, observation, of, record

pytestmark = pytest.mark.anyio
ACME = "http://acme.example/fhir"


def narrative(text: str) -> dict[str, str]:
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{text}</p></div>'}


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    await record(
        store,
        of(
            "Patient",
            "a",
            name=[{"family": "Ashdown", "given": ["Mary", "Ann"], "prefix": ["Mrs"]}],
            address=[{"city": "Leeds", "postalCode": "LS1 4AP", "line": ["1 High Street"]}],
        ),
        of(
            "Patient",
            "b",
            name=[{"family": "Bröoke-Ash", "given": ["Zoë"]}, {"text": "Zo Ashbury"}],
            text=narrative("Knee pain, no fever"),
        ),
        of("Patient", "c", name=[{"family": "van der Berg, jr | $5 \\ x"}], text=narrative("Low back pain and fever")),
        of("Patient", "d", address=[{"city": "Leeds Bridge", "district": "York"}], text=narrative("Benign tumour of bone")),
        of("ValueSet", "v1", url=f"{ACME}/ValueSet/1", status="active"),
        of("ValueSet", "v2", url=f"{ACME}/ValueSet/1/2", status="active"),
        of("ValueSet", "v3", url="urn:oid:1.2.3.4", status="active"),
        of("ValueSet", "v4", url="http://acme.example/fhirest", status="active"),
    )


async def test_strings_begin_so_without_regard_to_case_and_accents(client: Client) -> None:
    await check(
        client,
        {
            "family=ash": "a b",
            "family=ASHD": "a",
            "family=down": "",
            "family=brooke": "b",
            "family=BRÖOKE-ash": "b",
            "given=zoe": "b",
            "given=ann": "a",
            "name=mrs": "a",
            "name=zo ash": "b",
            "name=mary ashdown": "a",
            "name=ash,zo": "a b",
            "name=mary&name=ash": "a",
            "name=mary&name=zo": "",
            "address=leeds": "a d",
            "address-city=leeds": "a d",
            "address-postalcode=LS1": "a",
            "address=york": "d",
            "phonetic=ash": "a b",
            "family=%20": "400",
        },
        "Patient?",
    )


async def test_punctuation_and_the_words_of_a_family_name(client: Client, store: SqliteStore) -> None:
    """3.1.1.4.8: punctuation should be ignored, save between digits; the parts of a family name are searched independently; to
    ``:exact`` both count."""
    await record(
        store,
        of(
            "Patient",
            "p",
            name=[{"family": "D'Arcy-Smith Jones", "given": ["Mary-Jane"]}],
            address=[{"line": ["St. John's Rd, 5"]}],
        ),
        observation("q", {"text": "x"}, valueString="5.4 mg, approx."),
    )
    await check(
        client,
        {
            "Patient?family=d'arcy": "p",
            "Patient?family=darcy": "p",
            "Patient?family=d-arcy": "p",
            "Patient?family=smith": "p",
            "Patient?name=jones": "p",
            "Patient?family=arcy": "",
            "Patient?family:contains=arcys": "p",
            "Patient?family:exact=Jones": "",
            "Patient?given=maryjane": "p",
            "Patient?given=jane": "",
            "Patient?address=st johns rd": "p",
            "Observation?value-string=5.4 mg approx": "q",
            "Observation?value-string=54": "",
        },
    )


async def test_exact_and_contains(client: Client) -> None:
    await check(
        client,
        {
            "family:exact=Ashdown": "a",
            "family:exact=ashdown": "",
            "family:exact=Ash": "",
            "given:exact=Zoë": "b",
            "given:exact=Zoe": "",
            "family:contains=ash": "a b",
            "family:contains=OOK": "b",
            "family:contains=e": "b c",
            "family:contains=as": "a b",
            "family:contains=zzz": "",
            "family:contains=ook,down": "a b",
            "name:contains=ar&name:contains=down": "a",
            "family:missing=true": "d",
            "address:missing=false": "a d",
            "family:text=ook": "b",
            "family:not=ash": "400",
            "family:below=ash": "400",
        },
        "Patient?",
    )


async def test_what_separates_is_escaped(client: Client) -> None:
    """3.1.1.4.1: the value holds a comma, a bar, a dollar and a backslash."""
    await check(
        client,
        {
            r"family=van der berg\, jr": "c",
            r"family:exact=van der Berg\, jr \| \$5 \\ x": "c",
            "family=van der berg, jr": "c",
            r"family=jr\, x": "",
            r"family:contains=\$5": "c",
            r"family:contains=\\ x": "c",
        },
        "Patient?",
    )


async def test_uris(client: Client) -> None:
    """As they are written; :below what begins so, :above what it is under."""
    await check(
        client,
        {
            f"url={ACME}/ValueSet/1": "v1",
            f"url={ACME}/valueset/1": "",
            f"url={ACME}/ValueSet": "",
            "url=urn:oid:1.2.3.4": "v3",
            f"url:below={ACME}/": "v1 v2",
            f"url:below={ACME}/ValueSet/1": "v1 v2",
            "url:below=http://acme.example": "v1 v2 v4",
            f"url:above={ACME}/ValueSet/1/2/3": "v1 v2",
            f"url:above={ACME}/ValueSet/1": "v1",
            f"url={ACME}/ValueSet/1,urn:oid:1.2.3.4": "v1 v3",
            "url:missing=true": "",
            f"url:contains={ACME}": "400",
        },
        "ValueSet?",
    )


async def test_full_text(client: Client) -> None:
    """_text is the narrative, _content all of it; words, phrases, and, or, not, brackets."""
    await check(
        client,
        {
            "_text=fever": "b c",
            "_text=FEVER pain": "b c",
            '_text="back pain"': "c",
            '_text="pain back"': "",
            "_text=(bone or knee) and benign": "d",
            "_text=fever not knee": "c",
            "_text=pain -knee": "c",
            "_text=bone or knee": "b d",
            "_content=ashdown": "a",
            "_content=leeds bridge": "d",
            "_text=ashdown": "",
            "_text=(bone": "400",
            "_text=not fever": "400",
            "_text=%22%22": "400",
        },
        "Patient?",
    )


async def test_words_of_what_is_gone_do_not_find_what_comes_after(client: Client) -> None:
    """The number of the last text that was taken in is not given to another one."""
    for id_, word in (("gone", "amber"), ("later", "cedar")):
        assert (await client.put(observation(id_, {"text": word}))).status_code == 201
        assert await client.ids(f"/fhir/Observation?_content={word}") == [f"Observation/{id_}"]
        if id_ == "gone":
            assert (await client.send("DELETE", "/fhir/Observation/gone")).status_code == 204
    assert await client.ids("/fhir/Observation?_content=amber") == []
