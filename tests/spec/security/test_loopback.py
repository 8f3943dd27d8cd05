"""The engine listens beyond its own machine with an issuer and over TLS alone, and is never open there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from interop.app.admitting import hosts_of
from interop.app.settings import Settings

BEYOND = ["0.0.0.0:8080", "192.0.2.7:8080", "[::]:8080", "[2001:db8::1]:8080", "care.example:8080"]
OWN = ["127.0.0.1:8080", "127.0.0.9:1", "[::1]:8080", "localhost:8080", ":8080"]
ISSUED = {"issuer": "https://id.example", "audience": "https://care.example/fhir"}
TLS = {"tls_cert": "cert.pem", "tls_key": "key.pem"}


@pytest.mark.parametrize("name", ["http", "mllp"])
@pytest.mark.parametrize("address", BEYOND)
def test_an_address_beyond_this_machine_is_refused(name: str, address: str) -> None:
    """Of every family, a name as well: what it stands for may change."""
    with pytest.raises(ValidationError, match="loopback"):
        Settings.model_validate({name: address})


@pytest.mark.parametrize("name", ["http", "mllp"])
@pytest.mark.parametrize("address", BEYOND)
def test_it_is_refused_from_the_environment_too(name: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"INTEROP_{name.upper()}", address)
    with pytest.raises(ValidationError, match="loopback"):
        Settings()


@pytest.mark.parametrize("name", ["http", "mllp"])
@pytest.mark.parametrize("address", OWN)
def test_addresses_of_this_machine_are_taken(name: str, address: str) -> None:
    """The whole of 127.0.0.0/8, ::1 and localhost; no host means 127.0.0.1."""
    assert getattr(Settings.model_validate({name: address}), name) == address


@pytest.mark.parametrize("said", [{}, TLS, {"proxy": True}, {**TLS, "open": True}, {"proxy": True, "open": True}])
def test_tls_alone_does_not_do(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="without an issuer"):
        Settings.model_validate({"http": "0.0.0.0:8080", **said})


@pytest.mark.parametrize("said", [{}, {"open": True}])
def test_nor_does_a_proxy_on_this_machine(said: dict[str, Any]) -> None:
    """Whoever comes by it is anyone; many a proxy names the engine by its address here, so that names do not tell."""
    with pytest.raises(ValidationError, match="without an issuer"):
        Settings.model_validate({"proxy": True, **said})


def test_nor_does_an_issuer_alone() -> None:
    with pytest.raises(ValidationError, match="TLS"):
        Settings.model_validate({"http": "0.0.0.0:8080", **ISSUED})


@pytest.mark.parametrize("said", [TLS, {"proxy": True}])
def test_both_do(said: dict[str, Any]) -> None:
    settings = Settings.model_validate({"http": "0.0.0.0:8443", **ISSUED, **said})
    assert settings.issuer == ISSUED["issuer"]
    assert b"care.example" in hosts_of(settings)


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://id.example"},
        {"audience": "https://care.example/fhir"},
        {**ISSUED, "issuer": "http://id.example"},
        {**ISSUED, "issuer": "id.example"},
        {**ISSUED, "issuer": "https://id.example/?x=1"},
        {**ISSUED, "audience": "https://care.example"},
        {**ISSUED, "audience": "http://care.example/fhir"},
        {**ISSUED, "open": True},
    ],
)
def test_an_issuer_is_named_with_its_audience_and_by_tls(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate(said)


@pytest.mark.long
def test_the_command_says_so_and_opens_nothing(tmp_path: Path) -> None:
    """``interop serve`` ends with 2 before it makes its data directory."""
    words = [str(Path(sys.executable).with_name("interop")), "serve", "--data", str(tmp_path / "data"), "--http", "0.0.0.0:0"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "loopback" in done.stderr
    assert not (tmp_path / "data").exists()
