"""Conditions on the people whom a resource is about, and on the organisations that contributed to it."""

from __future__ import annotations

from typing import NamedTuple

from interop.store.sql.index import LONGEST, PATIENT, SOLE
from interop.store.sql.joining import NEVER
from interop.store.sql.links import Links
from interop.store.where import About


class Said(NamedTuple):
    """Conditions on a row ``x`` of index_access: on the parameter, on the code, on the time."""

    parameter: str
    codes: list[str]
    time: str

    @property
    def each(self) -> list[str]:
        """For each code; the last first, as an asker's organisation is oftener named than the user."""
        if not self.codes:
            return [f"{self.parameter} AND {self.time}"]
        return [f"{self.parameter} AND x.code = {code} AND {self.time}" for code in reversed(self.codes)]

    @property
    def any(self) -> str:
        """For any code."""
        if len(self.codes) < 2:
            return self.each[0]
        return f"{self.parameter} AND x.code IN ({', '.join(self.codes)}) AND {self.time}"


class People(Links):
    """Says what access rows there are about the people of a row."""

    def about(self, where: About, row: str) -> str:
        """That an access row is there about the people of a row of ``resource``: about its subject and, unless it is the only
        Patient that the resource refers to, the others."""
        other = f"index_reference o WHERE o.rid = {row}.rid AND substr(o.target, 1, {len(PATIENT)}) = '{PATIENT}'"
        beside = f"{other} AND o.target <> '{PATIENT}' || {row}.subject"
        return self._of_people(where, row, beside, f"substr(o.target, {len(PATIENT) + 1})", f"({row}.named & {SOLE})")

    def about_version(self, where: About, row: str) -> str:
        """The same of a row of ``version``, or of one of ``resource`` that is deleted."""
        others = f"index_version o WHERE o.rid = {row}.rid AND o.version = {row}.version AND o.pid = 0"
        return self._of_people(where, row, others, "o.code", f"({row}.named & {SOLE})")

    def masked(self, mask: str, row: str) -> str:
        """That the mask of contributors has a ``1`` for those of a row; one that it does not know is not among them."""
        return f"substr({self.literal(mask)}, CAST({row}.source + 1 AS INTEGER), 1) = '1'"

    def _of_people(self, where: About, row: str, others: str, other: str, sole: str) -> str:
        """``others``: a table of the Patients beside the subject, FROM and WHERE, ``other`` the id of one; ``sole`` is not 0 where
        there surely are none. What must not be said of anyone is asked with ``every`` False: the first of its kind may be on disk
        before it is known here, so that the statement itself looks it up."""
        pids = self.names.pids("", where.parameter, "access")
        if not pids and where.every:
            return NEVER
        pid = f"= {pids[0]}" if pids else f"IN (SELECT n.pid FROM parameter n WHERE {self._access(where.parameter)})"
        codes = [f":{self.once(code[:LONGEST])}" for code in where.codes]
        now = self.once(where.now)
        said = Said(f"x.pid {pid}", codes, f"x.low <= :{now} AND x.high > :{now}")
        subject = f"{row}.subject <> '' AND {self._of_subject(row, said)}"
        if where.every:
            lacking = f"EXISTS (SELECT 1 FROM {others} AND NOT {self._of_person(other, said)})"
            return f"({subject} AND ({sole} <> 0 OR NOT {lacking}))"
        having = f"EXISTS (SELECT 1 FROM {others} AND {self._of_person(other, said)})"
        return f"(({subject}) OR ({sole} = 0 AND {having}))"

    def _access(self, parameter: str) -> str:
        return f"n.type = '' AND n.name = {self.literal(parameter)} AND n.kind = 'access'"

    def _of_subject(self, row: str, said: Said) -> str:
        """That something is said about the person of a row's subject; where that is likely whom the search begins with, it is asked
        once and not for each row."""
        each = self._of_person(f"{row}.subject", said)
        if self.focus is None:
            return each
        named = self._of_person(f":{self.focus.one}", said)
        people = self.focus.patients
        once = f"EXISTS (SELECT 1 FROM index_access x WHERE {self.dialect.among('x.subject', people)} AND {said.any})"
        linked = f"CASE WHEN {row}.subject IN ({people}) THEN {once} ELSE {each} END"
        return f"CASE WHEN {row}.subject = :{self.focus.one} THEN {named} ELSE {linked} END"

    def _of_person(self, patient: str, said: Said) -> str:
        """That something is said about the person of a Patient: of itself, which is asked code by code, or of anyone linked."""
        own = [f"EXISTS (SELECT 1 FROM index_access x WHERE x.subject = {patient} AND {one})" for one in said.each]
        people = f"a.patient = {patient} AND b.person = a.person AND x.subject = b.patient"
        linked = f"EXISTS (SELECT 1 FROM link a CROSS JOIN link b CROSS JOIN index_access x WHERE {people} AND {said.any})"
        return f"({' OR '.join([*own, linked])})"
