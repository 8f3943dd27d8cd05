"""A client has the engine send to no private network, whatever a name leads to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from interop.api.delivering.addresses import endpoint, resolved

pytestmark = pytest.mark.anyio
PRIVATE = ("10.1.2.3", "127.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fd00::1", "fe80::1",
           "224.0.0.1", "::ffff:10.0.0.1", "2002:0a00:0001::1", "64:ff9b::10.0.0.1", "64:ff9b:1::10.0.0.1", "64:ff9b:1::5db8:d70e",
           "::10.0.0.1", "::ffff:0:7f00:1", "fec0::1", "100::1", "4000::1", "2001:db8::1", "ff0e::1", "fe80::1%1")  # fmt: skip
PUBLIC = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::93.184.215.14", "::ffff:93.184.215.14")


async def led(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> str:
    """What a name is sent to that leads to these."""

    async def found(*asked: Any, **more: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, 443)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
    return await resolved(endpoint("https://practice.example/in", False))


@pytest.mark.parametrize("private", PRIVATE)
async def test_a_name_with_one_private_address_is_sent_nothing(monkeypatch: pytest.MonkeyPatch, private: str) -> None:
    assert await led(monkeypatch, private) == ""
    assert await led(monkeypatch, PUBLIC[0], private) == ""


@pytest.mark.parametrize("private", ["64:ff9b::a00:1", "64:ff9b:1::a00:1", "::10.0.0.1", "::ffff:0:7f00:1", "fec0::1"])
async def test_no_form_of_ipv6_that_leads_into_a_private_network_is_an_address(private: str) -> None:
    with pytest.raises(ValueError, match="of a private network"):
        endpoint(f"https://[{private}]/in", False)


@pytest.mark.parametrize("public", PUBLIC)
async def test_a_public_name_is_sent_to_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch, public: str) -> None:
    assert await led(monkeypatch, public) == public


@pytest.mark.parametrize("text", ["http://localhost/in", "https://localhost/in", "https://127.0.0.1/in", "https://[::1]/in"])
async def test_this_machine_is_sent_to_only_where_the_engine_was_started_open(text: str) -> None:
    with pytest.raises(ValueError, match="of this machine"):
        endpoint(text, False)
    assert endpoint(text, True).hostname
