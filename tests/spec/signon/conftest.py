"""A server that knows who asks, on a real port with a clock that stands still, and the keys of those who sign."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from interop.api.app import create_app
from interop.api.server import HttpServer
from interop.api.services import Services
from interop.api.signon.service import SignOn, sign_on
from interop.clock import MICROSECONDS, ManualClock
from interop.pages.application import create_pages
from interop.signon.issuer import DEMO, DEMO_AUDIENCE
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import serving
from tests.spec.engine.running import TIMEOUT

PATIENT = {"resourceType": "Patient", "id": "example", "name": [{"family": "Shaw"}]}
OBSERVATION = {
    "resourceType": "Observation",
    "id": "lab",
    "status": "final",
    "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}],
    "code": {"text": "Sodium"},
    "subject": {"reference": "Patient/example"},
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class Site:
    """A running server with its store and its clock."""

    def __init__(self, services: Services, signon: SignOn, port: int, clock: ManualClock) -> None:
        self.services, self.signon, self.clock = services, signon, clock
        self.root = f"http://127.0.0.1:{port}"
        self.http = httpx.AsyncClient(base_url=self.root, timeout=TIMEOUT, trust_env=False)

    @property
    def now(self) -> int:
        """Seconds since 1970."""
        return self.clock.now() // MICROSECONDS

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a good token of the embedded issuer; None takes one away."""
        said = {
            "iss": DEMO,
            "aud": DEMO_AUDIENCE,
            "sub": "sam",
            "role": "tester",
            "scope": "user/*.cruds",
            "iat": self.now,
            "exp": self.now + 300,
            "jti": sha256(repr(changed).encode()).hexdigest()[:16],
            **changed,
        }
        return {name: value for name, value in said.items() if value is not None}

    def token(self, **changed: Any) -> str:
        """A token signed with the server's own key."""
        keys = self.signon.own.keys
        return signed(self.claims(**changed), keys.signing, keys.kid, "ES384")

    async def get(self, token: str | None, path: str = "/fhir/Patient/example") -> httpx.Response:
        """A GET with a token."""
        return await self.http.get(path, headers={} if token is None else {"authorization": f"Bearer {token}"})

    async def fill(self) -> None:
        """A Patient and an Observation, written by the tester."""
        for each in (PATIENT, OBSERVATION):
            path = f"/fhir/{each['resourceType']}/{each['id']}"
            headers = {"authorization": f"Bearer {self.token()}", "content-type": "application/fhir+json"}
            answer = await self.http.put(path, content=json.dumps(each), headers=headers)
            assert answer.status_code == 201, answer.text


@asynccontextmanager
async def serving_at(data: Path, clock: ManualClock, **options: Any) -> AsyncIterator[Site]:
    """A server over the data of a directory until the block ends; ``options`` of ``sign_on``."""
    store = SqliteStore.open(data, clock=clock)
    intake, services = serving(store, clock)
    try:
        services.signon = signon = sign_on(data, store, clock, **options)
    except BaseException:
        await store.close()
        raise
    signon.door.prepare = services.understands
    services.door, services.base = signon.door, signon.base
    await signon.start()
    server = HttpServer(create_app(services, partial(create_pages, services)), "127.0.0.1", 0, prompt=True)
    await server.start()
    site = Site(services, signon, server.port, clock)
    try:
        yield site
    finally:
        await site.http.aclose()
        await server.stop()
        await signon.stop()
        await intake.drain()
        await store.close()


@pytest.fixture
async def site(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Site]:
    async with serving_at(tmp_path / "data", clock) as site:
        yield site


def signed(claims: dict[str, Any], key: RSAKey | ECKey, kid: str, algorithm: str, **header: Any) -> str:
    """A token."""
    return jwt.encode({"alg": algorithm, "kid": kid, **header}, claims, key, algorithms=[algorithm])


def part(said: Any) -> str:
    """A part of a token, written by hand."""
    return urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def jwks(*keys: tuple[str, RSAKey | ECKey]) -> dict[str, Any]:
    """The public keys by their ids."""
    return {"keys": [{**key.as_dict(private=False), "kid": kid} for kid, key in keys]}


@pytest.fixture(scope="session")
def rsa() -> RSAKey:
    return RSAKey.generate_key(2048, private=True)
