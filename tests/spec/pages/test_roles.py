"""Every page by every role, as the router and ``areas.csv`` have them: who is turned away is told so, and nothing of anybody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from typing import Final

import httpx
import pytest

from interop.pages.areas import areas
from interop.policy.asker import NOBODY
from interop.policy.facts import Facts
from interop.signon.people import demo_users
from tests.spec.browser.people import Site
from tests.spec.pages.addresses import Address, addresses
from tests.spec.pages.visitors import Page, Visitor, visitor
from tests.spec.policy.test_indistinguishable import opened
from tests.spec.policy.worlds import World

pytestmark = pytest.mark.anyio
FOR_ALL: Final = {"/", "/api", "/api/try", "/api/{name}", "/assets/{path:path}"}
"""Pages of no area: what this is, what the API does, style sheets and scripts."""
BEFORE: Final = {"/crew/launch", "/crew/offline", "/crew/unsent", "/crew/worker.js"}
"""Of an area, and about nobody: the way in from another system, and what a phone keeps to open a card without a connection."""
ALSO: Final = {"privacy-officer": ("/console/audit",)}
"""Addresses of an area for a role that has not all of it: whether the chain of the audit is whole."""
CLINICAL: Final = {
    "alendron": "MedicationStatement",
    "ramipril": "MedicationStatement",
    "penicillin": "AllergyIntolerance",
    "osteoporo": "Condition",
    "garden": "CarePlan",
}
"""Words of what is recorded of Laura, that stand in no page of themselves, and in which type of resource."""
SIGNS_ON: Final = "/auth/login"
OFTEN: Final = ("demo-gp", "demo-ambulance-clinician", "demo-patient", "demo-operator", "demo-analyst")
"""Whose pages are looked at in every run."""


@pytest.fixture(scope="module")
async def all_addresses(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[Address]]:
    """From the router of an engine."""
    async with opened(tmp_path_factory.mktemp("router") / "data", NOBODY, World([], {}, Facts((), "explicit", ()), {})) as opening:
        yield list(addresses(opening[1]))


def named(site: Site) -> list[str]:
    """What says who Laura is."""
    laura = site.people["laura"]
    number = laura.nhs_number
    spaced = f"{number[:3]} {number[3:6]} {number[6:]}"
    return [laura.family.lower(), number, spaced, laura.address.postcode.lower(), laura.address.street.lower()]


def told(page: Page, words: Iterable[str]) -> list[str]:
    """Those of the words that stand in an answer, anywhere."""
    text = page.answer.text.lower()
    return [each for each in words if each in text]


async def withheld(one: Visitor, patient: str) -> list[str]:
    """Those of the words that the API does not give who visits."""
    given = set()
    for type_ in set(CLINICAL.values()):
        answer = await one.http.get(f"/fhir/{type_}?patient={patient}&_count=1", headers={"accept": "application/fhir+json"})
        found = answer.json().get("entry", ()) if answer.status_code == 200 else ()
        given |= {type_ for each in found if each["search"]["mode"] == "match"}
    return [word for word, type_ in CLINICAL.items() if type_ not in given]


async def test_every_page_belongs_to_an_area_or_is_for_all(all_addresses: list[Address]) -> None:
    """So that nobody forgets to say for whom a new one is."""
    assert {each.path for each in all_addresses if each.area is None} == FOR_ALL
    assert {each.path for each in all_addresses} >= BEFORE
    roles = {each.role for each in demo_users().values()}
    assert {role for each in areas().values() for role in each.roles} <= roles


def kept_by_nobody(answer: httpx.Response, where: str) -> None:
    """No cache keeps a page, nothing inline runs in it, nobody frames it, no other site learns where one was."""
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
    assert "unsafe" not in str(policy), where
    assert policy["default-src"] == "'none'", where
    assert policy["frame-ancestors"] == "'none'", where
    assert "no-store" in answer.headers["cache-control"], where
    assert answer.headers["x-content-type-options"] == "nosniff", where
    assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer"), where


@pytest.mark.parametrize("user", [user if user in OFTEN else pytest.param(user, marks=pytest.mark.long) for user in demo_users()])
async def test_every_page(site: Site, all_addresses: list[Address], user: str) -> None:
    """Who is of another role is told that, and where to go; who may come sees of a record what the API gives them, no more. No
    cache keeps it, nothing inline runs in it, nobody frames it."""
    role, laura = demo_users()[user].role, site.ids["laura"]
    async with visitor(site, user, record=site.ids["susan"] if role == "patient" else "") as one:
        token = (await one.get("/auth/logout")).fields("/auth/logout")["csrf"]
        hidden = await withheld(one, laura)
        for each in all_addresses:
            if each.area is None or each.path in BEFORE:
                continue
            path = each.about(laura)
            where = f"{each.method} {each.path} as {role}"
            may_come = role in each.area.roles or each.path in ALSO.get(role, ())
            if each.method == "GET":
                page = await one.get(path, lead=False)
            else:
                page = Page(await one.http.request(each.method, path, data={"csrf": token}, headers={"origin": site.root}))
            assert page.status < 500, where
            if page.answer.headers.get("content-type", "").startswith("text/html"):
                kept_by_nobody(page.answer, where)
            if not may_come:
                assert page.status == 403, where
                assert "not for the role" in page.text, where
                assert page.links(), where
                assert not told(page, [*named(site), *CLINICAL]), where
            assert not told(page, hidden), where
            if each.method != "GET" and may_come:
                foreign = Page(await one.http.request(each.method, path, data={"csrf": "0" * 64}, headers={"origin": site.root}))
                assert foreign.status == 403, where


async def test_nobody_is_led_to_where_one_signs_in_and_back(site: Site, all_addresses: list[Address]) -> None:
    """A form that comes without a session is refused."""
    async with visitor(site) as nobody:
        for each in all_addresses:
            if each.area is None:
                continue
            path = each.about(site.ids["laura"])
            answer = await nobody.http.request(each.method, path, headers={"origin": site.root})
            if each.path in BEFORE:
                assert answer.status_code in (200, 400), path
            elif each.method == "GET":
                assert answer.status_code == 303, path
                assert re.fullmatch(rf"{SIGNS_ON}\?to={re.escape(path)}", answer.headers["location"]), path
            else:
                assert answer.status_code in (401, 403), path
            assert not told(Page(answer), [*named(site), *CLINICAL]), path
