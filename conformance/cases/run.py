"""Runs legs of cases with the validator of this project."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from conformance.cases.manifest import LOGICAL, PROFILE, Case, Leg, place
from interop.fhir.definitions import Definitions
from interop.fhir.documents import read
from interop.fhir.findings import ERROR, Finding
from interop.fhir.terminology import Terminology
from interop.fhir.validation.validator import Validator

AGREE, MISSED, INVENTED, SKIPPED = "agree", "we miss", "we invent", "skipped"

_MODULES = {
    "cda": "CDA is no FHIR resource",
    "cdshooks": "CDS Hooks is no FHIR resource",
    "logical": "logical models",
    "matchetype": "compares with a pattern",
}


@dataclass(frozen=True, slots=True)
class Result:
    """How a leg went: ``verdict`` is about valid or invalid; ``lost`` and ``extra`` are places of errors that only one names."""

    case: str
    category: str
    leg: str
    verdict: str
    reason: str = ""
    expected: int = 0
    errors: int = 0
    lost: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def run(case: Case, folder: Path, packages: Sequence[Path] = (), always: Sequence[Path] = ()) -> Iterator[Result]:
    """A result for each leg. ``packages`` are found by their file name where a case asks for one, ``always`` are loaded always."""
    for leg in case.legs:
        reason = _unfit(case, leg, folder, packages) if (folder / case.file).is_file() else "its file is absent"
        category = case.module or _kind(folder / case.file)
        if reason:
            yield Result(case.name, category, leg.kind, SKIPPED, reason)
            continue
        yield _judge(case, leg, category, folder, packages, tuple(always))


def _unfit(case: Case, leg: Leg, folder: Path, packages: Sequence[Path]) -> str:
    if not case.used:
        return "the manifest says not to use it"
    if case.module in _MODULES or leg.kind == LOGICAL:
        return _MODULES.get(case.module, "logical models")
    if leg.expected is None:
        return "no expectation"
    if case.options.get("allow-comments"):
        return "asks for comments in JSON, which FHIR does not allow"
    if case.options.get("fetch-canonicals"):
        return "fetches profiles"
    if case.options.get("validateContains") == "IGNORE":
        return "asks for contained resources not to be validated"
    missing = [name for name in leg.packages if not _package(name, folder, packages)]
    return f"needs the package {missing[0]}" if missing else ""


def _package(name: str, folder: Path, packages: Sequence[Path]) -> Path | None:
    if name.endswith(".tgz") and (folder / name).is_file():
        return folder / name
    stem, _, version = name.removesuffix(".tgz").partition("#")
    for path in packages:
        if path.name.startswith((f"{stem}-{version}", f"{stem}#{version}")) or path.name.removesuffix(".tgz") == stem:
            return path
    return None


def _judge(case: Case, leg: Leg, category: str, folder: Path, packages: Sequence[Path], always: tuple[Path, ...] = ()) -> Result:
    expected = leg.expected
    assert expected is not None
    needed = tuple(found for name in leg.packages if (found := _package(name, folder, packages)))
    definitions = _definitions((*always, *needed))
    profiles: tuple[str, ...] = ()
    beside = [resource for name in leg.supporting for resource in _resources(folder / name)]
    if leg.kind == PROFILE and leg.source:
        sources = _resources(folder / leg.source) if (folder / leg.source).exists() else []
        beside += sources
        profiles = tuple(url for each in sources if isinstance(url := each.get("url"), str)) or (leg.source,)
    definitions = definitions.with_resources(beside) if beside else definitions
    validator = Validator(definitions, Terminology(definitions), resolve=_resolver(folder, beside), **_options(case))
    findings: list[Finding] = []
    body = (folder / case.file).read_bytes()
    for document in read(body, case.file):
        findings += document.findings
        if document.resource is not None:
            findings += validator.validate(document.resource, profiles)
    ours = sorted(place(each.expression) for each in findings if each.severity == ERROR)
    verdict = AGREE if bool(ours) != expected.valid else MISSED if not ours else INVENTED
    lost, extra = _difference(expected.places, ours)
    return Result(case.name, category, leg.kind, verdict, "", expected.errors, len(ours), lost, extra, tuple(findings))


def _difference(theirs: tuple[str, ...] | None, ours: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if theirs is None:
        return (), ()
    lost = {each for each in theirs if not any(_near(each, other) for other in ours)}
    extra = {each for each in ours if not any(_near(each, other) for other in theirs)}
    return tuple(sorted(lost)), tuple(sorted(extra))


def _near(one: str, other: str) -> bool:
    """Whether two places are one, or one holds the other: the absence of an element is told at it or at its parent."""
    return one == other or one.rpartition(".")[0] == other or other.rpartition(".")[0] == one


def _options(case: Case) -> dict[str, Any]:
    """What the manifest asks of the validator, in this one's words.

    The official one refuses extensions that it does not know, save in the domains of examples, and wrong displays.
    """
    domain = case.options.get("allowed-extension-domain", "")
    examples = case.options.get("examples", True) is not False
    return {
        "unknown_extensions": ERROR,
        "extension_domains": (*(_EXAMPLES if examples else ()), *((domain,) if domain else ())),
        "wrong_display": case.options.get("wrong-displays", ERROR),
    }


_EXAMPLES = (
    "http://example.org",
    "https://example.org",
    "http://acme.com",
    "https://acme.com",
    "http://nema.org",
    "http://tools.ietf.org",
)


@cache
def _definitions(packages: tuple[Path, ...]) -> Definitions:
    base = Definitions.base()
    return base.with_packages(packages) if packages else base


@lru_cache(maxsize=64)
def _resources(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [each.resource for each in read(path.read_bytes(), path.name) if each.resource is not None]


def _resolver(folder: Path, beside: list[dict[str, Any]]) -> Any:
    """Finds a reference among the supporting resources, or in a file named for it: ``Patient/x`` in patient-x.xml or x.xml."""
    known = {f"{each.get('resourceType')}/{each.get('id')}": each for each in beside}

    def resolve(reference: str) -> dict[str, Any] | None:
        if reference in known:
            return known[reference]
        kind, _, name = reference.partition("/")
        if not re.fullmatch(r"[\w.-]{1,64}", name):
            return None
        for file in (f"{kind.lower()}-{name}.json", f"{kind.lower()}-{name}.xml", f"{name}.json", f"{name}.xml"):
            for found in _resources(folder / file):
                if found.get("resourceType") == kind:
                    return found
        return None

    return resolve


@cache
def _kind(path: Path) -> str:
    """What a file holds, as the category of its case: the type of its resource, or its format where it cannot be read."""
    try:
        found = _resources(path)
    except OSError:
        return "absent"
    return str(found[0].get("resourceType", "unreadable")) if found else "unreadable"
