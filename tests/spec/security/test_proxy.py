"""Behind a proxy of the operator's: who asks is known by what the proxy says, and by nobody else's word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from interop.api.asgi import Message, Scope
from interop.api.proxied import HERE, networks, proxied
from interop.app.settings import Settings
from tests.spec.engine.running import client as client_of
from tests.spec.engine.running import running

pytestmark = pytest.mark.anyio
TRUSTED = (*HERE, "10.1.0.0/16")


async def known(peer: str, *said: tuple[str, str], proxies: Sequence[str] = TRUSTED) -> tuple[str, str]:
    """By what address and scheme the application knows a request."""
    seen: list[tuple[str, str]] = []

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        seen.append((scope["client"][0], scope["scheme"]))

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError

    headers = [(name.encode(), value.encode()) for name, value in said]
    scope = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": headers}
    await proxied(app, networks(proxies))(scope, receive, send)
    return seen[0]


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:5123", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:5123", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("198.51.100.1, 192.0.2.7", "192.0.2.7"),
        ("198.51.100.1, 192.0.2.7, 10.1.2.3", "192.0.2.7"),
        ("192.0.2.7, unknown", "127.0.0.1"),
        ("unknown, 192.0.2.7", "192.0.2.7"),
        ("10.1.2.3", "10.1.2.3"),
        ("", "127.0.0.1"),
        ("192.0.2.7,", "127.0.0.1"),
    ],
)
async def test_it_is_the_last_address_that_is_none_of_the_proxies(said: str, address: str) -> None:
    """Whatever stands before it the client can have written."""
    assert await known("127.0.0.1", ("x-forwarded-for", said)) == (address, "http")


async def test_of_headers_that_are_repeated_the_last_counts() -> None:
    said = (("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "192.0.2.7"))
    assert await known("127.0.0.1", *said) == ("192.0.2.7", "http")


async def test_who_comes_past_the_proxy_is_known_by_the_connection() -> None:
    said = (("x-forwarded-for", "192.0.2.7"), ("x-forwarded-proto", "https"))
    assert await known("203.0.113.9", *said) == ("203.0.113.9", "http")
    assert await known("127.0.0.1", *said, proxies=["192.0.2.1"]) == ("127.0.0.1", "http")


async def test_the_proxy_says_whether_it_was_over_tls() -> None:
    assert await known("10.1.2.3", ("x-forwarded-proto", "HTTPS")) == ("10.1.2.3", "https")
    for said in ("http", "https,http", "javascript"):
        assert (await known("10.1.2.3", ("x-forwarded-proto", said)))[1] == "http"


@pytest.mark.parametrize("said", ["care.example", "10.1.0.1/16", "10.1.0.0/40", "all"])
def test_the_proxy_is_named_by_addresses(said: str) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"proxy_address": said})


def test_they_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEROP_PROXY_ADDRESS", "10.1.0.0/16 192.0.2.1")
    assert Settings().proxy_address == ("10.1.0.0/16", "192.0.2.1")


@pytest.mark.parametrize(
    ("more", "told"), [({"proxy": True}, True), ({"proxy": True, "proxy_address": ("10.1.0.0/16",)}, False), ({}, False)]
)
async def test_limits_and_audit_are_by_the_true_client(more: dict[str, Any], told: bool, tmp_path: Path) -> None:
    """One whose bad tokens make them wait does not make others wait who come by the same proxy."""
    issuer = {"issuer": "https://id.example", "audience": "https://care.example/fhir"}
    async with running(tmp_path / "data", open=False, **issuer, **more) as engine, client_of(engine) as http:
        for number in range(31):
            answer = await http.get("/fhir/Patient", headers={"authorization": f"Bearer x{number}", "x-forwarded-for": "192.0.2.7"})
        assert answer.status_code == 429
        other = await http.get("/fhir/Patient", headers={"authorization": "Bearer x", "x-forwarded-for": "198.51.100.1"})
        assert other.status_code == (401 if told else 429)
        secure = await http.get("/fhir/metadata", headers={"x-forwarded-proto": "https"})
        assert ("strict-transport-security" in secure.headers) == told
    text = "".join(path.read_text(errors="replace") for path in (tmp_path / "data" / "audit").glob("*.log"))
    assert (json.dumps({"from": "192.0.2.7"})[1:-1].replace(" ", "") in text) == told
    assert ('"from":"127.0.0.1"' in text) != told
