"""An export that somebody has begun: what was asked, how far it is, what it came to. It is kept in a file beside what it wrote."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import orjson

from interop.errors import Problem
from interop.policy.asker import Asker
from interop.policy.decide import purpose_of
from interop.policy.scopes import covers, read_scope

QUEUED: Final = "queued"
RUNNING: Final = "running"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
OPEN: Final = (QUEUED, RUNNING)
NAME: Final = "job.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked. ``level``: type and id at which it was (('', '') = the whole record). ``request`` is the address that was
    called, ``base`` our service base as the client calls it. ``filters``: (type, query) of each ``_typeFilter``; ``since`` in
    microseconds, 0 = all; ``patients`` None = not narrowed to any; ``warnings``: what was passed over."""

    level: tuple[str, str]
    request: str
    base: str
    types: tuple[str, ...] = ()
    filters: tuple[tuple[str, str], ...] = ()
    since: int = 0
    elements: tuple[str, ...] = ()
    patients: tuple[str, ...] | None = None
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Output:
    """A file: ``count`` lines about resources of ``type``, in ``kind`` output, deleted or error."""

    kind: str
    type: str
    name: str
    count: int
    size: int


@dataclass(slots=True)
class Job:
    """Times in microseconds, 0 = not yet. ``attempts``: how often it was begun. ``sources``: the organisations whose agreement it
    stood on, for each part of the predicate. ``problem``: reason and detail of why it failed."""

    id: str
    asker: Asker
    wanted: Wanted
    requested: int
    state: str = QUEUED
    attempts: int = 0
    begun: int = 0
    transaction: int = 0
    finished: int = 0
    expires: int = 0
    resources: int = 0
    outputs: list[Output] = field(default_factory=list)
    sources: tuple[tuple[str, ...], ...] = ()
    problem: tuple[str, str] = ("", "")
    cancelled: bool = False

    def of(self, asker: Asker) -> bool:
        """Whether who asks is who began it: the same user of the same client for the same organisation in the same role."""
        return all(
            getattr(self.asker, each) == getattr(asker, each) for each in ("user", "client", "organisation", "role", "patient")
        )

    def opens(self, asker: Asker) -> bool:
        """Whether who asks may have it: who began it, for the same purpose, with scopes that cover those that it was begun with."""
        if not self.of(asker) or purpose_of(asker) != purpose_of(self.asker):
            return False
        held, wanted = asker.scopes, self.asker.scopes
        return held is None or (wanted is not None and all(covers(held, each) for each in wanted))

    def why(self) -> Problem:
        """Why it failed."""
        return Problem(self.problem[0], detail=self.problem[1])


def encoded(job: Job) -> bytes:
    """A job as its file has it."""
    said = asdict(job)
    scopes = job.asker.scopes
    said["asker"]["scopes"] = None if scopes is None else [str(each) for each in scopes]
    return orjson.dumps(said)


def decoded(text: bytes) -> Job:
    """A job from its file, without what a later version tells of it; raises ValueError, also where that has asked for something
    that is not known here: it may narrow what is given, or to whom."""
    try:
        said = _known(Job, orjson.loads(text))
        asker, wanted = said.pop("asker"), said.pop("wanted")
        scopes = asker.pop("scopes")
        known = None if scopes is None else tuple(scope for each in scopes if (scope := read_scope(each)) is not None)
        patients = wanted.pop("patients")
        wanted |= {name: tuple(wanted[name]) for name in ("level", "types", "elements", "warnings")}
        wanted["filters"] = tuple((type_, query) for type_, query in wanted["filters"])
        outputs = [Output(**_known(Output, each)) for each in said.pop("outputs")]
        said |= {"sources": tuple(tuple(each) for each in said["sources"]), "problem": tuple(said["problem"])}
        return Job(
            asker=Asker(scopes=known, **asker),
            wanted=Wanted(patients=None if patients is None else tuple(patients), **wanted),
            outputs=outputs,
            **said,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no file of an export") from error


def _known(made: type, said: dict[str, Any]) -> dict[str, Any]:
    """Without what a later version has added."""
    names = {each.name for each in fields(made)}
    return {name: value for name, value in said.items() if name in names}


def keep(directory: Path, job: Job) -> None:
    """Write the file of a job, whole or not at all; raises OSError."""
    path = directory / NAME
    made = path.with_suffix(".new")
    with os.fdopen(os.open(made, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(encoded(job))
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
