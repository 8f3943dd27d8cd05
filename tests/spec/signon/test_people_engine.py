"""The engine as it starts by default: people of the demonstration sign on and read under policy; the audit has who is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import httpx
import pytest

from interop.app.engine import Engine
from interop.audit.row import DENIAL, READ, SIGNED, Row
from interop.cli.serve import warnings
from interop.signon.people import demo_users
from tests.spec.audit.test_engine import rows
from tests.spec.engine.running import TIMEOUT, running
from tests.spec.signon.browser import APP, Browser, query
from tests.spec.signon.conftest import Site

pytestmark = pytest.mark.anyio
JSON = {"content-type": "application/fhir+json"}
PRACTICE = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "G99901"}}


class At(NamedTuple):
    """Where a browser goes."""

    root: str
    http: httpx.AsyncClient
    engine: Engine

    async def get(self, token: str, path: str) -> httpx.Response:
        """A GET with a token."""
        return await self.http.get(path, headers={"authorization": f"Bearer {token}"})


@asynccontextmanager
async def default(data: Path) -> AsyncIterator[tuple[At, Browser]]:
    """An engine without an option but its data directory and its ports, and a browser."""
    async with running(data, open=False) as engine:
        root = f"http://127.0.0.1:{engine.http}"
        async with httpx.AsyncClient(base_url=root, timeout=TIMEOUT, trust_env=False) as http:
            at = At(root, http, engine)
            browser = Browser(cast(Site, at))
            yield at, browser
            await browser.http.aclose()


async def filled(at: At, browser: Browser) -> None:
    """Ann, of the practice, with a measurement; Bob, of no practice, with another."""
    token = (await browser.tokens("demo-tester", scope="user/*.cruds"))["access_token"]
    about: list[dict[str, Any]] = []
    for name in ("ann", "bob"):
        subject = {"reference": f"Patient/{name}"}
        about.append({"resourceType": "Patient", "id": name, "name": [{"family": "Larkfield", "given": [name.capitalize()]}]})
        about.append(
            {"resourceType": "Observation", "id": f"{name}-bp", "status": "final", "code": {"text": "BP"}, "subject": subject}
        )
    registered = {"status": "active", "patient": {"reference": "Patient/ann"}, "managingOrganization": PRACTICE}
    about.append({"resourceType": "EpisodeOfCare", "id": "ann-gp", **registered})
    for each in about:
        headers = JSON | {"authorization": f"Bearer {token}"}
        answer = await at.http.put(f"/fhir/{each['resourceType']}/{each['id']}", json=each, headers=headers)
        assert answer.status_code == 201, answer.text


async def seen(at: At, token: str, search: str) -> list[str]:
    """The ids that a search gives."""
    answer = await at.get(token, f"/fhir/{search}")
    assert answer.status_code == 200, answer.text
    return sorted(each["resource"]["id"] for each in answer.json().get("entry", ()) if each["search"]["mode"] == "match")


async def test_a_gp_signs_on_and_reads_under_policy(tmp_path: Path) -> None:
    """Finds both people, reads of her own patient what that one has consented to, and nothing of the other."""
    async with default(tmp_path / "data") as (at, browser):
        await filled(at, browser)
        token = (await browser.tokens("demo-gp", scope="openid fhirUser user/*.cruds"))["access_token"]
        assert await seen(at, token, "Patient?family=larkfield") == ["ann", "bob"]
        assert await seen(at, token, "Observation") == []
        said = {"resourceType": "Parameters", "parameter": [{"name": "decision", "valueCode": "given"}]}
        for name, status in (("ann", 201), ("bob", 404)):
            answer = await at.http.post(
                f"/fhir/Patient/{name}/$record-consent", json=said, headers=JSON | {"authorization": f"Bearer {token}"}
            )
            assert answer.status_code == status, answer.text
        assert await seen(at, token, "Observation") == ["ann-bp"]
        assert (await at.get(token, "/fhir/Observation/bob-bp")).status_code == 404
        narrow = (await browser.tokens("demo-gp", scope="user/Patient.rs"))["access_token"]
        assert (await at.get(narrow, "/fhir/Observation")).status_code == 403
    signed = [row for row in rows(tmp_path / "data") if row.kind == SIGNED]
    user = "https://demo.interop.invalid|demo-gp"
    assert {(row.who.user, row.who.role, row.who.organisation, row.more["from"]) for row in signed if row.who.user == user} == {
        (user, "gp", "G99901", "127.0.0.1")
    }


async def test_a_patient_signs_on_and_sees_the_own_record_alone(tmp_path: Path) -> None:
    async with default(tmp_path / "data") as (at, browser):
        await filled(at, browser)
        page = await browser.authorize(scope="openid fhirUser launch/patient patient/*.rs")
        answer = await browser.send(page, "/auth/sign-on", user="demo-patient", record="bob")
        said = (await browser.exchange(query(answer.headers["location"])["code"])).json()
        assert said["patient"] == "bob"
        assert await seen(at, said["access_token"], "Patient") == ["bob"]
        assert await seen(at, said["access_token"], "Observation") == ["bob-bp"]
        for path in ("Patient/ann", "Observation/ann-bp"):
            assert (await at.get(said["access_token"], f"/fhir/{path}")).status_code == 404


async def test_a_patient_is_chosen_among_those_whom_one_may_find(tmp_path: Path) -> None:
    """A GP finds anyone, a case conference those on its list, an analyst nobody."""
    async with default(tmp_path / "data") as (at, browser):
        await filled(at, browser)
        for user, found in (("demo-gp", {"ann", "bob"}), ("demo-mdt-member", set()), ("demo-analyst", set())):
            picker = await browser.send(await browser.authorize(scope="launch/patient patient/*.rs"), "/auth/sign-on", user=user)
            page = await browser.send(picker, "/auth/patient", name="larkfield")
            assert {name for name in ("ann", "bob") if f'value="{name}"' in page.text} == found, user
    denied = [row for row in rows(tmp_path / "data") if row.kind == DENIAL]
    assert {(row.who.role, row.interaction, row.type) for row in denied} == {("analyst", "search-type", "Patient")}


async def test_the_pages_are_signed_on_to_and_changed_through(tmp_path: Path) -> None:
    """The session is the person's: read, declare, sign out; each is in the audit under it."""
    async with default(tmp_path / "data") as (at, browser):
        await filled(at, browser)
        await browser.sign_on("demo-gp")
        ours = {"sec-fetch-site": "same-origin", "origin": at.root, "x-csrf-token": await browser.token()}
        assert (await browser.http.get("/fhir/Patient/ann", headers=ours)).status_code == 200
        said = {"resourceType": "Parameters", "parameter": [{"name": "decision", "valueCode": "given"}]}
        answer = await browser.http.post("/fhir/Patient/ann/$record-consent", json=said, headers=JSON | ours)
        assert answer.status_code == 201, answer.text
        assert (await browser.http.get("/fhir/Observation/ann-bp", headers=ours)).status_code == 200
        await browser.http.post("/auth/logout", data={"csrf": ours["x-csrf-token"]}, headers={"origin": at.root})
        assert (await browser.http.get("/fhir/Patient/ann", headers=ours)).status_code == 401
    every = [row for row in rows(tmp_path / "data") if row.who.client == "interop-pages"]
    made = [row for row in every if row.type == "Practitioner"]
    assert [(row.kind, row.who.role, row.who.user) for row in made] == [("change", "operator", ""), ("answer", "operator", "")]
    mine = [row for row in every if row.who.user]
    kinds = [(row.kind, row.interaction) for row in mine]
    assert ("sign-on", "sign-on") in kinds
    assert kinds[-1] == ("sign-on", "sign-off")
    assert len({row.who.session for row in mine if row.type}) == 1


