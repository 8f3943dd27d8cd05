"""Who may bind a Subscription to a websocket: the program that wrote it, once it has signed on or shows a token for that."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from interop.app.engine import Engine
from interop.apply.asked import UPDATE, Asked
from tests.spec.engine.running import client, running
from tests.spec.notify.socketing import Refused, by_socket, connected
from tests.spec.notify.subscribing import JSON
from tests.spec.notify.test_topics import by_topic, told
from tests.spec.signon.conftest import jwks, signed
from tests.spec.signon.test_backend import TYPE

pytestmark = pytest.mark.anyio
ISSUED = {"issuer": "https://id.example", "audience": "https://care.example/fhir", "open": False}
SCOPE = "system/Location.cruds system/Subscription.cruds"
CLIENTS = (("board", "RX1"), ("sibling", "RX1"), ("stranger", "RX2"))


@pytest.fixture(scope="module")
def key() -> ECKey:
    return ECKey.generate_key("P-384", private=True)


@pytest.fixture
async def engine(tmp_path: Path, key: ECKey) -> AsyncIterator[Engine]:
    data = tmp_path / "data"
    data.mkdir()
    each = [{"id": name, "organisation": of, "scope": SCOPE, "jwks": jwks(("k1", key))} for name, of in CLIENTS]
    (data / "clients.json").write_text(json.dumps({"clients": each}), encoding="utf-8")
    async with running(data, **ISSUED) as engine:
        yield engine


class Program:
    """A client with a token."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http, self.token = http, token

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}", "content-type": JSON}
        return await self._http.request(method, path, headers=headers, **more)

    async def subscribed(self, said: dict[str, Any]) -> str:
        answer = await self.ask("POST", "/fhir/Subscription", json=said)
        assert answer.status_code == 201, answer.text
        id_ = answer.json()["id"]
        while (await self.ask("GET", f"/fhir/Subscription/{id_}")).json()["status"] != "active":
            pass
        return str(id_)


@pytest.fixture
async def programs(engine: Engine, key: ECKey) -> AsyncIterator[dict[str, Program]]:
    async with client(engine) as http:
        made = {}
        for name, _ in CLIENTS:
            now = int(time.time())
            claims = {"iss": name, "sub": name, "aud": "https://care.example/signon/token", "exp": now + 250, "jti": f"{name}-1"}
            form = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "scope": SCOPE}
            answer = await http.post("/signon/token", data={**form, "client_assertion": signed(claims, key, "k1", "ES384")})
            assert answer.status_code == 200, answer.text
            made[name] = Program(http, answer.json()["access_token"])
        yield made


async def test_the_program_that_wrote_it_binds_it_and_nobody_else_learns_that_it_is_there(
    engine: Engine, programs: dict[str, Program]
) -> None:
    id_ = await programs["board"].subscribed(by_socket("Location"))
    for name, _ in CLIENTS[1:]:
        async with connected(engine.http, programs[name].token) as socket:
            for asked in (id_, "nothing"):
                socket.say(f"bind {asked}")
                assert await socket.hear() == f"unbound {asked} not-found"
    async with connected(engine.http, programs["board"].token) as socket:
        socket.say(f"bind {id_}")
        assert await socket.hear() == f"bound {id_}"
        made = {"resourceType": "Location", "id": "w7", "status": "active", "name": "Ward 7"}
        await engine.workshop.writes.write(Asked(UPDATE, "Location", "w7", resource=made, own=True))
        assert await socket.hear() == f"ping {id_}"


async def test_a_bad_token_opens_no_socket_and_none_opens_one_that_binds_nothing(
    engine: Engine, programs: dict[str, Program]
) -> None:
    id_ = await programs["board"].subscribed(by_socket("Location"))
    with pytest.raises(Refused) as refused:
        async with connected(engine.http, "nonsense"):
            pass
    assert refused.value.status == 401
    async with connected(engine.http) as socket:
        socket.say(f"bind {id_}")
        assert await socket.hear() == f"unbound {id_} unauthenticated"


async def test_a_binding_token_is_its_own_programs_and_binds_without_signing_on_again(
    engine: Engine, programs: dict[str, Program]
) -> None:
    id_ = await programs["board"].subscribed(by_topic())
    for name, _ in CLIENTS[1:]:
        assert (await programs[name].ask("GET", f"/fhir/Subscription/{id_}/$get-ws-binding-token")).status_code == 404
    answer = await programs["board"].ask("GET", f"/fhir/Subscription/{id_}/$get-ws-binding-token")
    assert answer.headers["cache-control"] == "no-store"
    said = {each["name"]: each for each in answer.json()["parameter"]}
    assert said["websocket-url"]["valueUrl"] == "wss://care.example/websocket"
    message = f"bind-with-token {said['token']['valueString']}"
    async with connected(engine.http, programs["stranger"].token) as socket:
        socket.say(message)
        assert (await socket.told())["issue"][0]["code"] == "login"
    async with connected(engine.http) as socket:
        socket.say(message)
        assert told(await socket.told())["type"] == "handshake"


