"""The record as adapters may ask it, with every answer in the audit before it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from interop.api.auditing.auditing import Auditing
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.ports import Inquiry, Person, Record

Resource = dict[str, Any]
REFUSALS = ("forbidden", "unauthenticated")


class AuditedRecord:
    """``interop.ports.Record`` over another one. ``asker_of`` tells who an inquiry is by; ``record`` is the other one."""

    def __init__(self, record: Record, audit: Auditing, asker_of: Callable[[Inquiry], Asker]) -> None:
        self.record, self._audit, self._asker_of = record, audit, asker_of

    async def find(self, inquiry: Inquiry, type: str, criteria: Sequence[tuple[str, str]], limit: int) -> list[Resource]:
        """As the record says; also raises Problem ``audit-unavailable``."""
        try:
            found = await self.record.find(inquiry, type, criteria, limit)
        except Problem as problem:
            raise self._refused(inquiry, problem) from None
        self._given(inquiry, found)
        return found

    async def person(self, inquiry: Inquiry, patient: str) -> Person:
        """As the record says; also raises Problem ``audit-unavailable``."""
        try:
            found = await self.record.person(inquiry, patient)
        except Problem as problem:
            raise self._refused(inquiry, problem) from None
        self._given(inquiry, [*found.records, *found.retired])
        return found

    async def resolve(self, inquiry: Inquiry, references: Iterable[str]) -> dict[str, Resource]:
        """As the record says; also raises Problem ``audit-unavailable``."""
        try:
            found = await self.record.resolve(inquiry, references)
        except Problem as problem:
            raise self._refused(inquiry, problem) from None
        if found:
            self._given(inquiry, list(found.values()))
        return found

    def _given(self, inquiry: Inquiry, found: Sequence[Resource]) -> None:
        patients: list[str] = []
        for each in found:
            about = each if each["resourceType"] == "Patient" else each.get("subject", each.get("patient", {}))
            named = (
                f"Patient/{about['id']}" if about is each else str(about.get("reference", "")) if isinstance(about, dict) else ""
            )
            kind, _, id_ = named.partition("/")
            if kind == "Patient" and id_:
                patients.append(id_)
        self._audit.given(self._asker_of(inquiry), inquiry.interaction, patients, len(found))

    def _refused(self, inquiry: Inquiry, problem: Problem) -> Problem:
        """The problem, in the audit where it is a denial."""
        if problem.reason.name in REFUSALS:
            self._audit.refused(self._asker_of(inquiry), inquiry.interaction, problem)
        return problem
