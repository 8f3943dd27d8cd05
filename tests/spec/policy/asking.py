"""Generated requests to the FHIR API: every interaction, search parameters of every kind, about what is there and what is not."""

from __future__ import annotations

from random import Random
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import orjson

from interop.fhir import facts
from tests.spec.policy.worlds import ABSENT, CODED, CODES, CONFIDENTIALITY, LOCAL, SECURITY, TYPES, WORDS, World

MODIFIERS: Final = {
    "token": ("", "", "", ":not", ":text", ":missing", ":in"),
    "string": ("", ":exact", ":contains", ":missing"),
    "reference": ("", "", "", ":identifier", ":missing", ":below", ":above"),
    "uri": ("", ":below", ":missing"),
    "date": ("", ":missing"),
    "quantity": ("", ":missing"),
    "number": ("",),
}
INNER: Final = ("_id", "identifier", "code", "status", "name", "family", "_tag", "title", "date", "_security")
OPERATIONS: Final = (
    "Patient/{patient}/$everything", "Patient/{patient}/$everything?_count=2", "Patient/$everything?_count=3",
    "Patient/{patient}/$everything?start=2025-03-01", "Patient/{patient}/$whole-record", "Encounter/{encounter}/$everything",
    "Patient/{patient}/$crew-card", "Patient/{patient}/$care-plan", "Patient/{patient}/$care-plan?history=true",
    "Patient/{patient}/$medication-changes", "Encounter/{encounter}/$medication-changes?for=patient",
    "Composition/{composition}/$document", "Observation/$lastn?patient={patient}", "Observation/$lastn?subject:Patient.gender=male",
    "ValueSet/$expand?url=https://example.org/colours", "ValueSet/colours/$expand", "{type}/{id}/$validate",
    "{type}/{id}/$validate?mode=delete", "$worklist?name=mdt", "$worklist?name=medically-fit&_count=1",
    "$worklist?name=failed-discharges", "$worklist?name=care-home-round&_count=2", "$worklist?name=co-ordination",
)  # fmt: skip