async def refused(browser: Browser) -> list[str]:
    """Tries what must not be; the reasons that the audit is to have, in order."""
    wanted: list[str] = []

    async def expect(why: str, answer: httpx.Response, *statuses: int) -> None:
        wanted.append(why)
        assert answer.status_code in statuses, (why, answer.text)

    ask = browser.authorize
    await expect("client", await ask(redirect_uri="https://evil.example/"), 400)
    for why, changed in (
        ("challenge", {"code_challenge_method": "plain"}),
        ("challenge", {"code_challenge": None}),
        ("state", {"state": None}),
        ("audience", {"aud": "https://elsewhere.example/fhir"}),
        ("scope", {"scope": "system/*.cruds"}),
        ("response-type", {"response_type": "token"}),
    ):
        await expect(why, await ask(**cast(dict[str, Any], changed)), 303)
    page = await ask()
    await expect("user", await browser.send(page, "/auth/sign-on", user="nobody"), 400)
    await expect("ticket", await browser.send(page, "/auth/sign-on", user="demo-gp", ticket="forged"), 400)
    await expect("record", await browser.send(page, "/auth/sign-on", user="demo-patient", record="../x"), 400)
    foreign = {"origin": "https://evil.example"}
    await expect("cross-site", await browser.http.post("/auth/sign-on", data={"user": "demo-gp"}, headers=foreign), 403)
    for why, exchange in (
        ("verifier", {"code_verifier": "w" * 43}),
        ("client", {"client_id": "another"}),
        ("client", {"redirect_uri": APP + "/"}),
        ("invalid_request", {"code_verifier": None}),
    ):
        code = (await browser.code())["code"]
        await expect(why, await browser.exchange(code, **cast(dict[str, Any], exchange)), 400)
    await expect("code", await browser.exchange("unknown"), 400)
    code = (await browser.code())["code"]
    token = (await browser.exchange(code)).json()["access_token"]
    await expect("replayed", await browser.exchange(code), 400)
    await expect("revoked", await browser.site.get(token, "/fhir/Organization"), 401)
    return wanted


