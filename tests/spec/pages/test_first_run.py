"""Who tries the engine is given a link for each role: it leads by sign-on to a page with something on it."""

from __future__ import annotations

import httpx
import pytest

from conformance.day.visiting import addresses
from tests.spec.browser.people import Site
from tests.spec.engine.running import TIMEOUT
from tests.spec.pages.visitors import HTML, Page, Visitor

pytestmark = pytest.mark.anyio


async def test_each_link_leads_to_the_page_of_the_role(site: Site) -> None:
    ids = [site.ids[name] for name in ("laura", "susan", "bill")]
    found = addresses(site.root, ids)
    assert len({who for who, _, _ in found}) == len(found) == 7
    for who, _, address in found:
        async with httpx.AsyncClient(base_url=site.root, timeout=TIMEOUT, trust_env=False, headers=HTML) as http:
            one = Visitor(http)
            asked = Page(await http.get(address, follow_redirects=True))
            assert asked.title == "Sign in", who
            there = await one.send(asked, "/auth/sign-on", {})
            assert there.status == (403 if who == "Hospital doctor" else 200), (who, there.text)
            assert there.path in address, (who, there.path)
            assert there.tree.xpath("//main//h1"), who


def test_where_the_three_were_not_found_there_are_no_links() -> None:
    assert addresses("http://127.0.0.1:1", ["a"]) == []
