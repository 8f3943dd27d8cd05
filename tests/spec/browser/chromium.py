"""The browser, and what it may not do unseen: fail, ask elsewhere, or be told of a fault."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, async_playwright, expect

from tests.spec.browser.people import Site

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
DESKTOP: Final[dict[str, Any]] = {"viewport": {"width": 1280, "height": 900}}
SHAPES: Final = {"phone": PHONE, "desktop": DESKTOP}
PATIENCE: Final = 20_000
"""Milliseconds for anything that a page should do: a machine may be busy."""
expect.set_options(timeout=PATIENCE)
OPTIONS: Final = ("--no-sandbox", "--force-color-profile=srgb", "--font-render-hinting=none", "--disable-lcd-text")
"""Root has no sandbox; the others make a picture look the same everywhere."""


def program() -> str:
    """Where chromium is: what ``INTEROP_TEST_CHROMIUM`` names, or on the path. Without one, a test fails."""
    for name in (os.environ.get("INTEROP_TEST_CHROMIUM", ""), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    _none()


def _none() -> NoReturn:
    pytest.fail(
        "there is no chromium: apt-get install chromium fonts-liberation, or name one: INTEROP_TEST_CHROMIUM=/path/to/chromium",
        pytrace=False,
    )


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """A browser until the block ends; nothing is downloaded."""
    where = program()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=where, args=list(OPTIONS), timeout=3 * PATIENCE)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Watch:
    """Sees what a context does. ``wrong`` is what no page of ours may do."""

    root: str
    wrong: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Method and path of each request, in order."""
    expected: list[str] = field(default_factory=list)
    """Words of what a test brings about itself: ``ERR_INTERNET_DISCONNECTED`` of a phone that it takes off the net."""

    def over(self, context: BrowserContext) -> None:
        """Look at every page of a context, those that it opens too."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.wrong.append(f"script: {error.error}"))
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, said: ConsoleMessage) -> None:
        refused = said.text.startswith("Failed to load resource: the server responded with a status of 4")
        if said.type == "error" and not refused:  # of a page that is refused the test itself says what it is
            self.wrong.append(f"console: {said.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("data", "blob", "about"):
            return
        if f"{parts.scheme}://{parts.netloc}" != self.root:
            self.wrong.append(f"asked elsewhere: {request.url}")
        self.asked.append(f"{request.method} {parts.path}")

    def _response(self, response: Response) -> None:
        asked = response.request
        bad = 400 if not asked.is_navigation_request() and asked.resource_type in ("stylesheet", "script", "font", "image") else 500
        if response.status >= bad:
            self.wrong.append(f"{response.status}: {asked.method} {urlsplit(response.url).path}")


@dataclass
class Opens:
    """Opens pages at an engine, each in a context of its own: so many people."""

    browser: Browser
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    contexts: list[tuple[BrowserContext, Watch]] = field(default_factory=list)

    async def __call__(self, site: Site, shape: str = "desktop", *, scripts: bool = True, **more: Any) -> Page:
        """A page in a new context, whose clock stands where the engine's does. ``shape``: phone or desktop; ``more``: options of
        playwright's ``new_context``."""
        said = {
            "base_url": site.root,
            "locale": "en-GB",
            "timezone_id": "Europe/London",
            "reduced_motion": "reduce",
            "java_script_enabled": scripts,
            **SHAPES[shape],
            **more,
        }
        context = await self.browser.new_context(**said)
        self.closing.push_async_callback(context.close)
        context.set_default_timeout(PATIENCE)
        watch = Watch(site.root)
        watch.over(context)
        self.contexts.append((context, watch))
        if scripts:
            await context.clock.set_fixed_time(datetime.fromtimestamp(site.now, UTC))
        return await context.new_page()

    def watching(self, page: Page) -> Watch:
        """What has been seen of the context of a page."""
        return next(watch for context, watch in self.contexts if context == page.context)

    async def close(self) -> list[str]:
        """Close all of them; what was wrong."""
        await self.closing.aclose()
        return [each for _, watch in self.contexts for each in watch.wrong if not any(words in each for words in watch.expected)]