async def refused_in_session(browser: Browser) -> list[str]:
    """The same of sessions."""
    gone = await browser.http.get("/auth/login")
    answer = await browser.send(await browser.http.get(gone.headers["location"]), "/auth/sign-on", user="demo-gp")
    back = httpx.URL(answer.headers["location"])
    assert (await browser.http.get(back.copy_set_param("state", "other"))).status_code == 400
    assert (await browser.http.get(back.copy_set_param("iss", "https://evil.example"))).status_code == 400
    assert (await browser.http.get(back)).status_code == 400
    await browser.sign_on("demo-gp")
    post = browser.http.post
    assert (await post("/fhir/Patient/_search", data={"name": "x"})).status_code == 403
    ours = {"x-csrf-token": await browser.token(), "sec-fetch-site": "cross-site"}
    assert (await post("/fhir/Patient/_search", data={"name": "x"}, headers=ours)).status_code == 403
    assert (await post("/auth/logout", data={"csrf": "0" * 64})).status_code == 403
    browser.http.cookies.clear()
    headers = {"cookie": "interop-session=" + "f" * 43}
    assert (await browser.http.get("/fhir/Patient", headers=headers)).status_code == 401
    return ["state", "mix-up", "replayed", "csrf", "cross-site", "csrf", "session"]


async def test_whoever_is_refused_is_in_the_audit_with_why_and_from_where(tmp_path: Path) -> None:
    """And with nothing of what was sent: no code, token, cookie, state or name."""
    async with default(tmp_path / "data") as (_, browser):
        wanted = [*await refused(browser), *await refused_in_session(browser)]
    denied = [row for row in rows(tmp_path / "data") if row.kind == DENIAL]
    assert [row.more.get("reason") for row in denied] == wanted
    assert {row.more["from"] for row in denied} == {"127.0.0.1"}
    assert not [row for row in denied if {*row.more} - {"reason", "from"}]
    assert all(well_formed(row) for row in denied)


def well_formed(row: Row) -> bool:
    """Whether a row names an interaction of ours, and who asks where that was known."""
    return row.interaction in ("sign-on", "sign-off", "signon", "read", "search-type", "auth")


async def test_whoever_starts_it_is_told_where_to_sign_in_and_that_it_is_a_demonstration(tmp_path: Path) -> None:
    async with default(tmp_path / "data") as (at, _):
        said = " ".join(warnings(at.engine, at.root))
    assert said.startswith("DEMONSTRATION")
    assert f"{at.root}/auth/login" in said
    assert f"one of {len(demo_users())} made-up people" in said


async def test_the_audit_has_the_choice_of_a_patient_as_a_read_and_whose_refresh_token_was_revoked(tmp_path: Path) -> None:
    async with default(tmp_path / "data") as (at, browser):
        await filled(at, browser)
        picker = await browser.send(await browser.authorize(scope="patient/*.rs offline_access"), "/auth/sign-on", user="demo-gp")
        answer = await browser.send(picker, "/auth/patient", patient="ann")
        said = (await browser.exchange(query(answer.headers["location"])["code"])).json()
        revoked = await at.http.post("/signon/revoke", data={"token": said["refresh_token"]})
        assert revoked.status_code == 200
    found = rows(tmp_path / "data")
    (chosen,) = [row for row in found if row.interaction == "read" and row.who.role == "gp"]
    assert (chosen.kind, chosen.type) == (READ, "Patient")
    last = [row for row in found if row.kind == SIGNED][-1]
    assert (last.interaction, last.who.user, last.who.client) == ("signon", "https://demo.interop.invalid|demo-gp", "app")
