"""A hospital's letter tells of medicines: the practice, the pharmacy and the person hear that there is something to read, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.spec.families.maps import example
from tests.spec.rules.acting import Acted, acting, at, team

pytestmark = pytest.mark.anyio
RULES = ("medicines-told", "medicines-told-person", "medicines-told-pharmacy")
LETTER = example("documents", "discharge.xml")
NOW = "2026-03-02T17:00:00Z"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">Rest</div>'
DRUGS = ("Amoxicillin", "Paracetamol", "323509004")


def pharmacy(directory: Path) -> dict[str, Any]:
    """A destination of that name."""
    file = directory / "destinations.toml"
    file.write_text(f'[pharmacy]\nkind = "file"\naddress = "{directory / "pharmacy"}"\norganisation = "FA001"\n')
    return {"destinations": file}


async def told(here: Acted) -> dict[str, list[dict[str, Any]]]:
    return {rule: await here.made(rule, "Communication") for rule in RULES}


@pytest.mark.long
async def test_a_letter_with_medicines_is_told_to_each_of_them_once_and_names_no_medicine(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", at(NOW), **pharmacy(tmp_path)) as here:
        await here.tell(LETTER, feed="documents")
        patient = await here.patient("9995000024")
        found = await told(here)
        await here.tell(LETTER, feed="documents")
        assert await told(here) == found
    assert found["medicines-told-person"][0]["recipient"] == [{"reference": f"Patient/{patient}"}]
    assert found["medicines-told-pharmacy"][0]["recipient"][0]["identifier"]["value"] == "pharmacy"
    for one in found.values():
        said = orjson.dumps(one).decode()
        assert not [each for each in DRUGS if each in said]


def letter(*entries: str) -> dict[str, Any]:
    """A discharge letter that refers to these."""
    said: dict[str, Any] = {"status": "final", "type": {"text": "Discharge"}, "date": "2026-03-02T16:40:00Z", "title": "Discharge"}
    said |= {"subject": {"reference": "Patient/p"}, "author": [{"display": "Ward"}], "encounter": {"reference": "Encounter/e"}}
    section: dict[str, Any] = {"title": "What is to be known", "text": {"status": "generated", "div": DIV}}
    section |= {"entry": [{"reference": each} for each in entries]} if entries else {}
    return {"resourceType": "Composition", "id": "c", **said, "section": [section]}


async def person(here: Acted) -> None:
    """Somebody with a clinician who answers for them, and a stay."""
    hers = {"subject": {"reference": "Patient/p"}}
    await here.put({"resourceType": "Practitioner", "id": "named", "name": [{"family": "Rowe"}]})
    await here.put({"resourceType": "Patient", "id": "p"})
    await here.put(team("t1", "p"))
    await here.put({"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "IMP"}, **hers})
    medicine = {"status": "active", "medicationCodeableConcept": {"text": "Senna"}}
    await here.put({"resourceType": "MedicationStatement", "id": "m", **medicine, **hers})


async def test_whoever_answers_for_the_person_is_told(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", at(NOW)) as here:
        await person(here)
        await here.put(letter("MedicationStatement/m"))
        found = await here.made("medicines-told", "Communication")
    assert [one["recipient"] for one in found] == [[{"reference": "Practitioner/named"}]]
    assert "Composition/c" in str(found)
    assert "Senna" not in str(found)


async def test_a_letter_without_medicines_tells_nobody(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", at(NOW)) as here:
        await person(here)
        await here.put(letter())
        assert not any((await told(here)).values())
        await here.put(letter("MedicationStatement/m"))
        assert (await told(here))["medicines-told"], "it says so in a later version"


async def test_a_letter_of_long_ago_tells_nobody(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", at("2026-05-02T17:00:00Z")) as here:
        await here.tell(LETTER, feed="documents")
        assert not any((await told(here)).values())
