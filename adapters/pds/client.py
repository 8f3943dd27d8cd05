"""What the service is asked, and what its answers say: ``GET /Patient/[number]`` and ``GET /Patient?family=…``.

A number that was replaced is answered with the record that has replaced it, whose id is another; one that was invalidated with
404 INVALIDATED_RESOURCE. An application alone is given one match or none: more are 200 with TOO_MANY_MATCHES.
"""

from __future__ import annotations

import re
from typing import Any, Final

from adapters.pds.session import Session, codes
from interop.errors import Problem
from interop.ports.demographics import FOUND, INVALIDATED, NONE, NOT_FOUND, ONE, SEVERAL, Criteria, Match, Reply

_NUMBER: Final = re.compile(r"\d{10}", re.ASCII)
_BIRTH: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_GENDERS: Final = frozenset({"", "male", "female", "other", "unknown"})
NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
LEVELS: Final = frozenset({"U", "R", "V"})
MOST: Final = 50
LONGEST: Final = 100
"""Characters of a criterion."""


class Pds:
    """``interop.ports.Demographics`` on a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.calls = session.calls

    async def read(self, number: str) -> Reply:
        """Who has an NHS number; the number of the Patient tells whether it was replaced."""
        if not _NUMBER.fullmatch(number):
            raise Problem("bad-parameter", where="number", detail="ten digits are wanted")
        status, said = await self._session.get(f"Patient/{number}")
        if status == 404:
            told = codes(said).split()
            if "INVALIDATED_RESOURCE" in told:
                return self._counted(Reply(INVALIDATED))
            if "RESOURCE_NOT_FOUND" in told:
                return self._counted(Reply(NOT_FOUND))
            raise self._failed("HTTP 404 without a code that is known")
        return self._counted(Reply(FOUND, (Match(self._patient(said)),)))

    async def search(self, criteria: Criteria) -> Reply:
        """Who fits the criteria; one that is wrong is not asked."""
        _check(criteria)
        query = [("family", criteria.family), ("birthdate", f"eq{criteria.birth}")]
        query += [("given", criteria.given)] if criteria.given else []
        query += [("gender", criteria.gender)] if criteria.gender else []
        query += [("address-postalcode", criteria.postcode)] if criteria.postcode else []
        query += [("_fuzzy-match", "true")] if criteria.fuzzy else []
        query += [("_history", "true")] if criteria.history else []
        status, said = await self._session.get("Patient", query)
        if status == 200 and said.get("resourceType") == "OperationOutcome" and "TOO_MANY_MATCHES" in codes(said).split():
            return self._counted(Reply(SEVERAL))
        if status != 200 or said.get("resourceType") != "Bundle" or said.get("type") != "searchset":
            raise self._failed(f"HTTP {status}, an answer that is no searchset")
        entries = said.get("entry", [])
        if not isinstance(entries, list) or len(entries) > MOST:
            raise self._failed("a searchset whose entries cannot be read")
        matches = tuple(self._match(entry) for entry in entries)
        return self._counted(Reply(NONE if not matches else ONE if len(matches) == 1 else SEVERAL, matches))

    async def close(self) -> None:
        """Let connections go."""
        await self._session.close()

    def _match(self, entry: Any) -> Match:
        if not isinstance(entry, dict):
            raise self._failed("an entry that is none")
        search = entry.get("search")
        score = search.get("score") if isinstance(search, dict) else None
        try:
            value = float(str(score))
        except ValueError:
            value = 0.0
        return Match(self._patient(entry.get("resource")), value if 0.0 <= value <= 1.0 else 0.0)

    def _patient(self, said: Any) -> dict[str, Any]:
        """A Patient with an NHS number for its id, whose identifier, where it tells one, is the same."""
        number = said.get("id") if isinstance(said, dict) and said.get("resourceType") == "Patient" else None
        if not isinstance(number, str) or not _NUMBER.fullmatch(number) or not _numbers(said) <= {number}:
            raise self._failed("an answer that is no Patient, or of two")
        return {**said, "meta": _labelled(said.get("meta"))} if "meta" in said else dict(said)

    def _counted(self, reply: Reply) -> Reply:
        self.calls[reply.outcome] += 1
        return reply

    def _failed(self, detail: str) -> Problem:
        self.calls["source-error"] += 1
        return Problem("source-error", detail=detail)


def _labelled(meta: Any) -> Any:
    """Whether somebody is restricted, under the one name of the system that it is told by; the service has used others."""
    labels = meta.get("security") if isinstance(meta, dict) else None
    if not isinstance(labels, list):
        return meta
    return {
        **meta,
        "security": [
            {**each, "system": CONFIDENTIALITY} if isinstance(each, dict) and each.get("code") in LEVELS else each
            for each in labels
        ],
    }


def _numbers(patient: dict[str, Any]) -> set[str]:
    told = patient.get("identifier")
    each = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return {str(one.get("value")) for one in each if one.get("system") == NHS_NUMBER}


def _check(criteria: Criteria) -> None:
    for name, value in criteria._asdict().items():
        if isinstance(value, str) and (len(value) > LONGEST or not value.isprintable() or "*" in value):
            raise Problem("bad-parameter", where=name, detail="it is too long or holds what a name does not")
    if not criteria.family.strip():
        raise Problem("bad-parameter", where="family", detail="a family name is wanted")
    if not _BIRTH.fullmatch(criteria.birth):
        raise Problem("bad-parameter", where="birthdate", detail="a day of birth, YYYY-MM-DD, is wanted")
    if criteria.gender not in _GENDERS:
        raise Problem("bad-parameter", where="gender", detail="male, female, other or unknown is wanted")
