"""What an engine checks before it takes a message, and who may read what it keeps."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.places import ROOT
from tests.spec.durability.process import CODE, Served
from tests.spec.engine.running import TIMEOUT, running

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example"])
async def test_a_request_by_another_name_is_not_answered(name: str, tmp_path: Path) -> None:
    """A page of another site that has its own name stand for this machine reads nothing (DNS rebinding)."""
    async with running(tmp_path / "data") as engine, httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
        for path in ("/fhir/metadata", "/metrics", "/"):
            answer = await client.get(f"http://127.0.0.1:{engine.http}{path}", headers={"Host": name})
            assert (answer.status_code, answer.json()["reason"]) == (421, "wrong-host")
        posted = await client.post(f"http://127.0.0.1:{engine.http}/ingest/hospital", headers={"Host": name}, content=b"MSH|")
        assert posted.status_code == 421


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST:8080", "[::1]:8080"])
async def test_by_the_names_of_this_machine_it_is(name: str, tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{engine.http}/fhir/metadata", headers={"Host": name})
        assert answer.status_code == 200


async def test_by_the_address_that_it_was_given_it_is(tmp_path: Path) -> None:
    """Any address of 127.0.0.0/8 is this machine's."""
    async with (
        running(tmp_path / "data", http="127.0.0.9:0") as engine,
        httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client,
    ):
        assert (await client.get(f"http://127.0.0.9:{engine.http}/fhir/metadata")).status_code == 200


@pytest.mark.long
async def test_what_is_kept_only_the_owner_may_read(tmp_path: Path) -> None:
    """Though the directory was there before and is open to all."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    async with Served(data):
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) & 0o077 for file in data.iterdir()}
    assert {"journal.sqlite", "record.sqlite", "id.key"} <= modes.keys()
    assert set(modes.values()) == {0}


@pytest.mark.long
def test_refused_tables_do_not_start(tmp_path: Path) -> None:
    """Messages are not taken in for tables that cannot map them; the row and the reason are told."""
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    with (tmp_path / "mappings" / "ers" / "elements.csv").open("a") as file:
        file.write("ZZZ99,pat,,identifier/value,,nothing,,,\n")
    changed = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {CODE}"
    options = ["--data", str(tmp_path / "data"), "--http", "127.0.0.1:0", "--mllp", "127.0.0.1:0"]
    done = subprocess.run(
        [sys.executable, "-c", changed, "serve", "--open", *options], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "elements.csv, row ZZZ99: R4 has no Patient.nothing" in done.stderr
    assert not (tmp_path / "data").exists()
