"""What a run of a script knows: its fixtures, what was asked and answered, its variables."""

from __future__ import annotations

import json
import random
import re
import string
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from conformance.testscripts.content import Content
from conformance.testscripts.paths import evaluate, values
from conformance.testscripts.script import Script

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_RANDOM = re.compile(r"(C|D|CD)(\d{1,3})")
_SIGNS = {"C": string.ascii_letters, "D": string.digits, "CD": string.ascii_letters + string.digits}
_PLACE = re.compile(r"([A-Z]\w+)/([A-Za-z0-9.-]{1,64})(?:/_history/([A-Za-z0-9.-]{1,64}))?/?$")


class Unset(Exception):
    """A variable, fixture or message that the script names and that is not there. The text says which and why."""


class Ungiven(Unset):
    """A variable or a fixture that whoever runs the script is to give."""


class Memory:
    """``requests`` and ``answers`` are by id, the latest under ''. ``places`` says where the server has put a fixture.

    Placeholders such as ``${C8}``, ``${D4}``, ``${CD12}`` are random letters, digits or both, the same all through a run.
    """

    def __init__(self, script: Script, given: Mapping[str, str], seed: str) -> None:
        self.script = script
        self.given = given
        self.requests: dict[str, Content] = {}
        self.answers: dict[str, Content] = {}
        self.places: dict[str, tuple[str, str, str]] = {}
        self._chance = random.Random(seed)
        self._made: dict[str, str] = {}
        self._fixtures = {each.get("id", ""): each for each in script.resource.get("fixture", ())}
        self._variables: dict[str, dict[str, Any]] = {each.get("name", ""): each for each in script.resource.get("variable", ())}
        self._asked: list[str] = []

    def filled(self, text: str) -> str:
        """A text with its ``${variables}`` put in. Raises Unset."""
        return _VARIABLE.sub(lambda found: self.variable(found[1].strip()), text)

    def _partly(self, text: str) -> str:
        """A fixture with what is known by now put in: one variable may come of it before the others have a value."""

        def known(found: re.Match[str]) -> str:
            try:
                return self.variable(found[1].strip())
            except Unset:
                return found[0]

        return _VARIABLE.sub(known, text)

    def variable(self, name: str) -> str:
        """The value of a variable. Raises Unset."""
        if name in self.given:
            return self.given[name]
        said = self._variables.get(name)
        if said is None:
            return self._placeholder(name)
        if name in self._asked:
            raise Unset(f"the variable {name} depends on itself")
        self._asked.append(name)
        try:
            found = self._evaluated(name, said)
        finally:
            self._asked.pop()
        return found

    def _evaluated(self, name: str, said: dict[str, Any]) -> str:
        if header := said.get("headerField"):
            value = self.content(said.get("sourceId", "")).headers.get(header.lower())
        elif expression := said.get("expression"):
            value = next(iter(evaluate(self.content(said.get("sourceId", "")), self.filled(expression))), None)
        elif path := said.get("path"):
            value = next(iter(values(self.content(said.get("sourceId", "")), self.filled(path))), None)
        else:
            value = None
        value = value if value is not None else said.get("defaultValue")
        if value is None:
            hint = f", {said['hint']}" if "hint" in said else ""
            kind = Unset if "sourceId" in said else Ungiven
            raise kind(f"the variable {name} has no value{hint}; --set {name}=VALUE gives one")
        return str(value)

    def _placeholder(self, name: str) -> str:
        found = _RANDOM.fullmatch(name)
        if found is None:
            raise Unset(f"no variable {name}")
        if name not in self._made:
            self._made[name] = "".join(self._chance.choices(_SIGNS[found[1]], k=int(found[2])))
        return self._made[name]

    def content(self, id_: str, requests: bool = False) -> Content:
        """An answer, a request or a fixture by id; '' the latest answer (or request). Raises Unset."""
        for known in (self.requests, self.answers) if requests else (self.answers, self.requests):
            if id_ in known:
                return known[id_]
        if id_ in self._fixtures:
            return self._fixture(id_)
        raise Unset(f"no fixture or message {id_!r}" if id_ else "nothing has been asked yet")

    def _fixture(self, id_: str) -> Content:
        reference = (self._fixtures[id_].get("resource") or {}).get("reference", "")
        if reference.startswith("#"):
            for each in self.script.resource.get("contained", ()):
                if each.get("id") == reference[1:]:
                    return Content(self._partly(json.dumps(each)).encode())
        path = self.script.fixture(reference)
        if path is None:
            raise Ungiven(f"the fixture {id_} ({reference}) is absent")
        return Content(self._partly(path.read_text("utf-8-sig")).encode())

    def place(self, id_: str) -> tuple[str, str, str]:
        """Type, id and version of what an id stands for: as the server answered, else as the fixture says. Raises Unset."""
        if id_ in self.places:
            return self.places[id_]
        found = located(self.content(id_))
        if not found[1]:
            raise Unset(f"{id_!r} has no id")
        return found


def located(content: Content) -> tuple[str, str, str]:
    """Type, id and version of a message: from its Location, else from its body; '' for what it does not say."""
    address = content.headers.get("location") or content.headers.get("content-location") or ""
    if found := _PLACE.search(urlsplit(address).path):
        return found[1], found[2], found[3] or ""
    resource = content.resource or {}
    version = (resource.get("meta") or {}).get("versionId", "")
    return str(resource.get("resourceType", "")), str(resource.get("id", "")), str(version)
