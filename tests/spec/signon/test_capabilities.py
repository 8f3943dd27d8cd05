"""What the server says that it does (SMART App Launch 2.2, 3.1), each by the test that holds it to it."""

from __future__ import annotations

from ast import AsyncFunctionDef, FunctionDef, parse

import pytest

from interop.api.signon.endpoints import GRANTS, PERSONAL, SERVICES
from tests.places import ROOT
from tests.spec.signon.conftest import Site

pytestmark = pytest.mark.anyio
HELD = {
    "launch-standalone": "test_people_flow.py::test_a_person_signs_on_and_the_application_reads_as_that_person",
    "launch-ehr": "test_people_patients.py::test_a_record_system_starts_an_application_with_its_patient",
    "client-public": "test_people_flow.py::test_a_person_signs_on_and_the_application_reads_as_that_person",
    "client-confidential-asymmetric": "test_backend.py::test_a_client_that_proves_who_it_is_gets_a_token_for_five_minutes",
    "sso-openid-connect": "test_people_flow.py::test_the_id_token_is_of_the_issuer_that_the_server_is_found_as",
    "context-standalone-patient": "test_people_patients.py::test_a_patient_is_found_by_a_form_and_stands_in_the_answer",
    "context-ehr-patient": "test_people_patients.py::test_a_record_system_starts_an_application_with_its_patient",
    "context-banner": "test_people_patients.py::test_a_patient_is_found_by_a_form_and_stands_in_the_answer",
    "permission-offline": "test_people_patients.py::test_refresh_tokens_are_used_once_and_a_replay_ends_the_family",
    "permission-online": "test_people_patients.py::test_online_access_ends_half_a_day_after_sign_on_however_often_it_is_refreshed",
    "permission-patient": "test_people_flow.py::test_a_patient_sees_the_own_record_alone",
    "permission-user": "test_people_flow.py::test_a_person_signs_on_and_the_application_reads_as_that_person",
    "permission-v1": "test_scopes.py::test_a_scope_of_either_version_is_read",
    "permission-v2": "test_scopes.py::test_a_token_reads_what_its_scopes_name",
}
"""Capability -> test."""


def test_each_capability_is_held_by_a_test() -> None:
    assert HELD.keys() == {*PERSONAL, *SERVICES}
    for test in HELD.values():
        file, _, name = test.partition("::")
        tree = parse((ROOT / "tests/spec/signon" / file).read_text(encoding="utf-8"))
        assert name in {each.name for each in tree.body if isinstance(each, FunctionDef | AsyncFunctionDef)}, test


async def test_what_is_said_is_there(site: Site) -> None:
    said = (await site.http.get("/fhir/.well-known/smart-configuration")).json()
    assert set(said["capabilities"]) == HELD.keys()
    assert said["grant_types_supported"] == sorted(GRANTS)
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["token_endpoint_auth_methods_supported"] == ["private_key_jwt", "none"]
    for name, method in (("authorization", "GET"), ("token", "POST"), ("revocation", "POST")):
        address = said[f"{name}_endpoint"]
        assert address.startswith(site.root)
        assert (await site.http.request(method, address)).status_code in (200, 400), name
    assert (await site.http.get(said["jwks_uri"])).json()["keys"]


async def test_it_is_told_whose_tokens_are_taken(site: Site) -> None:
    """RFC 9728."""
    said = (await site.http.get("/.well-known/oauth-protected-resource/fhir")).json()
    assert (said["resource"], said["authorization_servers"]) == (f"{site.root}/fhir", [site.root])
    found = (await site.http.get(f"{said['authorization_servers'][0]}/.well-known/openid-configuration")).json()
    assert found["issuer"] == site.root
