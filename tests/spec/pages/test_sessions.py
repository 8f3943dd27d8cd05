"""Sessions of browsers: each is one person's, and ends for that one alone."""

from __future__ import annotations

import httpx
import pytest

from interop.api.signon.sessions import IDLE
from tests.spec.browser.people import Site
from tests.spec.engine.running import TIMEOUT
from tests.spec.pages.visitors import visitor

pytestmark = pytest.mark.anyio


async def test_the_token_of_one_session_does_nothing_in_another(site: Site) -> None:
    """A form that was made for one person is not sent by another, and both stay signed in."""
    async with visitor(site, "demo-gp") as one, visitor(site, "demo-operator") as other:
        token = (await one.get("/auth/logout")).fields("/auth/logout")["csrf"]
        page = await other.get("/auth/logout")
        assert page.fields("/auth/logout")["csrf"] != token
        refused = await other.send(page, "/auth/logout", {"csrf": token})
        assert refused.status == 403
        for each, name in ((one, "Dr Ada Lark (GP"), (other, "Kit Olsen (Operator")):
            assert name in (await each.get("/")).text


async def test_who_signs_out_signs_out_alone(site: Site) -> None:
    async with visitor(site, "demo-gp") as one, visitor(site, "demo-gp") as again, visitor(site, "demo-operator") as other:
        assert "signed out" in (await one.sign_off()).title
        assert "Dr Ada Lark (GP" not in (await one.get("/")).text
        assert "Dr Ada Lark (GP" in (await again.get("/")).text
        assert "Kit Olsen (Operator" in (await other.get("/")).text


async def test_a_cookie_that_was_taken_along_is_worth_nothing_after_signing_out(site: Site) -> None:
    async with visitor(site, "demo-gp") as one:
        kept = dict(one.http.cookies)
        assert kept
        await one.sign_off()
        async with httpx.AsyncClient(base_url=site.root, timeout=TIMEOUT, trust_env=False, cookies=kept) as http:
            assert (await http.get("/fhir/Patient")).status_code == 401


async def test_what_a_page_asks_by_itself_keeps_nobody_signed_in(fresh: Site) -> None:
    """A list that is fetched anew each minute, or a stream, on a screen that somebody has left."""
    async with visitor(fresh, "demo-coordinator") as one, visitor(fresh, "demo-coordinator") as other:
        for _ in range(3):
            fresh.clock.advance(IDLE / 3)
            await one.http.get("/", headers={"x-live": "1"})
            await one.http.get("/", headers={"accept": "text/event-stream"})
            assert "Eve Nash (Coordinator" in (await other.get("/")).text
        assert "Eve Nash (Coordinator" not in (await one.get("/")).text
        assert "Eve Nash (Coordinator" in (await other.get("/")).text


async def test_a_part_of_a_page_leads_the_whole_of_it_to_where_one_signs_in(site: Site) -> None:
    async with visitor(site) as nobody:
        for current, whole in ((f"{site.root}/desk?x=1", "/desk"), (f"{site.root}//other.example/desk", "/other.example/desk")):
            said = {"hx-request": "true", "hx-current-url": current}
            answer = await nobody.http.get("/record", headers=said)
            assert (answer.status_code, answer.headers["hx-redirect"], answer.text) == (401, whole, "")
