"""No finding, verdict or error repeats what a resource holds: findings may be logged and resources are about people.

A word that is in no standard is written into every place of resources, one after another and into all at once: as value, as
address, as fragment, as the name of a member. What the parts say of it is searched for the word.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from interop.errors import Problem
from interop.fhir import facts
from interop.fhir.definitions import Definitions
from interop.fhir.documents import read
from interop.fhir.fhirpath import FhirPathError, Item, TooCostly, compile
from interop.fhir.findings import Finding
from interop.fhir.names import shown
from interop.fhir.terminology import Terminology
from interop.fhir.validation import check
from interop.fhir.validation.validator import Validator
from interop.fhir.xml import read_resource_xml, to_xml
from tests.spec.fhir.fuzz.mutating import copied, nodes
from tests.spec.fhir.xml_json.making import Maker

Json = Any
WORD = "Zqxj"
FORMS = (
    WORD,
    f" {WORD}",
    f"http://{WORD}.example/{WORD}",
    f"http://example.org/fhir/{WORD}|1",
    f"http://hl7.org/fhir/StructureDefinition/{WORD}",
    f"http://hl7.org/fhir/ValueSet/{WORD}",
    f"http://snomed.info/sct/{WORD}",
    f"http://loinc.org|{WORD}",
    f"urn:uuid:{WORD}",
    f"#{WORD}",
    f"Patient/{WORD}",
    f"{WORD}/1",
    f"2024-{WORD}",
    f"Patient.{WORD}.where({WORD}) ((",
    f'<div xmlns="http://www.w3.org/1999/xhtml"><{WORD} {WORD}="{WORD}">&{WORD};</{WORD}></div>',
    f'<div xmlns="http://www.w3.org/1999/xhtml">{WORD}<p {WORD}="{WORD}"><b href="{WORD}:"/></p></div>',
)
MEMBERS = (WORD, "_" + WORD, "value-" + WORD, WORD + " Smith", "extension1" + WORD, "name." + WORD)


def spread(value: Json, chance: random.Random) -> Json:
    """The same resource with the word in place of every text, save the type."""
    if isinstance(value, dict):
        return {name: each if name == "resourceType" else spread(each, chance) for name, each in value.items()}
    if isinstance(value, list):
        return [spread(each, chance) for each in value]
    return chance.choice(FORMS) if isinstance(value, str) else value


def planted(value: Json, chance: random.Random, times: int) -> Json:
    """A copy with the word in some places: in place of what is there, or as the name of a member."""
    value = copied(value)
    for _ in range(times):
        holder, key = chance.choice(nodes(value))
        if isinstance(holder, list) and not key < len(holder):
            continue
        kind = chance.randrange(4)
        if kind == 0 and isinstance(holder, dict):
            holder[chance.choice(MEMBERS)] = chance.choice((1, WORD, {}, {WORD: WORD}, [WORD]))
        elif kind == 1 and isinstance(holder, dict):
            holder[chance.choice(MEMBERS)] = holder.pop(key)
        elif kind == 2:
            holder[key] = [holder[key], chance.choice(FORMS)]
        else:
            holder[key] = chance.choice(FORMS)
    return value


def repeated(found: list[Finding]) -> list[Finding]:
    """The findings that repeat the word."""
    return [each for each in found if any(WORD.lower() in part.lower() for part in each)]


def resources(turns: int) -> Iterator[tuple[Json, random.Random]]:
    """Resources of every type with all their elements, some of them in a Bundle as well."""
    for turn in range(turns):
        chance = random.Random(turn)
        for kind in sorted(facts.resource_types()):
            made = Maker(turn).resource(kind, 2)
            yield made, chance
            if chance.random() < 0.1:
                yield {"resourceType": "Bundle", "type": "document", "entry": [{"fullUrl": FORMS[2], "resource": made}] * 2}, chance


def test_a_name_is_repeated_only_where_it_has_the_form_of_an_elements_name() -> None:
    """Letters, the first of them small, or a name of R4, case aside; no name or number of a person has that form."""
    assert [name for name in ("birthdate", "_birthDate", "nickname", "valueBase64Binary", "ValueQuantity") if not shown(name)] == []
    others = (WORD, "", "p9990000018", "mary ann", "birthDate ", "name[0]", "value\u212a", "a" * 41)
    assert [name for name in others if shown(name)] == []


@pytest.mark.parametrize("times", [0, 1, 4])
def test_the_check_against_base_r4(times: int) -> None:
    for made, chance in resources(1):
        value = planted(made, chance, times) if times else spread(made, chance)
        assert repeated(check(value)) == []


@pytest.fixture(scope="module")
def judge(shared: Callable[[str], Path]) -> Validator:
    """A validator that knows R4 and UK Core and says all that it can."""
    definitions = Definitions.base().with_packages([shared("reference/uk-core-r4.tgz")])
    return Validator(
        definitions, Terminology(definitions), must_support=True, unsliced=True, unknown_extensions="warning", gather=False
    )


def profiles(judge: Validator) -> dict[str, list[str]]:
    """The profiles of UK Core by the type that they are of."""
    found: dict[str, list[str]] = {}
    for url in judge.definitions.every("StructureDefinition"):
        if url.startswith("https://fhir.hl7.org.uk/"):
            found.setdefault(str((judge.definitions.structure(url) or {}).get("type")), []).append(url)
    return found


@pytest.mark.parametrize("times", [0, 3])
def test_the_validator_with_uk_core(judge: Validator, times: int) -> None:
    by_type = profiles(judge)
    for made, chance in resources(1):
        claimed = by_type.get(made["resourceType"], [])[:2]
        if not claimed and chance.random() < 0.8:
            continue
        value = planted(made, chance, times) if times else spread(made, chance)
        assert repeated(judge.validate(value, claimed)) == []


def test_a_profile_that_is_claimed_and_not_loaded_is_not_named(judge: Validator) -> None:
    """Finding.profile names what is loaded; a claim of something else is text of the sender."""
    claim = {"resourceType": "Patient", "meta": {"profile": [f"http://example.org/StructureDefinition/{WORD}"]}}
    found = judge.validate(claim)
    assert [(each.expression, each.code) for each in found if each.rule == "profile"] == [("Patient.meta.profile[0]", "not-found")]
    assert repeated(found) == []


@pytest.mark.parametrize("kind", [WORD, {WORD: WORD}, [WORD], f"Patient/{WORD}"])
def test_a_type_that_r4_lacks_is_not_named(judge: Validator, kind: Json) -> None:
    resource = {"resourceType": kind, WORD: WORD}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": WORD, "resource": resource}]}
    for value in (resource, bundle, {"resourceType": "Patient", "contained": [resource]}):
        found = judge.validate(value)
        assert found != []
        assert repeated(found) == []


XML = (
    f"<{WORD}/>",
    f'<{WORD} xmlns="http://hl7.org/fhir"/>',
    f'<Patient xmlns="http://hl7.org/fhir" {WORD}="{WORD}"><{WORD} value="1"><{WORD}/>{WORD}</{WORD}>{WORD}</Patient>',
    f'<Patient xmlns="http://hl7.org/fhir"><name {WORD}="1"><{WORD} xmlns="urn:{WORD}"/></name>{WORD}</Patient>',
    f'<Patient xmlns="http://hl7.org/fhir"><name><x>{WORD}</x></name></Patient>',
    f'<Patient xmlns="http://hl7.org/fhir"><contained><{WORD}>{WORD}<a {WORD}=""/></{WORD}></contained></Patient>',
    f'<Patient xmlns="http://hl7.org/fhir"><text><div {WORD}="{WORD}"><{WORD}>{WORD}</{WORD}></div></text></Patient>',
    f"<Patient xmlns='http://hl7.org/fhir'><{WORD}></Patient>",
    f"<?xml version='1.0' encoding='{WORD}'?><Patient xmlns='http://hl7.org/fhir'/>",
    f"<!DOCTYPE {WORD} SYSTEM '{WORD}'><Patient xmlns='http://hl7.org/fhir'>&{WORD};</Patient>",
    f"<Patient xmlns='http://hl7.org/fhir' xmlns:{WORD}='urn:{WORD}'><{WORD}:{WORD} {WORD}:a='{WORD}'/></Patient>",
)
TEXTS = (
    WORD,
    f"{{{WORD}: 1}}",
    f'{{"resourceType": "Patient", "{WORD}": {WORD}, "{WORD}": 1}}',
    f'{{"resourceType": "{WORD}", "a": [1,, {{"{WORD}" 2}}]}}',
    f'{{"resourceType": "Patient", /* {WORD} */ "name": [{{"{WORD}": [1 2], }}], }} {WORD}',
    f"{{'{WORD}': '{WORD}'",
    f'{{"resourceType": "Patient", "{WORD}": {{"family": +1, "family": "\t{WORD}"}}}}',
    f'{{"resourceType": "Patient", "id": "{WORD}"}}\n{{"{WORD}": {WORD}}}',
)


@pytest.mark.parametrize("text", [*XML, *TEXTS])
def test_texts_that_cannot_be_read_or_are_odd(text: str) -> None:
    for body in (text.encode(), text.encode("utf-16")):
        found = [each for document in read(body, "file") for each in document.findings]
        assert repeated(found) == []


@pytest.mark.parametrize("text", XML)
def test_xml_and_what_is_raised_for_it(judge: Validator, text: str) -> None:
    told, reading = told_of(read_resource_xml, text.encode())
    assert WORD.lower() not in told
    if reading is not None:
        assert repeated([*reading.findings, *judge.validate(reading.resource)]) == []


def told_of(ask: Callable[[Any], Any], value: Json) -> tuple[str, Any]:
    """All that a refusal tells, in lower case, '' where there is none; and what was answered."""
    try:
        return "", ask(value)
    except Problem as problem:
        return f"{problem} {problem.where} {problem.detail} {problem.as_json()}".lower(), None
    except (FhirPathError, TooCostly) as error:
        return str(error).lower(), None


def test_what_cannot_be_written_as_xml() -> None:
    told = [told_of(to_xml, planted(made, chance, 2))[0] for made, chance in resources(1)]
    assert sum(bool(each) for each in told) > 100
    assert [each for each in told if WORD.lower() in each] == []


def test_json_with_the_word_and_one_mistake() -> None:
    for made, chance in resources(1):
        if chance.random() < 0.9:
            continue
        text = json.dumps(planted(made, chance, 3), default=str)
        place = chance.randrange(len(text))
        broken = text[:place] + chance.choice(("", ",", "'", '"', "}", "//")) + text[place + 1 :]
        assert repeated([each for document in read(broken.encode(), "file") for each in document.findings]) == []


@pytest.mark.parametrize("form", FORMS)
def test_verdicts_of_terminology(judge: Validator, form: str) -> None:
    terminology = judge.terminology
    assert terminology is not None
    sets = ("http://hl7.org/fhir/ValueSet/administrative-gender", "http://hl7.org/fhir/ValueSet/mimetypes", form)
    systems = ("http://hl7.org/fhir/administrative-gender", "http://loinc.org", "http://unitsofmeasure.org", "urn:ietf:bcp:47")
    verdicts = [terminology.validate_in_system(system, form, form, form) for system in systems]
    verdicts += [terminology.validate_code(each, system, form, display=form) for each in sets[:2] for system in (*systems, None)]
    verdicts += [terminology.validate_in_system(form, form), terminology.validate_code(sets[0], form, form, version=form)]
    assert [each for each in verdicts if WORD.lower() in each.message.lower()] == []


EXPRESSIONS = (
    "name.family + 1",
    "name.given.single() + birthDate",
    "name.family.toInteger() + 1",
    "birthDate + 1 'mg'",
    "name.family.matches(name.given.first())",
    "(name | identifier).single()",
    "identifier.value.toQuantity() * 'a'",
    "name.family as Quantity",
    "name.first().family.substring(name.given)",
    "name.where(family)",
    "resolve()",
    "iif(name.given, 1, 2)",
)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_errors_of_fhirpath(text: str) -> None:
    patient = {
        "resourceType": "Patient",
        "name": [{"family": WORD, "given": [f"({WORD}", WORD]}],
        "birthDate": WORD,
        "identifier": [{"value": WORD, "system": f"http://{WORD}"}],
    }
    told, answer = told_of(compile(text).evaluate, Item.of(patient))
    assert bool(told) is (answer is None)
    assert WORD.lower() not in told