class Ask(NamedTuple):
    """A request; ``body`` is JSON."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Asking:
    """Makes requests about a record."""

    def __init__(self, random: Random, world: World) -> None:
        self.random = random
        self.ids = world.ids
        self.patients = [*world.patients, "alone", ABSENT]
        self.by_type: dict[str, list[str]] = {}
        for type_, id_ in self.ids:
            self.by_type.setdefault(type_, []).append(id_)

    def read(self) -> Ask:
        """Anything that changes nothing."""
        return self.random.choice(
            (self._instance, self._search, self._search, self._search, self._searched, self._operation, self._match)
        )()

    def write(self) -> Ask:
        """Anything that may change something."""
        return self.random.choice(
            (self._put, self._create, self._remove, self._patch, self._conditional, self._bundle, self._update, self._contribute)
        )()

    def _contribute(self) -> Ask:
        patient, other = self.random.choice(self.patients), self.random.choice(self.patients)
        plan: dict[str, Any] = {"resourceType": "CarePlan", "status": "active", "intent": "plan", "title": "Of the locality team"}
        if self.random.random() < 0.5:
            plan["subject"] = {"reference": f"Patient/{other}"}
        if self.random.random() < 0.5:
            plan["id"] = self._id("CarePlan")
        headers = self.random.choice(((), (("if-match", "*"),), (("if-match", 'W/"0"'),)))
        return Ask("POST", f"Patient/{patient}/$care-plan-contribute", plan, headers)

    def _id(self, type: str) -> str:
        known: list[str] = [*self.by_type.get(type, ()), ABSENT]
        return self.random.choice(known)

    def _any(self) -> tuple[str, str]:
        type_ = self.random.choice(TYPES)
        return type_, self._id(type_)

    def _instance(self) -> Ask:
        type_, id_ = self._any()
        tail = self.random.choice(("", "", "/_history", "/_history?_count=1", "/_history/1", "/_history/2", "/_history/3"))
        headers = self.random.choice(
            ((), (), (("if-none-match", 'W/"1"'),), (("if-modified-since", "Fri, 01 Jan 2027 00:00:00 GMT"),))
        )
        if self.random.random() < 0.15:
            return Ask("GET", self.random.choice((f"{type_}/_history?_count=3", "_history?_count=5", f"{type_}/_history")))
        return Ask("GET", f"{type_}/{id_}{tail}", headers=headers)

    def _search(self) -> Ask:
        return Ask("GET", self._address())

    def _searched(self) -> Ask:
        """In a compartment, of several types, of the whole system."""
        patient = self.random.choice(self.patients)
        type_ = self.random.choice(TYPES)
        return Ask(
            "GET",
            self.random.choice((
                f"Patient/{patient}/{type_}", f"Patient/{patient}/*", f"Patient/{patient}/*?_count=2",
                f"?_type={type_},Patient&_count=3", f"Encounter/{self._id('Encounter')}/*", f"?_id={self._any()[1]}",
                f"Practitioner/pra0/{type_}", "?_summary=count",
            )),
        )  # fmt: skip

    def _operation(self) -> Ask:
        type_, id_ = self._any()
        said = self.random.choice(OPERATIONS).format(
            patient=self.random.choice(self.patients), encounter=self._id("Encounter"), composition=self._id("Composition"),
            type=type_, id=id_,
        )  # fmt: skip
        return Ask("GET", said)

    def _match(self) -> Ask:
        person = self.random.randrange(5)
        name = [{"family": WORDS[person], "given": [self.random.choice(WORDS)]}]
        like = {"resourceType": "Patient", "name": name, "birthDate": f"19{50 + person}-0{1 + person}-11"}
        parts = [{"name": "resource", "resource": like}, {"name": "onlyCertainMatches", "valueBoolean": self.random.random() < 0.3}]
        return Ask("POST", "Patient/$match", {"resourceType": "Parameters", "parameter": parts})

    def _address(self) -> str:
        type_ = self.random.choice(TYPES)
        pairs = [self._condition(type_) for _ in range(self.random.choice((0, 1, 1, 2)))]
        pairs += self.random.sample(self._shape(type_), self.random.choice((0, 1, 1, 2, 3)))
        query = "&".join(f"{name}={quote(value, safe='|/:,$')}" for name, value in pairs)
        return f"{type_}?{query}" if query else type_

    def _shape(self, type: str) -> list[tuple[str, str]]:
        known = facts.search_parameters(type)
        references = sorted(code for code, each in known.items() if each.type == "reference") or ["_id"]
        sortable = sorted(code for code, each in known.items() if each.type in ("date", "string", "token", "reference"))
        source = self.random.choice(TYPES)
        back = sorted(code for code, each in facts.search_parameters(source).items() if each.type == "reference") or ["_id"]
        return [
            ("_count", str(self.random.choice((1, 2, 3)))),
            ("_total", "accurate"),
            ("_summary", self.random.choice(("count", "true", "text"))),
            ("_sort", self.random.choice(("", "-")) + self.random.choice([*sortable, "_lastUpdated", "_id"])),
            ("_include", self.random.choice((f"{type}:{self.random.choice(references)}", "*", f"{type}:*"))),
            ("_include:iterate", f"{type}:{self.random.choice(references)}"),
            ("_revinclude", f"{source}:{self.random.choice(back)}"),
            ("_elements", "id,code"),
        ]

    def _condition(self, type: str) -> tuple[str, str]:
        chance = self.random.random()
        known = facts.search_parameters(type)
        if chance < 0.1:
            return self.random.choice((("_id", self._id(type)), ("_lastUpdated", "ge2020"), ("_tag", f"{CODES}|red"),
                                       ("_list", self._id("List")),
                                       ("_security", self.random.choice((f"{SECURITY}|HIV", f"{CONFIDENTIALITY}|R"))),
                                       ("_content", self.random.choice(WORDS)), ("_text", self.random.choice(WORDS))))  # fmt: skip
        if chance < 0.25:
            source = self.random.choice(TYPES)
            back = sorted(code for code, each in facts.search_parameters(source).items() if each.type == "reference")
            if back:
                inner = self.random.choice(INNER)
                return f"_has:{source}:{self.random.choice(back)}:{inner}", self._value(source, inner)
        code = self.random.choice(sorted(known))
        each = known[code]
        if each.type == "reference" and chance < 0.55:
            target = self.random.choice([one for one in TYPES if not each.targets or one in each.targets] or list(each.targets))
            inner = self.random.choice(INNER)
            return f"{code}:{target}.{inner}", self._value(target, inner)
        modifier = self.random.choice(MODIFIERS.get(each.type, ("",)))
        value = self.random.choice(("true", "false")) if modifier == ":missing" else self._value(type, code)
        return code + modifier, "https://example.org/colours" if modifier == ":in" else value

    def _value(self, type: str, code: str) -> str:
        known = facts.search_parameters(type).get(code)
        kind = known.type if known is not None else "token"
        if code == "_id":
            return self._id(type)
        match kind:
            case "token":
                own = (f"{LOCAL}|shared", f"{LOCAL}|", f"{LOCAL}|r{self.random.randrange(1, 40)}")
                coded = self.random.choice(CODED)
                return self.random.choice((f"{CODES}|{coded}", coded, "final", "active", "male", *own))
            case "string":
                return self.random.choice((*WORDS, "a", "LS1"))
            case "reference":
                target = self.random.choice(
                    [one for one in TYPES if not known or not known.targets or one in known.targets] or ["Patient"]
                )
                return f"{target}/{self._id(target)}"
            case "date":
                return self.random.choice(("ge2025-03-01", "lt2025-06", "2025-05", "1951-02-11", "sa2025-01-01"))
            case "quantity" | "number":
                return self.random.choice(("gt2", "3", "le1"))
        return "https://example.org/colours"

    def _resource(self) -> dict[str, Any]:
        """A small resource about some Patient."""
        subject = {"reference": f"Patient/{self.random.choice(self.patients)}"}
        code = {"coding": [{"system": CODES, "code": self.random.choice(CODED)}]}
        named = {"identifier": [{"system": LOCAL, "value": self.random.choice(("shared", "new", "r3"))}]}
        return self.random.choice((
            {"resourceType": "Observation", "status": "final", "code": code, "subject": subject, **named},
            {"resourceType": "Condition", "code": code, "subject": subject, **named},
            {"resourceType": "Task", "status": "requested", "intent": "order", "for": subject, **named},
            {"resourceType": "Observation", "status": "final", "code": code, **named},
        ))  # fmt: skip

    def _put(self) -> Ask:
        made = self._resource()
        made["id"] = self._id(made["resourceType"])
        headers = self.random.choice(((), (), (("if-match", 'W/"1"'),), (("if-none-match", "*"),)))
        return Ask("PUT", f"{made['resourceType']}/{made['id']}", made, headers)

    def _create(self) -> Ask:
        made = self._resource()
        criteria = (("if-none-exist", f"identifier={LOCAL}|{self.random.choice(('shared', 'new', 'r2'))}"),)
        return Ask("POST", made["resourceType"], made, self.random.choice(((), criteria)))

    def _remove(self) -> Ask:
        type_, id_ = self._any()
        return Ask("DELETE", f"{type_}/{id_}", headers=self.random.choice(((), (("if-match", 'W/"1"'),))))

    def _patch(self) -> Ask:
        type_, id_ = self._any()
        change = {"name": "value", "valueCode": "de"}
        parts = [{"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": f"{type_}.language"}, change]
        return Ask("PATCH", f"{type_}/{id_}", {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]})

    def _conditional(self) -> Ask:
        type_ = self.random.choice(("Observation", "Condition", "Task", "Encounter"))
        value = self.random.choice((f"{LOCAL}|shared", f"{LOCAL}|r{self.random.randrange(1, 40)}", f"{LOCAL}|none"))
        return Ask("DELETE", f"{type_}?identifier={quote(value, safe='|/:')}")

    def _update(self) -> Ask:
        made = self._resource()
        value = self.random.choice((f"{LOCAL}|shared", f"{LOCAL}|r{self.random.randrange(1, 40)}", f"{LOCAL}|none", f"{LOCAL}|"))
        return Ask("PUT", f"{made['resourceType']}?identifier={quote(value, safe='|/:')}", made)

    def _bundle(self) -> Ask:
        kind = self.random.choice(("batch", "transaction"))
        entries: list[dict[str, Any]] = [{"request": {"method": "GET", "url": self._address()}} for _ in range(2)]
        made = self._resource()
        if self.random.random() < 0.4:
            made["subject"] = {"reference": f"Patient?identifier={LOCAL}|L{self.random.choice(self.patients)}"}
            made.pop("for", None)
        entries.append({"resource": made, "request": {"method": "POST", "url": made["resourceType"]}})
        entries.append({"request": {"method": "DELETE", "url": "/".join(self._any())}})
        return Ask("POST", "", {"resourceType": "Bundle", "type": kind, "entry": entries})


def bytes_of(ask: Ask) -> bytes:
    """The body as it is sent."""
    return b"" if ask.body is None else orjson.dumps(ask.body)
