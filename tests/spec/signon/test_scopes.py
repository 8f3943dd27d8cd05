"""Scopes (SMART App Launch 2.2, 3.0.2): both syntaxes, granular criteria, and what a token that has them may see."""

from __future__ import annotations

import json

import pytest

from interop.fhir import facts
from interop.policy.scopes import LONGEST, covers, read_scope, read_scopes
from tests.spec.signon.conftest import Site

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("patient/Observation.rs", "patient/Observation.rs"),
        ("user/*.cruds", "user/*.cruds"),
        ("system/Patient.read", "system/Patient.rs"),
        ("system/Patient.write", "system/Patient.cud"),
        ("patient/*.*", "patient/*.cruds"),
        ("user/Observation.rs?category=laboratory", "user/Observation.rs?category=laboratory"),
        (
            "user/Observation.rs?category=http%3A%2F%2Fx%7Clab&status=final",
            "user/Observation.rs?category=http%3A%2F%2Fx%7Clab&status=final",
        ),
    ],
)
def test_a_scope_of_either_version_is_read(text: str, said: str) -> None:
    assert str(read_scope(text)) == said


@pytest.mark.parametrize(
    "text",
    [
        "openid",
        "launch/patient",
        "fhirUser",
        "user/Nothing.rs",
        "user/Observation.sr",
        "user/Observation.",
        "User/Patient.rs",
        "user/*.rs?category=x",
        "user/Observation.rs?",
        "user/Observation.rs?category",
        "user/patient.rs",
        "user/Patient.rsx",
        "user/Patient.rs?name=%FF",
    ],
)
def test_what_is_none_gives_nothing(text: str) -> None:
    assert read_scope(text) is None
    assert read_scopes(f"{text} user/Patient.r") == read_scopes("user/Patient.r")


def test_their_number_and_length_are_bounded() -> None:
    assert read_scopes("user/Patient.r".ljust(4_096))
    assert not read_scopes("user/Patient.r".ljust(4_097))
    assert read_scope("user/Patient.r?" + "&".join(["name=a"] * 20))
    assert not read_scope("user/Patient.r?" + "&".join(["name=a"] * 21))
    assert read_scopes("user/Patient.r " * 1_000) == ()
    assert len("user/Patient.r " * 200) < LONGEST
    assert len(read_scopes("user/Patient.r " * 200)) == 1
    assert len(read_scopes(" ".join(f"user/{kind}.r" for kind in sorted(facts.resource_types())[:101]))) == 100


@pytest.mark.parametrize(
    ("asked", "within"),
    [
        ("system/Observation.rs", True),
        ("system/Observation.r", True),
        ("system/Observation.cr", False),
        ("system/Patient.rs", False),
        ("system/*.rs", False),
        ("user/Observation.rs", False),
        ("system/Condition.rs?category=problem-list-item&code=x", True),
        ("system/Condition.rs?code=x", False),
        ("system/Condition.rs", False),
    ],
)
def test_what_is_asked_lies_within_what_is_allowed(asked: str, within: bool) -> None:
    allowed = read_scopes("system/Observation.rs system/Condition.rs?category=problem-list-item")
    scope = read_scope(asked)
    assert scope is not None
    assert covers(allowed, scope) is within
    assert covers(read_scopes("user/*.rs"), scope) is (asked == "user/Observation.rs")


async def found(site: Site, path: str, **claims: str) -> tuple[int, list[str]]:
    """Status, and the ids that are given."""
    answer = await site.get(site.token(**claims), path)
    said = answer.json()
    listed = said.get("entry", []) if said["resourceType"] == "Bundle" else [{"resource": said}]
    return answer.status_code, [each["resource"].get("id", "") for each in listed]


async def test_a_token_reads_what_its_scopes_name(site: Site) -> None:
    await site.fill()
    assert await found(site, "/fhir/Observation/lab", scope="user/Observation.r") == (200, ["lab"])
    for scope in ("user/Patient.rs", "user/Observation.s", "user/Observation.cud", "", "openid"):
        assert (await found(site, "/fhir/Observation/lab", scope=scope))[0] == 403


async def test_criteria_narrow_it(site: Site) -> None:
    """What lies outside them is as if it were not there."""
    await site.fill()
    within, outside = "user/Observation.rs?category=laboratory", "user/Observation.rs?category=vital-signs"
    assert await found(site, "/fhir/Observation", scope=within) == (200, ["lab"])
    assert await found(site, "/fhir/Observation/lab", scope=within) == (200, ["lab"])
    assert await found(site, "/fhir/Observation", scope=outside) == (200, [])
    absent = await site.get(site.token(scope=outside), "/fhir/Observation/nothing")
    hidden = await site.get(site.token(scope=outside), "/fhir/Observation/lab")
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)
    assert hidden.status_code == 404
    assert await found(site, "/fhir/Observation", scope=f"{outside} {within}") == (200, ["lab"])


@pytest.mark.parametrize("criteria", ["nonsense=1", "category:nonsense=x", "code:in=http://x", "_include=Observation:subject"])
async def test_criteria_that_are_not_understood_give_nothing(criteria: str, site: Site) -> None:
    await site.fill()
    status, ids = await found(site, "/fhir/Observation", scope=f"user/Observation.rs?{criteria}")
    assert status == 403 or ids == []


async def test_a_token_for_one_patient_sees_nobody_else(site: Site) -> None:
    await site.fill()
    headers = {"authorization": f"Bearer {site.token()}", "content-type": "application/fhir+json"}
    await site.http.put("/fhir/Patient/other", content=json.dumps({"resourceType": "Patient", "id": "other"}), headers=headers)
    assert await found(site, "/fhir/Patient", scope="patient/*.rs", patient="other") == (200, ["other"])
    assert (await found(site, "/fhir/Patient/example", scope="patient/*.rs", patient="other"))[0] == 404
    assert await found(site, "/fhir/Observation", scope="patient/*.rs", patient="other") == (200, [])
    assert await found(site, "/fhir/Observation", scope="patient/*.rs", patient="example") == (200, ["lab"])


async def test_scopes_for_a_patient_without_one_give_nothing(site: Site) -> None:
    await site.fill()
    assert (await found(site, "/fhir/Patient/example", scope="patient/*.rs"))[0] == 403


async def test_nor_does_a_token_write_beyond_them(site: Site) -> None:
    await site.fill()
    for method, path in (("DELETE", "/fhir/Patient/example"), ("POST", "/fhir/Patient"), ("PUT", "/fhir/Patient/example")):
        headers = {"authorization": f"Bearer {site.token(scope='user/*.rs')}", "content-type": "application/fhir+json"}
        body = json.dumps({"resourceType": "Patient", "id": "example"})
        assert (await site.http.request(method, path, content=body, headers=headers)).status_code == 403
