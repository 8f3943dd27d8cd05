"""Until sign-on is there the engine listens to nobody but its own machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from interop.app.settings import Settings

BEYOND = ["0.0.0.0:8080", "192.0.2.7:8080", "[::]:8080", "[2001:db8::1]:8080", "care.example:8080"]
OWN = ["127.0.0.1:8080", "127.0.0.9:1", "[::1]:8080", "localhost:8080", ":8080"]


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


def test_the_command_says_so_and_opens_nothing(tmp_path: Path) -> None:
    """``interop serve`` ends with 2 before it makes its data directory."""
    words = [str(Path(sys.executable).with_name("interop")), "serve", "--data", str(tmp_path / "data"), "--http", "0.0.0.0:0"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "loopback" in done.stderr
    assert not (tmp_path / "data").exists()
