"""Who has signed on at one process has signed on at all of them; what is good once is good once."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey

from interop.app.engine import Engine
from interop.signon.keyfile import own_keys, write_keys
from tests.spec.engine.running import client
from tests.spec.scale.side_by_side import processes
from tests.spec.signon.conftest import signed
from tests.spec.signon.test_backend import TYPE, register

pytestmark = pytest.mark.anyio
ISSUED = {"issuer": "https://id.example", "audience": "https://care.example/fhir", "open": False}
ENDPOINT = "https://care.example/signon/token"


def assertion(key: ECKey, name: str) -> str:
    claims = {"iss": "bulk", "sub": "bulk", "aud": ENDPOINT, "exp": int(time.time()) + 250, "jti": name}
    return signed(claims, key, "k1", "ES384")


async def ask(http: httpx.AsyncClient, said: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": said, "scope": "system/*.rs"}
    return await http.post("/signon/token", data=form)


async def statuses(token: str, *clients: httpx.AsyncClient) -> list[int]:
    return [(await each.get("/fhir/Organization", headers={"authorization": f"Bearer {token}"})).status_code for each in clients]


async def test_tokens_assertions_and_keys_are_those_of_all_processes(tmp_path: Path, database: str) -> None:
    data, key = tmp_path / "data", ECKey.generate_key("P-384", private=True)
    register(data, key)
    async with processes(data, database, "api", "api", **ISSUED) as (one, other):
        assert kid(one) == kid(other)
        async with client(one) as here, client(other) as there:
            once = assertion(key, "a1")
            answer = await ask(here, once)
            assert answer.status_code == 200, answer.text
            token = answer.json()["access_token"]
            assert await statuses(token, here, there) == [200, 200]
            assert (await ask(there, once)).status_code == 401, "an assertion is good once, wherever"
            assert (await ask(there, assertion(key, "a2"))).status_code == 200
            write_keys(data, own_keys(data).rotated(time.time(), withdraw=True))
            look(one, other)
            assert await statuses(token, there, here) == [401, 401]
            fresh = (await ask(there, assertion(key, "a3"))).json()["access_token"]
            assert await statuses(fresh, here, there) == [200, 200]
            (data / "clients.json").write_text('{"clients": []}')
            assert [(await ask(each, assertion(key, "a4"))).status_code for each in (here, there)] == [401, 401]


def look(*engines: Engine) -> None:
    """As if two seconds had gone by: so often a process looks at the file of keys."""
    for engine in engines:
        assert engine.signon is not None
        engine.signon.door._look = 0


def kid(engine: Engine) -> str:
    assert engine.signon is not None
    return engine.signon.own.keys.kid
