"""Exports in the audit: who had whom, a row for a thousand people and not for each resource, before anyone can fetch a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.audit.row import READ
from interop.policy.asker import Asker
from interop.store.decision import Account
from interop.store.sqlite.audit_index import Wanted
from tests.spec.audit.asking import asking
from tests.spec.audit.test_looking import PERSON, looks

pytestmark = pytest.mark.anyio
PROGRAM = Asker("", "system", "A81001", "registry", scopes=None)


async def test_whoever_looks_at_who_looked_finds_the_export(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        account = Account()
        account.patients, account.resources = {"p1": None, "p2": None}, 12
        await at.audited.auditing.exported(PROGRAM, "0" * 32, ("Patient", ""), account, ["Observation", "Patient"])
        (look, *_) = await looks(at, PERSON)
        assert (look["organisation"], look["role"], look["what"]) == ("A81001", "system", "$export")
        (event, *_) = await at.events(None, "AuditEvent?_source=urn:interop:audit&patient=p2")
        assert "$export" in [each["code"] for each in event["subtype"]]


async def test_a_row_names_a_thousand_people(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        account = Account()
        account.patients, account.resources = {f"p{n}": None for n in range(2_500)}, 40_000
        before = at.audited.log.sequence
        await at.audited.auditing.exported(PROGRAM, "0" * 32, ("", ""), account, ["Observation"])
        rows = [row for _, row in at.audited.trail.find(Wanted(kinds=(READ,), page=10_000)) if row.sequence > before]
        assert {row.sequence: len(row.patients) for row in rows} == {before + 1: 1000, before + 2: 1000, before + 3: 500}
        assert {row.resources for row in rows} == {40_000, 1000, 500}
        assert rows[0].more == {"export": "0" * 32, "types": ["Observation"]}
        assert len(await looks(at, PERSON, "p1")) == 1
