"""What tests of pages have: one browser, one engine a module with three people in it, and a fresh context a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.spec.browser.chromium import Opens, launched
from tests.spec.browser.people import Site, Three


@pytest.fixture(scope="package")
def anyio_backend() -> str:
    """One loop for browser, engines and tests of this folder."""
    return "asyncio"


@pytest.fixture(scope="package")
async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
    """Chromium; a test fails where there is none."""
    async with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
async def three(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> Three:
    """Laura, Susan and Bill, told once; an engine starts on a copy."""
    return await Three.told(tmp_path_factory.mktemp("three") / "data")


@pytest.fixture(scope="module")
async def site(three: Three, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """The engine of a module: what a test writes, those after it find."""
    async with three.site(tmp_path_factory.mktemp("site") / "data") as site:
        yield site


@pytest.fixture
def contexts() -> AsyncExitStack:
    """What closes the pages of a test: before its engine ends, which pages that are live go on to ask."""
    return AsyncExitStack()


@pytest.fixture
async def fresh(three: Three, tmp_path: Path, contexts: AsyncExitStack) -> AsyncIterator[Site]:
    """An engine of this test alone, where it changes what others would see."""
    async with three.site(tmp_path / "data") as site:
        yield site
        await contexts.aclose()


@pytest.fixture
async def opens(browser: Browser, contexts: AsyncExitStack) -> AsyncIterator[Opens]:
    """``await opens(site, "phone")``: a page in a context of its own. Fails the test for what no page may do."""
    opens = Opens(browser, contexts)
    yield opens
    wrong = await opens.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
async def phone(opens: Opens, site: Site) -> Page:
    """A phone at the engine of the module."""
    return await opens(site, "phone")


@pytest.fixture
async def desktop(opens: Opens, site: Site) -> Page:
    """A desktop at the engine of the module."""
    return await opens(site, "desktop")
