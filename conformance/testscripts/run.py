"""Runs a script: setup, tests, teardown (R4 testscript.html, TestScript execution)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from conformance.judged.outcome import FAIL, PASS, SKIP, WARN, Outcome
from conformance.judged.target import exchange
from conformance.testscripts.asserts import NotChecked, judged
from conformance.testscripts.content import Content
from conformance.testscripts.memory import Memory, Ungiven, Unset, located
from conformance.testscripts.operations import FORMATS, perform
from conformance.testscripts.paths import BadPath
from conformance.testscripts.script import Script

Action = dict[str, Any]


class Run:
    """One script against one server. An assert that fails ends its test; one in the setup ends the script."""

    def __init__(self, client: httpx.Client, script: Script, given: Mapping[str, str], packages: tuple[Path, ...]) -> None:
        self._client = client
        self._script = script
        self._packages = packages
        self._memory = Memory(script, given, f"{script.name} {time.time_ns()}")
        self._last: httpx.Response | None = None
        self._created: list[str] = []

    def outcomes(self) -> Iterator[Outcome]:
        """What came of every assert and of every operation that could not be made."""
        if self._script.reason:
            yield Outcome(self._script.name, "script", SKIP, self._script.reason)
            return
        resource = self._script.resource
        try:
            broken = False
            for each in self._before():
                yield each
                broken = broken or each.verdict in (FAIL, SKIP)
            for test in resource.get("test", ()):
                name = test.get("id") or test.get("name") or "test"
                if reason := self._script.left_out.get(name):
                    yield Outcome(self._script.name, name, SKIP, reason)
                elif broken:
                    yield Outcome(self._script.name, name, SKIP, "the setup has not succeeded")
                else:
                    yield from self._actions(name, test.get("action", ()))
        finally:
            self._after()

    def _before(self) -> Iterator[Outcome]:
        for fixture in self._script.resource.get("fixture", ()):
            if fixture.get("autocreate"):
                yield from self._autocreate(fixture.get("id", ""))
        yield from self._actions("setup", (self._script.resource.get("setup") or {}).get("action", ()))

    def _autocreate(self, id_: str) -> Iterator[Outcome]:
        """POST a fixture and remember where it is."""
        try:
            content = self._memory.content(id_)
        except (Unset, BadPath) as problem:
            yield Outcome(self._script.name, f"autocreate {id_}", SKIP, str(problem))
            return
        kind = str((content.resource or {}).get("resourceType", ""))
        headers = {"content-type": FORMATS.get(content.format, "")}
        answer = self._client.post(f"{str(self._client.base_url).rstrip('/')}/{kind}", content=content.body, headers=headers)
        if not answer.is_success:
            yield Outcome(self._script.name, f"autocreate {id_}", FAIL, f"status {answer.status_code}", exchange(answer))
            return
        place = located(Content(answer.content, {name.lower(): value for name, value in answer.headers.items()}))
        self._memory.places[id_] = place
        self._created.append(id_)

    def _after(self) -> None:
        """Teardown, then the fixtures that are to be deleted. What fails here fails nothing."""
        for _ in self._actions("teardown", (self._script.resource.get("teardown") or {}).get("action", ())):
            pass
        for fixture in self._script.resource.get("fixture", ()):
            if fixture.get("autodelete") and fixture.get("id") in self._memory.places:
                kind, id_, _version = self._memory.places[fixture["id"]]
                try:
                    self._client.delete(f"{str(self._client.base_url).rstrip('/')}/{kind}/{id_}")
                except httpx.HTTPError:
                    return

    def _actions(self, test: str, actions: list[Action] | tuple[Action, ...]) -> Iterator[Outcome]:
        counted = 0
        for action in actions:
            began = time.monotonic()
            try:
                if "operation" in action:
                    self._last = perform(self._client, action["operation"], self._memory)
                    continue
                if "assert" not in action:
                    continue
                counted += 1
                said = action["assert"]
                name = f"{test}: {counted:02} {said.get('label') or said.get('description') or _asked(said)}"
                why = judged(said, self._memory, self._packages)
            except NotChecked as problem:
                yield Outcome(self._script.name, name, SKIP, f"not checked: {problem}")
                continue
            except (Unset, BadPath, httpx.HTTPError, httpx.InvalidURL) as problem:
                optional = _optional(action.get("assert", {}))
                verdict = WARN if optional else SKIP if isinstance(problem, Ungiven) else FAIL
                yield Outcome(self._script.name, f"{test}: {counted:02} {_asked(action)}", verdict, f"{problem}", self._shown())
                if optional:
                    continue
                return
            verdict = PASS if not why else WARN if _optional(said) else FAIL
            yield Outcome(self._script.name, name, verdict, why, self._shown() if why else "", time.monotonic() - began)
            if verdict == FAIL:
                return

    def _shown(self) -> str:
        return exchange(self._last) if self._last is not None else ""


def _optional(said: Action) -> bool:
    """``warningOnly``, which some scripts write as a string."""
    return said.get("warningOnly") in (True, "true")


def _asked(said: Action) -> str:
    """An action in a few words."""
    if "operation" in said:
        operation = said["operation"]
        code = (operation.get("type") or {}).get("code") or operation.get("method", "")
        return " ".join(filter(None, ("operation", code, operation.get("resource", ""), operation.get("params", ""))))
    said = said.get("assert", said)
    return " ".join(f"{name}={value}" for name, value in said.items() if name not in ("description", "label", "warningOnly"))[:120]
