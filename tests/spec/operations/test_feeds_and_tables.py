"""How feeds stand, by which tables the engine has worked, whether the audit is as it was written: asked over HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from interop.app.engine import Engine
from tests.spec.api.messages import admission
from tests.spec.engine.running import TIMEOUT, client, running

pytestmark = pytest.mark.anyio


async def asked(engine: Engine, method: str, path: str, body: bytes = b"") -> Any:
    async with client(engine) as http:
        answer = await http.request(method, path, content=body)
        assert answer.status_code in (200, 202, 204), answer.text
        return answer.json() if answer.content else None


async def told(engine: Engine) -> dict[str, Any]:
    """The hospital's feed, once what came is done."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            found = next(each for each in (await asked(engine, "GET", "/feeds/"))["feeds"] if each["feed"] == "hospital")
            if found["received"] and not found["waiting"]:
                return dict(found)
            await asyncio.sleep(0.01)


async def verified(engine: Engine) -> dict[str, Any]:
    """What the audit was found to be, once that is known."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            said = {each["name"]: each for each in (await asked(engine, "GET", "/fhir/$audit-verify"))["parameter"][0]["part"]}
            if said["state"]["valueCode"] != "running":
                return said
            await asyncio.sleep(0.01)


async def test_a_feed_is_told_with_its_counts_and_one_word(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        assert {each["state"] for each in (await asked(engine, "GET", "/feeds/"))["feeds"]} == {"quiet"}
        await asked(engine, "POST", "/ingest/hospital", admission())
        found = await told(engine)
        assert (found["feed"], found["received"], found["applied"], found["state"]) == ("hospital", 1, 1, "well")
        assert found["silentSeconds"] >= 0
        await asked(engine, "POST", "/ingest/hospital?source=down")
        assert (await told(engine))["state"] == "down"
        await asked(engine, "POST", "/ingest/hospital?source=well")
        coverage = await asked(engine, "GET", "/feeds/hospital/coverage")
        assert coverage["lost"]
        assert all(each["reason"] and each["path"] and each["count"] for each in coverage["lost"])
        assert coverage["count"] == sum(each["count"] for each in coverage["lost"])


async def test_a_feed_of_which_nothing_is_lost_has_a_coverage_too(tmp_path: Path) -> None:
    """Of what is written through the API nothing is left out, and no file declares that feed."""
    async with running(tmp_path) as engine:
        async with client(engine) as http:
            assert (await http.get("/feeds/api/coverage")).status_code == 404
            said = {"resourceType": "Basic", "code": {"text": "x"}}
            answer = await http.post("/fhir/Basic", json=said, headers={"content-type": "application/fhir+json"})
            assert answer.status_code == 201, answer.text
        assert await asked(engine, "GET", "/feeds/api/coverage") == {"feed": "api", "count": 0, "lost": []}


async def test_the_tables_that_were_worked_by_are_listed_with_those_of_policy(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        await asked(engine, "POST", "/ingest/hospital", admission())
        await told(engine)
        listed = (await asked(engine, "GET", "/tables/"))["tables"]
        assert {each["family"] for each in listed} == {"hl7v2", "policy"}
        policy = next(each for each in listed if each["family"] == "policy")
        whole = await asked(engine, "GET", f"/tables/{policy['digest']}")
        assert whole["files"]["policy/roles.csv"].startswith("role,")
        assert (await asked(engine, "GET", f"/tables/{policy['digest']}?since={policy['digest']}"))["changes"] == []


async def test_tables_of_policy_that_change_are_a_version_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as engine:
        (before,) = (await asked(engine, "GET", "/tables/"))["tables"]
    changed = tmp_path / "package"
    (changed / "tables").mkdir(parents=True)
    (changed / "tables" / "roles.csv").write_text("role,purposes\ngp,direct-care\n", "utf-8")
    monkeypatch.setattr("interop.api.table_versions.files", lambda package: changed)
    async with running(tmp_path) as engine:
        after = (await asked(engine, "GET", "/tables/"))["tables"]
        assert len(after) == 2
        now = next(each for each in after if each != before)
        said = (await asked(engine, "GET", f"/tables/{now['digest']}?since={before['digest']}"))["changes"]
        assert {each["kind"] for each in said if each["file"] == "policy/operations.csv"} == {"removed"}
        assert any(each["row"] == "gp" and each["kind"] == "changed" for each in said if each["file"] == "policy/roles.csv")


async def test_the_audit_is_looked_at_beside_the_work(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        await asked(engine, "POST", "/ingest/hospital", admission())
        await told(engine)
        assert "never" in str(await asked(engine, "GET", "/fhir/$audit-verify"))
        await asked(engine, "POST", "/fhir/$audit-verify")
        said = await verified(engine)
        assert said["state"]["valueCode"] == "well"
        assert said["rows"]["valueInteger"] >= 2


async def test_an_audit_that_was_written_over_is_told(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        await asked(engine, "POST", "/ingest/hospital", admission())
        await told(engine)
    (log,) = (tmp_path / "audit").glob("*1.log") or [None]
    log.write_bytes(log.read_bytes().replace(b"hospital", b"hospitax", 1))
    async with running(tmp_path) as engine:
        await asked(engine, "POST", "/fhir/$audit-verify")
        said = await verified(engine)
        assert said["state"]["valueCode"] == "bad"
        assert "chain 1" in said["bad"]["valueString"]
