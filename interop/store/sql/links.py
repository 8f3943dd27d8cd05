"""Conditions that lead from one resource to another: references, persons, chains and their reverse.

The Patient that a resource is about stands in the resource's own row; all other references stand in index_reference.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from interop.store.sql.dialect import Dialect
from interop.store.sql.index import LONGEST, NAMED, PATIENT
from interop.store.sql.joining import NEVER, united
from interop.store.sql.leaves import Leaves
from interop.store.sql.names import LABELS, Names
from interop.store.sql.ruling import ruling
from interop.store.where import All, Chain, Has, Person, Where


class Targets(NamedTuple):
    """What is referred to: lists or queries of ``Type/id``, and of the ids of the Patients among them; '' = nothing."""

    references: str
    patients: str
    asked: bool = False
    """They are queries, whose answers may be many."""
    one: str = ""
    """The name of the parameter that holds the id of the one Patient whose person they are."""


class Links(Leaves):
    """Says where references lead."""

    def __init__(self, names: Names, dialect: Dialect, guard: Where | None, first: int = 0) -> None:
        super().__init__(names, dialect, first)
        self._tables: list[str] = []
        self._groups: dict[str, Targets] = {}
        self._guard = guard
        self.focus: Targets | None = None
        """The Patients with whom the search begins: of most rows the subject is one of them, and most often the one named."""

    @abstractmethod
    def probe(self, where: Where, type_: str | None, row: str = "r") -> str: ...

    @abstractmethod
    def source(self, where: Where | None, type_: str | None, *, start: Where | None = None, scan: bool = False) -> str: ...

    @contextmanager
    def unguarded(self) -> Iterator[None]:
        """What is compiled within passes through everything."""
        guard, self._guard = self._guard, None
        yield
        self._guard = guard

    @contextmanager
    def focused(self, start: Where | None) -> Iterator[None]:
        """What is compiled within is asked of rows that ``start`` leaves."""
        before = self.focus
        self.focus = self.group(start.patients) if isinstance(start, Person) and len(start.patients) == 1 else None
        yield
        self.focus = before

    @property
    def prologue(self) -> str:
        """What the statement must begin with: the sets of targets that its parts refer to, each computed once."""
        return f"WITH {', '.join(self._tables)} " if self._tables else ""

    def table(self, columns: str, query: str) -> str:
        """Name a query; the name may stand in the statement any number of times."""
        name = f"t{self.number()}"
        self._tables.append(f"{name} ({columns}) AS ({query})")
        return name

    def pids(self, type_: str | None, parameter: str, *kinds: str) -> str:
        """On the parameter's number of a row ``x``; '' where nothing is indexed under it."""
        numbers = [pid for kind in kinds for pid in self.names.pids(type_, parameter, kind)]
        if len(numbers) < 2:
            return f"x.pid = {numbers[0]}" if numbers else ""
        return f"x.pid IN ({', '.join(map(str, numbers))})"

    def label_pid(self, type_: str | None, row: str) -> str:
        """The number of the labels' parameter, sought from a row. The first label of a type may be on disk before it is known here:
        then the statement itself looks it up."""
        known = [] if type_ is None else self.names.pids(type_, LABELS, "token")
        if known:
            return str(known[0])
        of = f"{row}.type" if type_ is None else self.literal(type_)
        return f"(SELECT n.pid FROM parameter n WHERE n.type = {of} AND n.name = '{LABELS}' AND n.kind = 'token')"

    def named(self, parameter: str, row: str) -> list[str]:
        """That the row's own subject is named by the parameter, where it can be."""
        return [f"({row}.named & {NAMED[parameter]}) <> 0"] if parameter in NAMED else []

    def listed(self, targets: tuple[str, ...]) -> Targets:
        """Targets that are given one by one."""
        patients = tuple(target[8:] for target in targets if target.startswith(PATIENT))
        return Targets(self.bound(tuple(t[:LONGEST] for t in targets)) if targets else "", self.bound(patients) if patients else "")

    def refers(self, parameter: str, type_: str | None, row: str, targets: Targets) -> str:
        """Whether the row refers to one of the targets; parameter '' = it is about one of the Patients."""
        parts = []
        pids = self._reference_pids(parameter, type_)
        if pids and targets.references:
            target = "x.target || ''" if targets.asked else "x.target"
            among = f"{target} IN ({targets.references})"
            parts.append(f"EXISTS (SELECT 1 FROM index_reference x WHERE x.rid = {row}.rid AND {pids} AND {among})")
        if targets.patients and (not parameter or parameter in NAMED):
            parts.append(" AND ".join([f"{row}.subject IN ({targets.patients})", *self.named(parameter, row)]))
        return f"({' OR '.join(parts)})" if parts else NEVER

    def referring(self, parameter: str, type_: str | None, targets: Targets) -> str:
        """The numbers of the rows that ``refers`` holds of."""
        if targets.one:
            return self._referring_to(parameter, type_, targets.one)
        parts = []
        pids = self._reference_pids(parameter, type_)
        if pids and targets.references:
            parts.append(f"SELECT x.rid FROM index_reference x WHERE {pids} AND {self._among('x.target', targets.references)}")
        if targets.patients and (not parameter or parameter in NAMED):
            text = f"SELECT s.rid FROM resource s WHERE s.subject <> '' AND {self._among('s.subject', targets.patients)}"
            if type_ is not None:
                text += f" AND s.type = :{self.bind(type_)}"
            parts.append(" AND ".join([text, *self.named(parameter, "s")]))
        return " UNION ALL ".join(parts) or "SELECT 0 AS rid WHERE 0 = 1"

    def members(self, patient: str, types: tuple[str, ...]) -> str:
        """The numbers of the rows that are about the person of a Patient: of these types (() = any) those whose subject it is, of
        any type those that name it besides."""
        also = [f"s.type IN ({self.bound(types)})"] if types else []
        return self._sought(self._reference_pids("", None), also, self.group((patient,)).one)

    def _referring_to(self, parameter: str, type_: str | None, one: str) -> str:
        """The same for one Patient and whoever is linked with it."""
        pids = self._reference_pids(parameter, type_)
        if parameter and parameter not in NAMED:
            return self._sought(pids, None, one)
        also = [] if type_ is None else [f"s.type = :{self.once(type_)}"]
        return self._sought(pids, also + self.named(parameter, "s"), one)

    def _sought(self, pids: str, also: list[str] | None, one: str) -> str:
        """Rows that refer to a Patient, or to whoever is linked with it, by one of the parameters; unless ``also`` is None, those
        about them that meet it too. The Patient itself is sought by its id, and others only where there is a link: a set of both
        would be made anew for each place in the statement."""
        linked = f"link a CROSS JOIN link b CROSS JOIN {{}} WHERE a.patient = :{one} AND b.person = a.person AND"
        parts = []
        if pids:
            sought = f"SELECT x.rid FROM {{}} {pids} AND x.target = '{PATIENT}' || "
            parts.append(sought.format("index_reference x WHERE") + f":{one}")
            parts.append(sought.format(linked.format("index_reference x")) + "b.patient")
        if also is not None:
            for table, own in (("resource s WHERE", f":{one}"), (linked.format("resource s"), "b.patient")):
                parts.append(" AND ".join([f"SELECT s.rid FROM {table} s.subject <> '' AND s.subject = {own}", *also]))
        return " UNION ALL ".join(parts) or "SELECT 0 AS rid WHERE 0 = 1"

    def _among(self, column: str, targets: str) -> str:
        """That a column is one of a list or of what a query gives, sought by its index."""
        return self.dialect.among(column, targets) if targets.startswith("SELECT ") else f"{column} IN ({targets})"

    def _reference_pids(self, parameter: str, type_: str | None) -> str:
        if parameter:
            return self.pids(type_, parameter, "reference")
        numbers = [pid for name in NAMED for pid in self.names.pids(type_, name, "reference")]
        return f"x.pid IN ({', '.join(map(str, numbers))})" if numbers else ""

    def group(self, patients: tuple[str, ...]) -> Targets:
        """Everyone who is one person with one of the Patients."""
        if not patients:
            return Targets("", "")
        if len(patients) == 1:
            known = self._groups.get(patients[0])
            if known is not None:
                return known
            one = self.bind(patients[0])
            found = self.table(
                "id",
                "SELECT b.patient FROM link a CROSS JOIN link b "
                f"WHERE a.patient = :{one} AND b.person = a.person UNION SELECT CAST(:{one} AS TEXT)",
            )
            made = Targets(f"SELECT '{PATIENT}' || id FROM {found}", f"SELECT id FROM {found}", one=one)
            self._groups[patients[0]] = made
            return made
        asked = united([f"SELECT {self.literal(patient)}" for patient in patients])
        return self._people(self.table("id", asked))

    def _people(self, found: str) -> Targets:
        """Everyone who is one person with one of the Patients whose ids a table holds."""
        among = self.dialect.among("a.patient", f"SELECT id FROM {found}")
        people = self.table(
            "id",
            f"SELECT b.patient FROM link a CROSS JOIN link b WHERE b.person = a.person AND {among} UNION SELECT id FROM {found}",
        )
        return Targets(f"SELECT '{PATIENT}' || id FROM {people}", f"SELECT id FROM {people}", True)

    def _same_person(self, patient: str) -> str:
        """A query of the ids of everyone who is one person with the Patient of that expression."""
        number = self.number()
        a, b = f"a{number}", f"b{number}"
        return (
            f"SELECT {b}.patient FROM link {a} CROSS JOIN link {b} WHERE {a}.patient = {patient} AND {b}.person = {a}.person "
            f"UNION SELECT {patient}"
        )

    def _chained(self, target: str, inner: Where) -> Targets:
        """The targets of a chain, gathered first. What has a canonical URL may be referred to by it."""
        found = self.table("id, rid", f"SELECT r.id, r.rid FROM {self.source(both(inner, ruling(self._guard, target)), target)}")
        if target == "Patient":
            return self._people(found)
        references = f"SELECT {self.literal(target + '/')} || id FROM {found}"
        for pid in self._canonical(target):
            references += (
                f" UNION ALL SELECT u.value FROM {found} f CROSS JOIN index_string u WHERE u.rid = f.rid AND u.pid = {pid}"
            )
        return Targets(references, "", True)

    def _canonical(self, type_: str) -> list[int]:
        return self.names.pids(type_, "url", "uri")

    def _leads(self, where: Chain, type_: str | None, row: str) -> str:
        """Whether a reference of the row leads to what a chain asks for; looked at from the row."""
        parts, target = [], where.target
        pids = self._reference_pids(where.parameter, type_)
        if pids:
            h = f"h{self.number()}"
            prefix = self.bind(target + "/")
            ids = f"substr(x.target, {len(target) + 2})"
            reached = self.dialect.among(f"{h}.id", self._same_person(ids)) if target == "Patient" else f"{h}.id = {ids}"
            parts.append(
                f"EXISTS (SELECT 1 FROM index_reference x CROSS JOIN resource {h} WHERE x.rid = {row}.rid AND {pids} "
                f"AND substr(x.target, 1, {len(target) + 1}) = :{prefix} AND {self._met(where.where, target, h)} AND {reached})"
            )
        if target == "Patient" and where.parameter in NAMED:
            h = f"h{self.number()}"
            reached = self.dialect.among(f"{h}.id", self._same_person(f"{row}.subject"))
            met = self._met(where.where, target, h)
            named = self.named(where.parameter, row)[0]
            parts.append(f"({named} AND EXISTS (SELECT 1 FROM resource {h} WHERE {met} AND {reached}))")
        return f"({' OR '.join(parts)})" if parts else NEVER

    def _met(self, where: Where | None, type_: str, row: str) -> str:
        """That the row is a present one of the type and meets ``where`` and the reader's guard."""
        text = f"{row}.type = :{self.bind(type_)} AND {row}.deleted = 0"
        guarded = both(where, ruling(self._guard, type_))
        return text if guarded is None else f"{text} AND {self.probe(guarded, type_, row)}"

    def _referred(self, where: Has, type_: str | None, row: str) -> str:
        """Whether what ``where`` asks for refers to the row; looked at from the row."""
        parts = []
        pids = self._reference_pids(where.parameter, where.source)
        may_be_patient = type_ in {None, "Patient"}
        ways = (False, True) if type_ is None else (type_ == "Patient",)
        for of_person in ways if pids else ():
            h = f"h{self.number()}"
            own = f"x.target = {row}.type || '/' || {row}.id"
            if of_person:
                people = f"SELECT '{PATIENT}' || p.patient FROM ({self._same_person(f'{row}.id')}) p"
                own = self.dialect.among("x.target", people)
            met = self._met(where.where, where.source, h)
            joined = f"{pids} AND {own} AND {h}.rid = x.rid AND {met}"
            found = f"EXISTS (SELECT 1 FROM index_reference x CROSS JOIN resource {h} WHERE {joined})"
            parts.append(f"({row}.type = 'Patient' AND {found})" if of_person and type_ is None else found)
        if may_be_patient and where.parameter in NAMED:
            h = f"h{self.number()}"
            met, named = self._met(where.where, where.source, h), self.named(where.parameter, h)[0]
            reached = self.dialect.among(f"{h}.subject", self._same_person(f"{row}.id"))
            is_patient = "" if type_ else f"{row}.type = 'Patient' AND "
            parts.append(
                f"({is_patient}EXISTS (SELECT 1 FROM resource {h} WHERE {h}.subject <> '' AND {reached} AND {named} AND {met}))"
            )
        return f"({' OR '.join(parts)})" if parts else NEVER

    def _referred_ids(self, where: Has, type_: str) -> str:
        """A query of the ids of a type to which what ``where`` asks for refers; '' where nothing can."""
        found = self.table(
            "rid", f"SELECT r.rid FROM {self.source(both(where.where, ruling(self._guard, where.source)), where.source)}"
        )
        parts = []
        pids = self._reference_pids(where.parameter, where.source)
        if pids:
            prefix = self.bind(type_ + "/")
            parts.append(
                f"SELECT substr(x.target, {len(type_) + 2}) FROM {found} f CROSS JOIN index_reference x "
                f"WHERE x.rid = f.rid AND {pids} AND substr(x.target, 1, {len(type_) + 1}) = :{prefix}"
            )
        if type_ == "Patient" and where.parameter in NAMED:
            named = self.named(where.parameter, "s")[0]
            parts.append(
                f"SELECT s.subject FROM {found} f CROSS JOIN resource s WHERE s.rid = f.rid AND s.subject <> '' AND {named}"
            )
        if not parts:
            return ""
        ids = " UNION ".join(parts)
        return self._people(self.table("id", ids)).patients if type_ == "Patient" else ids


def both(*parts: Where | None) -> Where | None:
    """All of what is asked."""
    asked = tuple(part for part in parts if part is not None)
    return All(asked) if len(asked) > 1 else asked[0] if asked else None
