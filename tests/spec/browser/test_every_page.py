"""Every page that a role reaches by links, on a phone and at a desk: everyone can use it, and no link is dead."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.async_api import Page
from starlette.routing import compile_path

from interop.pages.areas import areas
from interop.policy.asker import NOBODY
from interop.policy.facts import Facts
from interop.signon.people import demo_users
from tests.spec.browser.accessible import axe, keyboard, within
from tests.spec.browser.chromium import Opens
from tests.spec.browser.people import Site
from tests.spec.browser.signing import signed_on
from tests.spec.pages.addresses import Address, addresses
from tests.spec.policy.test_indistinguishable import opened
from tests.spec.policy.worlds import World

pytestmark = pytest.mark.anyio
EACH: Final = 2
"""So many pages of one kind (one address of the router) are looked at; of the others the links are not."""
AWAY: Final = ("/auth/", "/fhir", "/api", "/assets/")
"""Looked at elsewhere, or no pages."""


@pytest.fixture(scope="module")
async def router(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[Address]]:
    """The addresses of pages."""
    async with opened(tmp_path_factory.mktemp("router") / "data", NOBODY, World([], {}, Facts((), "explicit", ()), {})) as opening:
        yield [each for each in addresses(opening[1]) if each.method == "GET"]


@dataclass
class Walk:
    """Where one has been: of each kind of page how often."""

    page: Page
    router: list[Address]
    kinds: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def kind(self, url: str) -> str:
        """The address of the router that a page is of; '' for none."""
        path = urlsplit(url).path
        matching = (each.path for each in self.router if compile_path(each.path)[0].match(path))
        return min(matching, key=lambda each: each.count("{"), default="")

    async def links(self) -> list[str]:
        """Where the links of the present page lead, within the pages."""
        found: list[str] = await self.page.eval_on_selector_all("a[href]:not([download])", "all => all.map(each => each.href)")
        here = urlsplit(self.page.url)
        inside = (urljoin(self.page.url, each).partition("#")[0] for each in found)
        return [
            each
            for each in dict.fromkeys(inside)
            if urlsplit(each).netloc == here.netloc and not urlsplit(each).path.startswith(AWAY)
        ]

    async def everywhere(self, *begins: str) -> AsyncIterator[str]:
        """Go to each page in turn, nearest first, and stop there."""
        waiting = deque(begins)
        while waiting:
            url = waiting.popleft()
            kind = self.kind(url)
            if url in self.seen or self.kinds[kind] >= EACH:
                continue
            self.seen.add(url)
            self.kinds[kind] += 1
            head = await self.page.request.head(url)
            if head.status >= 400 and head.status != 403:  # a record that is not open says so, and what one can do
                self.wrong.append(f"a link to {url} is dead: {head.status}")
                continue
            if not head.headers.get("content-type", "").startswith("text/html"):
                continue
            await self.page.goto(url)
            if "not for the role" in await self.page.content():
                self.wrong.append(f"a link to {url} leads to what is not for the role")
            yield kind
            waiting += await self.links()

    async def holds(self, check: Awaitable[object]) -> None:
        """Keep what is wrong, and go on."""
        try:
            await check
        except AssertionError as error:
            self.wrong.append(f"{self.page.url}: {error}")


@pytest.mark.long
@pytest.mark.parametrize("shape", ["phone", "desktop"])
@pytest.mark.parametrize("user", demo_users())
async def test_of_a_role(opens: Opens, site: Site, router: list[Address], user: str, shape: str) -> None:
    """axe-core finds nothing, nothing is wider than the screen, Tab goes through it and shows where it is."""
    page = await opens(site, shape)
    role = demo_users()[user].role
    own = site.ids["laura"] if role == "patient" else ""
    await signed_on(page, user, record=own)
    walk = Walk(page, router)
    open_to = [each for each in areas().values() if role in each.roles]
    begins = ["/", *(each.href for each in open_to)]
    about = [f"{each.href}/{site.ids['laura']}" for each in open_to if each.area in ("crew", "record")]
    begins += [each for each in about if (await page.request.head(each)).status != 404]  # who has nothing to do with her
    async for _ in walk.everywhere(*(site.root + each for each in begins)):
        await walk.holds(axe(page))
        await walk.holds(within(page))
        if shape == "desktop":
            await walk.holds(keyboard(page))
    assert not walk.wrong, "\n".join(walk.wrong)
    assert {each.href for each in open_to} <= walk.kinds.keys()
