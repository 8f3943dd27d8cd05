"""What the claims of a token say of who asks: our own by name, national ones by a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.apply.acting.recipients import CLIENT as RULES
from interop.apply.telling.telling import QUEUE
from interop.policy.asker import ENGINE
from interop.policy.tables import tables
from interop.signon.claims import asker_of, rows
from interop.signon.refused import Refused

ISSUER = "https://id.example"


def cis2(*roles: tuple[str, str, str], selected: str = "") -> dict[str, Any]:
    """Claims as NHS CIS2 gives them: roles as (id, organisation, code)."""
    listed = [{"person_roleid": id_, "org_code": org, "role_code": code} for id_, org, code in roles]
    return {"nhsid_nrbac_roles": listed, **({"selected_roleid": selected} if selected else {})}


BASE = "https://care.example/fhir"


def who(**claims: Any) -> Any:
    return asker_of({"iss": ISSUER, "sub": "555", **claims}, own=False, base=BASE)


@pytest.mark.parametrize(
    ("organisation", "code", "role"),
    [
        ("B83012", "S0010:G0020:R8000", "gp"),
        ("b83012", "S8000:G8000:R8001", "gp"),
        ("RX9", "S0010:G0020:R8000", "ambulance-clinician"),
        ("RRU", "S8000:G8000:R8003", "ambulance-clinician"),
        ("RXA", "S0010:G0020:R8000", "hospital-clinician"),
        ("RXA", "S0030:G0100:R0260", "gp"),
        ("RXA", "S0080:G0450:R0001", "privacy-officer"),
        ("RXA", "R5105", "privacy-officer"),
        ("RXA", "S8003:G8003:R8008", "coordinator"),
        ("RXA", "S8005:G8005:R8015", "operator"),
    ],
)
def test_the_role_code_of_the_selected_role_is_looked_up(organisation: str, code: str, role: str) -> None:
    found = who(**cis2(("1", organisation, code)))
    assert (found.role, found.organisation, found.user) == (role, organisation.upper(), f"{ISSUER}|555")


def test_of_several_roles_the_selected_one_counts() -> None:
    two = (("1", "B83012", "S0010:G0020:R8000"), ("2", "RXA", "S0080:G0450:R0001"))
    assert who(**cis2(*two, selected="2")).role == "privacy-officer"
    for chosen in ("", "3"):
        with pytest.raises(Refused, match="role"):
            who(**cis2(*two, selected=chosen))


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"role": "tester"},
        {"role": "king"},
        {"role": ["gp"]},
        {"identity_proofing_level": "P5"},
        cis2(("1", "RXA", "S8000:G8000:R9999")),
        {"nhsid_nrbac_roles": "R8000"},
    ],
)
def test_whoever_has_no_known_role_is_nobody(claims: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="role"):
        who(**claims)


def test_a_patient_is_one_whose_identity_is_proved() -> None:
    """NHS login's P9."""
    found = who(identity_proofing_level="P9", fhirUser="https://care.example/fhir/Patient/p1")
    assert (found.role, found.patient, found.fhir_user) == ("patient", "p1", "Patient/p1")


@pytest.mark.parametrize(
    "user",
    [
        "https://elsewhere.example/fhir/Patient/p1",
        "https://care.example/fhir/../Patient/p1",
        "//care.example/fhir/Patient/p1",
        "/Patient/p1",
    ],
)
def test_who_somebody_is_elsewhere_says_nothing_of_who_they_are_here(user: str) -> None:
    """Another server's Patient of the same id is another person."""
    found = who(identity_proofing_level="P9", fhirUser=user)
    assert (found.role, found.patient, found.fhir_user) == ("patient", "", "")
    assert asker_of({"iss": ISSUER, "sub": "1", "role": "gp", "fhirUser": user}, own=False).fhir_user == ""
    assert who(identity_proofing_level="P9", fhirUser="Patient/p1").patient == "p1"