async def test_who_binds_stands_in_the_audit(engine: Engine, programs: dict[str, Program], tmp_path: Path) -> None:
    id_ = await programs["board"].subscribed(by_socket("Location"))
    async with connected(engine.http, programs["board"].token) as socket:
        socket.say(f"bind {id_}")
        assert await socket.hear() == f"bound {id_}"
    async with connected(engine.http, programs["stranger"].token) as socket:
        socket.say(f"bind {id_}")
        assert await socket.hear() == f"unbound {id_} not-found"
    written = b"".join(each.read_bytes() for each in (tmp_path / "data" / "audit").rglob("*") if each.is_file())
    assert b'"websocket","Subscription"' in written


async def test_who_binds_by_a_token_stands_in_the_audit_with_its_program_and_address(
    engine: Engine, programs: dict[str, Program], tmp_path: Path
) -> None:
    id_ = await programs["board"].subscribed(by_topic())
    answer = await programs["board"].ask("GET", f"/fhir/Subscription/{id_}/$get-ws-binding-token")
    said = {each["name"]: each for each in answer.json()["parameter"]}
    async with connected(engine.http) as socket:
        socket.say(f"bind-with-token {said['token']['valueString']}")
        assert told(await socket.told())["type"] == "handshake"
    written = b"".join(each.read_bytes() for each in (tmp_path / "data" / "audit").rglob("*") if each.is_file())
    [row] = [line for line in written.splitlines() if b'"websocket","Subscription"' in line]
    assert b'"RX1","board"' in row
    assert b'"from":"127.0.0.1"' in row


async def test_a_socket_that_is_bound_by_token_is_counted_as_its_programs_and_no_more_as_of_somebody_unknown(
    engine: Engine, programs: dict[str, Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interop.api.sockets.bindings.OF_ONE", 1)
    id_ = await programs["board"].subscribed(by_topic())
    answer = await programs["board"].ask("GET", f"/fhir/Subscription/{id_}/$get-ws-binding-token")
    said = {each["name"]: each for each in answer.json()["parameter"]}
    message = f"bind-with-token {said['token']['valueString']}"
    async with connected(engine.http) as first:
        with pytest.raises(Refused) as refused:  # two of one address have not said who they are
            async with connected(engine.http):
                pass
        assert refused.value.status == 429
        first.say(message)
        assert told(await first.told())["type"] == "handshake"
        async with connected(engine.http) as second:
            second.say(message)
            assert (await second.told())["issue"][0]["code"] == "throttled"
        with pytest.raises(Refused):
            async with connected(engine.http, programs["board"].token):
                pass


async def test_a_token_that_was_withdrawn_binds_nothing_more_on_a_socket_that_is_open(
    engine: Engine, programs: dict[str, Program]
) -> None:
    board = programs["board"]
    one, other = [await board.subscribed(by_socket("Location")) for _ in range(2)]
    assert engine.signon is not None
    async with connected(engine.http, board.token) as socket:
        socket.say(f"bind {one}")
        assert await socket.hear() == f"bound {one}"
        await engine.signon.door.revoke(board.token)
        socket.say(f"bind {other}")
        assert await socket.hear() == f"unbound {other} unauthenticated"


@pytest.mark.parametrize("topic", [False, True])
async def test_a_token_for_less_than_reading_them_binds_none(
    engine: Engine, programs: dict[str, Program], key: ECKey, topic: bool
) -> None:
    id_ = await programs["board"].subscribed(by_topic() if topic else by_socket("Location"))
    async with client(engine) as http:
        now = int(time.time())
        claims = {"iss": "board", "sub": "board", "aud": "https://care.example/signon/token", "exp": now + 250, "jti": "narrow"}
        form = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "scope": "system/Location.rs"}
        answer = await http.post("/signon/token", data={**form, "client_assertion": signed(claims, key, "k1", "ES384")})
        narrow = answer.json()["access_token"]
        async with connected(engine.http, narrow) as socket:
            socket.say(f"bind {id_}")
            assert (await socket.hear()).startswith(f"unbound {id_} ")
