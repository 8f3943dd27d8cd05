"""The manifest of HL7's validator cases (the repository ``fhir-test-cases``, ``validator/manifest.json``), as values.

A case is a file with up to three legs: as it is, against a profile, against a logical model. Each leg says what the official
validator found: an OperationOutcome, here or in a file beside the manifest, or in older entries the number of errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BASE, PROFILE, LOGICAL = "base", "profile", "logical"
_BAD = ("error", "fatal")


class BadManifest(ValueError):
    """The file is no manifest of validator cases."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the official validator found: how many errors, and where (None: the manifest does not say where)."""

    errors: int
    places: tuple[str, ...] | None

    @property
    def valid(self) -> bool:
        """Whether it found no error."""
        return not self.errors


@dataclass(frozen=True, slots=True)
class Leg:
    """One run of a case. ``source`` is the file of the profile, '' in the base leg; ``expected`` None where nothing is said."""

    kind: str
    source: str
    supporting: tuple[str, ...]
    packages: tuple[str, ...]
    expected: Expected | None


@dataclass(frozen=True, slots=True)
class Case:
    """A file to validate, and how. ``version`` is '5.0' where the manifest says none; ``module`` '' is what all validators do."""

    name: str
    file: str
    version: str
    module: str
    used: bool
    legs: tuple[Leg, ...]
    options: dict[str, Any] = field(default_factory=dict)


def read(manifest: Path) -> list[Case]:
    """The cases in the order of the file. Raises :class:`BadManifest`."""
    try:
        cases = json.loads(manifest.read_bytes())["test-cases"]
        return [_case(each, manifest.parent) for each in cases]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise BadManifest(f"{manifest.name} is no manifest of validator cases: {problem}") from problem


def _case(each: dict[str, Any], folder: Path) -> Case:
    shared = (*each.get("supporting", ()), *each.get("supporting5", ()), *each.get("profiles", ()))
    packages = tuple(each.get("packages", ()))
    legs = [Leg(BASE, "", shared, packages, expected(each, folder))]
    for kind in (PROFILE, LOGICAL):
        more = each.get(kind)
        if isinstance(more, dict):
            beside = (*shared, *more.get("supporting", ()))
            needed = (*packages, *more.get("packages", ()))
            legs.append(Leg(kind, more.get("source", ""), beside, needed, expected(more, folder)))
    return Case(
        name=each["name"],
        file=each["file"],
        version=str(each.get("version", "5.0")),
        module=each.get("module", ""),
        used=each.get("use-test", True) is not False,
        legs=tuple(legs),
        options={key: each[key] for key in _OPTIONS if key in each},
    )


_OPTIONS = (
    "allowed-extension-domain", "allow-comments", "assumeValidRestReferences", "best-practice", "bundle-param", "default-version",
    "examples", "fetch-canonicals", "fetcher", "for-publication", "ips", "language", "matchetype", "no-tx",
    "noHtmlInMarkdown", "security-checks", "validateContains", "validateReference", "wrong-displays",
)  # fmt: skip


def expected(block: dict[str, Any], folder: Path) -> Expected | None:
    """What a case or leg says of the official validator, in any of its forms; None where it says nothing that can be read.

    The forms: an OperationOutcome, the name of a file that holds one (under ``outcomes`` beside the manifest), a number of errors.
    """
    said = block.get("java")
    if isinstance(said, str):
        return _of(_file(folder / "outcomes" / said))
    if not isinstance(said, dict):
        return None
    if (found := _of(said.get("outcome"))) is not None:
        return found
    if isinstance(said.get("errorCount"), int):
        return Expected(said["errorCount"], None)
    return None


def _file(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _of(outcome: Any) -> Expected | None:
    if not isinstance(outcome, dict):
        return None
    bad = [issue for issue in outcome.get("issue", ()) if issue.get("severity") in _BAD]
    return Expected(len(bad), tuple(sorted(place(next(iter(issue.get("expression", ())), "")) for issue in bad)))


def place(expression: str) -> str:
    """An expression in one form for comparing: no comments, no prefixes, ``valueQuantity`` for ``value.ofType(Quantity)``."""
    plain = re.sub(r"/\*.*?\*/", "", expression)
    plain = re.sub(r"\.ofType\((\w)(\w*)\)", lambda found: found[1].upper() + found[2], plain)
    return re.sub(r"\bf:", "", plain).strip("/").replace("/", ".")


def applicable(cases: list[Case], version: str, only: str = "") -> Iterator[Case]:
    """Those of a FHIR version (``4.0`` takes in 4.0.1) whose name contains ``only``."""
    for case in cases:
        if (case.version == version or case.version.startswith(f"{version}.")) and only in case.name:
            yield case
