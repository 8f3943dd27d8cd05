"""Who visits pages: signs on by the pages on which people sign on, keeps cookies, sends the forms that it was shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import httpx
from lxml import html

from tests.spec.browser.people import Site
from tests.spec.engine.running import TIMEOUT

HTML: Final = {"accept": "text/html"}


class Page:
    """An answer as a reader has it."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.status = answer.status_code
        self.tree = html.fromstring(answer.content) if answer.content else html.fromstring("<html/>")

    @property
    def path(self) -> str:
        """Where one is after all that one was led on to."""
        return self.answer.url.path

    @property
    def title(self) -> str:
        """The heading."""
        return " ".join(" ".join(each.itertext()) for each in self.tree.xpath("//h1")).strip()

    @property
    def text(self) -> str:
        """What there is to read, in one line."""
        return " ".join(" ".join(self.tree.xpath("//body//text()[not(ancestor::script)]")).split())

    def links(self) -> list[str]:
        """Where its links lead."""
        return [str(each) for each in self.tree.xpath("//main//a/@href")]

    def fields(self, action: str) -> dict[str, str]:
        """The fields of a form as they stand, those that are hidden among them."""
        (form, *_) = [each for each in self.tree.forms if urlsplit(each.action or self.path).path == action]
        return {name: value for name, value in form.form_values() if isinstance(value, str)}


class Visitor:
    """One person's browser, without scripts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str, *, lead: bool = True) -> Page:
        """A page; where it leads elsewhere, that one. Of a stream, which does not end, its beginning is not waited for."""
        answer = await self.http.send(self.http.build_request("GET", path), stream=True, follow_redirects=lead)
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            await answer.aclose()
            return Page(httpx.Response(answer.status_code, headers=answer.headers, request=answer.request))
        await answer.aread()
        return Page(answer)

    async def send(self, page: Page, action: str, said: Mapping[str, str] | None = None, *, lead: bool = True) -> Page:
        """A form of a page, filled in."""
        data = {**page.fields(action), **(said or {})}
        headers = {"origin": str(self.http.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
        return Page(await self.http.post(action, data=data, headers=headers, follow_redirects=lead))

    async def sign_on(self, user: str, to: str = "/", *, record: str = "") -> Page:
        """By the pages; the one to which that leads."""
        said = {"user": user} | ({"record": record} if record else {})
        return await self.send(await self.get(f"/auth/login?to={to}"), "/auth/sign-on", said)

    async def sign_off(self) -> Page:
        """By the page for it."""
        return await self.send(await self.get("/auth/logout"), "/auth/logout")


@asynccontextmanager
async def visitor(site: Site, user: str = "", *, record: str = "") -> AsyncIterator[Visitor]:
    """A browser at a site, in which ``user`` of the demonstration has signed on ('' for nobody)."""
    async with httpx.AsyncClient(base_url=site.root, timeout=TIMEOUT, trust_env=False, headers=HTML) as http:
        made = Visitor(http)
        if user:
            page = await made.sign_on(user, record=record)
            assert page.status == 200, page.text
        yield made