def test_every_role_of_the_table_is_one_of_policys() -> None:
    named = {role for row in rows() for role in (row.value.pattern.split("|") if row.role == "=" else [row.role])}
    assert named <= tables().roles.keys()
    assert "tester" not in named


def test_a_table_of_the_operators_takes_its_place(tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    file.write_text("claim,value,organisation,role,why\ngroup,care-.*,,mdt-member,Ours\n", encoding="utf-8")
    assert asker_of({"iss": ISSUER, "sub": "1", "group": "care-north"}, own=False, table=rows(file)).role == "mdt-member"
    file.write_text("claim,value\nx,(\n", encoding="utf-8")
    rows.cache_clear()
    with pytest.raises(ValueError, match="columns"):
        rows(file)


def test_activities_of_the_selected_role_are_looked_up_where_a_table_says_so(tmp_path: Path) -> None:
    """The table that comes with the engine maps roles alone: which activities an organisation gives whom is its own to say."""
    file = tmp_path / "activities.csv"
    file.write_text("claim,value,organisation,role,why\nnrbac-activity,B0825,,coordinator,Amend demographics\n", encoding="utf-8")
    claims = cis2(("1", "RXA", "S8000:G8000:R9999"))
    said = {"iss": ISSUER, "sub": "555", **claims}
    with pytest.raises(Refused, match="role"):
        asker_of(said, own=False, table=rows(file))
    for codes, found in ((["B0820", "B0825"], True), (["B0820"], False), ("B0825", False), ([["B0825"]], False)):
        claims["nhsid_nrbac_roles"][0]["activity_codes"] = codes
        if found:
            assert asker_of(said, own=False, table=rows(file)).role == "coordinator"
        else:
            with pytest.raises(Refused, match="role"):
                asker_of(said, own=False, table=rows(file))
    assert not [row for row in rows() if row.claim == "nrbac-activity"]


def test_a_program_is_no_person() -> None:
    """Its subject is itself (RFC 9068, 2.2)."""
    found = who(role="system", client_id="555", organisation="rxa")
    assert (found.user, found.client, found.organisation) == ("", "555", "RXA")


@pytest.mark.parametrize("name", sorted(ENGINE))
def test_no_token_is_of_a_program_that_is_called_as_the_engine_itself(name: str) -> None:
    assert {RULES, QUEUE} == ENGINE
    with pytest.raises(Refused, match="claims"):
        who(role="system", client_id=name, sub=name, organisation="rxa")


def test_no_other_issuer_gives_every_feed() -> None:
    assert who(role="feed", feed="*").feed == ""
    assert who(role="feed", feed="lab").feed == "lab"
    assert asker_of({"iss": ISSUER, "sub": "1", "role": "feed", "feed": "*"}, own=True).feed == "*"


def test_without_scopes_nothing_is_given() -> None:
    assert who(role="gp").scopes == ()
    assert [str(scope) for scope in who(role="gp", scp=["user/Patient.rs", "openid"]).scopes] == ["user/Patient.rs"]


ELSEWHERE = "https://other.example/fhir/Patient/b"


@pytest.mark.parametrize("said", [f"{BASE}/Patient/a", "Patient/a", f"{BASE}/RelatedPerson/b", ELSEWHERE, None])
@pytest.mark.parametrize("own", [True, False])
def test_a_patient_whose_token_is_about_somebody_else_is_refused(said: str | None, own: bool) -> None:
    """Their own record is given without consent: an application's choice of whom to show makes nobody that person. The embedded
    issuer has no base, and tokens that are made by hand."""
    claims = {"iss": ISSUER, "sub": "555", "role": "patient", "patient": "b", "fhirUser": said}
    if own and said in (ELSEWHERE, None):
        assert asker_of(claims, own=True, base=BASE).patient == "b"
    else:
        with pytest.raises(Refused):
            asker_of(claims, own=own, base=BASE)
    assert asker_of({**claims, "fhirUser": f"{BASE}/Patient/b"}, own=own, base=BASE).patient == "b"
    assert asker_of({**claims, "role": "carer"}, own=own, base=BASE).patient == "b"
