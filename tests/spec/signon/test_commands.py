"""``interop token`` and ``interop client``: tokens for demonstrations, keys and clients, without a running engine."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from typer.testing import CliRunner

from interop.cli.main import app
from tests.spec.engine.running import client as client_of
from tests.spec.engine.running import running
from tests.spec.signon.conftest import jwks

pytestmark = pytest.mark.anyio


def run(*words: str, env: dict[str, str] | None = None) -> Any:
    """The command's result."""
    return CliRunner().invoke(app, words, env={"INTEROP_ISSUER": "", **(env or {})})


def token(data: Path, *words: str) -> str:
    done = run("token", "--data", str(data), *words)
    assert done.exit_code == 0, done.output
    text: str = done.stdout.strip()
    return text


async def asked(http: httpx.AsyncClient, token: str, path: str) -> int:
    return (await http.get(path, headers={"authorization": f"Bearer {token}"})).status_code


async def test_a_token_is_made_before_the_engine_was_ever_started(tmp_path: Path) -> None:
    """It makes the key, which only its owner may read; the engine takes it over."""
    data = tmp_path / "data"
    made = token(data)
    assert stat.S_IMODE((data / "signon.key").stat().st_mode) == 0o600
    async with running(data, open=False) as engine, client_of(engine) as http:
        assert await asked(http, made, "/fhir/Patient") == 200
        assert (await http.get("/fhir/Patient")).status_code == 401
        assert await asked(http, token(data, "--role", "operator"), "/fhir/Organization") == 200
        assert await asked(http, token(data, "--role", "operator"), "/fhir/Patient") == 403
        assert await asked(http, token(data, "--scope", "user/Patient.rs"), "/fhir/Observation") == 403


async def test_a_key_that_is_withdrawn_ends_what_it_signed_while_the_engine_runs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    before, also = token(data), token(data)
    async with running(data, open=False) as engine, client_of(engine) as http:
        assert await asked(http, before, "/fhir/Patient") == 200
        assert run("token", "--rotate", "--data", str(data)).exit_code == 0
        assert await asked(http, also, "/fhir/Patient") == 200
        assert run("token", "--rotate", "--withdraw", "--data", str(data)).exit_code == 0
        assert await asked(http, token(data), "/fhir/Patient") == 200
    async with running(data, open=False) as engine, client_of(engine) as http:
        assert await asked(http, before, "/fhir/Patient") == 401


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--role", "king"), "There is no role 'king'"),
        (("--scope", "everything"), "scope"),
        (("--org", "no code!"), "ODS code"),
        (("--patient", "../x"), "id of a Patient"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run("token", "--data", str(tmp_path), *words)
    assert (done.exit_code, said in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_where_an_issuer_is_configured_none_is_made(tmp_path: Path) -> None:
    done = run("token", "--data", str(tmp_path), env={"INTEROP_ISSUER": "https://id.example"})
    assert done.exit_code == 2
    assert "https://id.example" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_in_json_it_says_what_it_is(tmp_path: Path) -> None:
    said = json.loads(token(tmp_path, "--role", "gp", "--org", "b83012", "--user", "helen", "--json"))
    assert said["user"] == "https://demo.interop.invalid|helen"
    assert (said["role"], said["scope"], said["minutes"]) == ("gp", "user/*.cruds", 60)


def test_a_key_file_that_is_none_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "signon.key").write_text("{}", encoding="utf-8")
    assert run("token", "--data", str(tmp_path)).exit_code == 2
    assert (tmp_path / "signon.key").read_text(encoding="utf-8") == "{}"


def test_clients_are_registered_listed_and_taken_out(tmp_path: Path, rsa: RSAKey) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(jwks(("k1", rsa))), encoding="utf-8")
    where = ("--data", str(tmp_path / "data"))
    given = run("client", "bulk", *where, "--jwks", str(keys), "--scope", "system/*.rs", "--org", "rx9")
    assert given.exit_code == 0, given.output
    assert run("client", *where).stdout == "client  organisation  role    scope\nbulk    RX9           system  system/*.rs\n"
    assert run("client", "bulk", *where, "--remove").exit_code == 0
    assert run("client", *where).stdout == ""
    assert run("client", "bulk", *where, "--remove").exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--jwks", "absent.json"),
        ("--jwks", "http://x/jwks"),
        (),
        ("--jwks", "https://x/jwks", "--scope", "x"),
        ("--jwks", "https://x/jwks", "--role", "tester"),
    ],
)
def test_a_client_that_cannot_be_is_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run("client", "bulk", "--data", str(tmp_path), *words)
    assert done.exit_code == 2
    assert not (tmp_path / "clients.json").exists()


def test_applications_are_registered_listed_and_taken_out(tmp_path: Path) -> None:
    where = ("--data", str(tmp_path / "data"))
    address = "https://app.example/back"
    given = run("application", "app", *where, "--redirect", address, "--name", "The app", "--scope", "patient/Observation.rs")
    assert given.exit_code == 0, given.output
    assert run("application", "other", *where, "--redirect", address).exit_code == 0
    assert run("application", *where).stdout.splitlines()[1:] == [
        f"app          The app  {address}",
        f"other        other    {address}",
    ]
    said = json.loads(run("application", *where, "--json").stdout.splitlines()[0])
    assert said == {"id": "app", "name": "The app", "redirect_uris": [address], "scope": "patient/Observation.rs"}
    assert run("application", "app", *where, "--remove").exit_code == 0
    assert run("application", *where).stdout.splitlines()[1:] == [f"other        other  {address}"]
    assert run("application", "app", *where, "--remove").exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("app",),
        ("app", "--redirect", "http://app.example/"),
        ("app", "--redirect", "https://app.example/#part"),
        ("app", "--redirect", "https://app.example/", "--scope", "system/*.rs"),
        ("app", "--redirect", "https://app.example/", "--scope", "everything"),
        ("interop-pages", "--redirect", "https://app.example/"),
        ("demo-gp", "--redirect", "https://app.example/"),
    ],
)
def test_an_application_that_cannot_be_is_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run("application", "--data", str(tmp_path), *words)
    assert done.exit_code == 2
    assert words[0] in done.stderr
    assert not (tmp_path / "apps.json").exists()


async def test_who_was_not_let_in_is_in_the_audit_with_the_reason(tmp_path: Path, rsa: RSAKey) -> None:
    """A word of ours: nothing of what was sent."""
    data = tmp_path / "data"
    made = token(data)
    async with running(data, open=False) as engine, client_of(engine) as http:
        assert await asked(http, f"{made[:-8]}AAAAAAAA", "/fhir/Patient/x") == 401
        assert (await http.get("/fhir/Patient/x")).status_code == 401
        form = {"grant_type": "client_credentials", "client_assertion_type": "x", "client_assertion": "y"}
        assert (await http.post("/signon/token", data=form)).status_code == 400
    rows = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file() and "audit" in str(path.relative_to(data)))
    for why in (b'"signature"', b'"none"', b'"invalid_request"'):
        assert why in rows
    assert made.encode()[:40] not in rows
