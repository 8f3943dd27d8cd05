"""A browser without scripts: it keeps cookies, sends forms as the pages have them, and says of itself what browsers say."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from interop.signon.authorization import challenge
from tests.spec.engine.running import TIMEOUT
from tests.spec.signon.conftest import Site

APP = "http://127.0.0.1:9/app/back"
"""Where codes for the application of these tests go: nobody listens there."""
VERIFIER = "v" * 43
FIELD = re.compile(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">')


def query(location: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(location).query))


def allows(page: httpx.Response, address: str, root: str) -> bool:
    """Whether a browser lets a form of the page lead to an address: every content security policy must (CSP 3, 4.1, 6.4.1)."""
    parts = urlsplit(address)
    for policy in page.headers.get_list("content-security-policy"):
        said = dict(each.split(maxsplit=1) for each in policy.split("; ") if " " in each)
        sources = said.get("form-action", "").split()
        if "sandbox" in policy or f"{parts.scheme}://{parts.netloc}" not in [
            root if each == "'self'" else each for each in sources
        ]:
            return False
    return True


class Browser:
    """One person's browser."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.http = httpx.AsyncClient(base_url=site.root, timeout=TIMEOUT, trust_env=False)

    def asked(self, **changed: str | None) -> dict[str, str]:
        """A good request for a code; None takes a parameter away."""
        said = {
            "response_type": "code",
            "client_id": "app",
            "redirect_uri": APP,
            "scope": "openid fhirUser user/*.rs",
            "state": "s1",
            "nonce": "n1",
            "aud": f"{self.site.root}/fhir",
            "code_challenge": challenge(VERIFIER),
            "code_challenge_method": "S256",
            **changed,
        }
        return {name: value for name, value in said.items() if value is not None}

    async def authorize(self, **changed: str | None) -> httpx.Response:
        """The page of sign-on."""
        return await self.http.get(f"/auth/authorize?{urlencode(self.asked(**changed))}")

    async def send(self, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
        """A page's form. Of a page that wants no referrer a browser does not name the origin either (Fetch, 3.2)."""
        hidden = {name: unescape(value) for name, value in FIELD.findall(page.text)}
        hides = page.headers.get("referrer-policy") == "no-referrer"
        headers = {"origin": "null" if hides else self.site.root, "sec-fetch-site": "same-origin"}
        answer = await self.http.post(action, data={**hidden, **fields}, headers=headers)
        assert allows(page, self.site.root + action, self.site.root)
        assert "location" not in answer.headers or allows(page, answer.headers["location"], self.site.root)
        return answer

    async def code(self, user: str = "demo-gp", **changed: str | None) -> dict[str, str]:
        """What the application is told after sign-on."""
        page = await self.authorize(**changed)
        assert page.status_code == 200, page.text
        answer = await self.send(page, "/auth/sign-on", user=user)
        assert answer.status_code == 303, answer.text
        return query(answer.headers["location"])

    async def exchange(self, code: str, **changed: str | None) -> httpx.Response:
        """Tokens for a code, as the application asks for them."""
        said = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": "app",
            "redirect_uri": APP,
            "code_verifier": VERIFIER,
            **changed,
        }
        data = {name: value for name, value in said.items() if value is not None}
        return await self.site.http.post("/signon/token", data=data)

    async def tokens(self, user: str = "demo-gp", **changed: str | None) -> dict[str, Any]:
        """The whole way to tokens."""
        answer = await self.exchange((await self.code(user, **changed))["code"])
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def sign_on(self, user: str = "demo-gp", to: str = "/") -> httpx.Response:
        """On to our own pages."""
        gone = await self.http.get(f"/auth/login?to={to}")
        page = await self.http.get(gone.headers["location"])
        answer = await self.send(page, "/auth/sign-on", user=user)
        return await self.http.get(answer.headers["location"])

    async def token(self) -> str:
        """The session's token, from the page on which one signs off."""
        return dict(FIELD.findall((await self.http.get("/auth/logout")).text))["csrf"]
