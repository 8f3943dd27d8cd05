"""``interop audit`` beside and without an engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interop.audit.key import AuditKey
from interop.cli.main import app
from tests.spec.audit.test_engine import JSON, client
from tests.spec.audit.test_reading import declaration
from tests.spec.engine.running import running

pytestmark = pytest.mark.anyio
RUN = CliRunner()


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """An engine has run there: a person, a claim, some reads."""
    async with running(tmp_path) as engine, client(engine) as http:
        for resource in ({"resourceType": "Patient", "id": "p1"}, declaration("CareTeam", "self-claimed")):
            put = await http.put(f"/fhir/{resource['resourceType']}/{resource['id']}", json=resource, headers=JSON)
            assert put.status_code == 201, put.text
        for _ in range(20):
            assert (await http.get("/fhir/Patient/p1")).status_code == 200
    return tmp_path


async def test_an_audit_that_is_whole_is_said_to_be(data: Path) -> None:
    done = RUN.invoke(app, ["audit", "verify", "--data", str(data), "--json"])
    said = json.loads(done.stdout)
    assert (done.exit_code, said["bad"], said["chains"], said["beyond"]) == (0, None, 1, 0)
    assert said["rows"] == 26
    public = RUN.invoke(app, ["audit", "verify", "--data", str(data), "--public", said["key"]])
    assert public.exit_code == 0, public.stdout


async def test_the_first_bad_entry_is_named(data: Path) -> None:
    path = data / "audit" / "00000001-0001.log"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[11] = lines[11].replace(b'"p1"', b'"p2"')
    path.write_bytes(b"".join(lines))
    done = RUN.invoke(app, ["audit", "verify", "--data", str(data)])
    assert done.exit_code == 1
    assert done.stdout.startswith("Entry 12 of chain 1 (00000001-0001.log) is not as it was written.")


async def test_another_key_verifies_nothing(data: Path) -> None:
    done = RUN.invoke(app, ["audit", "verify", "--data", str(data), "--public", AuditKey(bytes(32)).public.hex()])
    assert done.exit_code == 1
    assert "has a checkpoint that the key did not sign" in done.stdout


async def test_an_outcome_is_written_beside_a_running_engine_and_seen_by_it(data: Path) -> None:
    queue = ["audit", "queue", "--data", str(data), "--json"]
    async with running(data) as engine, client(engine) as http:
        (item,) = [json.loads(line) for line in RUN.invoke(app, queue).stdout.splitlines()]
        assert item["rule"] == "self-claimed"
        done = RUN.invoke(app, ["audit", "outcome", item["item"], "not-justified", "--data", str(data)])
        assert done.exit_code == 0, done.stderr
        assert RUN.invoke(app, queue).stdout == ""
        answer = await http.get("/fhir/$privacy-queue?closed=true")
        parts = {part["name"]: part for part in answer.json()["parameter"][0]["part"]}
        assert parts["outcome"]["valueCode"] == "not-justified"
    assert RUN.invoke(app, ["audit", "verify", "--data", str(data)]).exit_code == 0


async def test_an_index_is_made_anew_while_no_engine_runs(data: Path) -> None:
    made = RUN.invoke(app, ["audit", "index", "--data", str(data), "--json"])
    assert json.loads(made.stdout) == {"rows": 26}
    async with running(data):
        assert RUN.invoke(app, ["audit", "index", "--data", str(data)]).exit_code == 1


def test_where_there_is_no_audit_one_is_told_so(tmp_path: Path) -> None:
    for command in ("verify", "index", "queue"):
        done = RUN.invoke(app, ["audit", command, "--data", str(tmp_path)])
        assert (done.exit_code, done.stderr.startswith("There is no audit in")) == (2, True)
