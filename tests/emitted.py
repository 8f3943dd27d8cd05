"""What the engine emits, judged: writes docs/conformance.md from the worked examples of the mapping tables.

python -m tests.emitted [--check]

The page is the same whether or not UK Core's package is at hand: what it counts is judged against base R4; what UK Core adds is
judged where the package is (tests/spec/families/test_emitted.py), and the reasons for its warnings stand here all the same.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from interop.errors import Problem
from interop.fhir.definitions import Definitions
from interop.fhir.findings import ERROR, WARNING, Finding
from interop.fhir.terminology import Terminology
from interop.fhir.validation.order import counted
from interop.fhir.validation.validator import Validator
from interop.formats.json import load_json, write_json
from interop.ids import Mint
from interop.mapping.assemble import assemble
from interop.mapping.contribution import Mapped
from interop.mapping.examples import examples
from interop.mapping.library import adapters, family, family_of
from interop.mapping.reading import families
from interop.ports import Adapter
from interop.record.fold import complete
from interop.record.umbrella import add_umbrellas
from tests.places import ROOT

PAGE = ROOT / "docs" / "conformance.md"
REASONS = ROOT / "mappings" / "warnings.csv"
CORE = "https://fhir.hl7.org.uk/StructureDefinition/"
NOT_CHECKED = "not checked"

Resource = dict[str, Any]


class Kind(NamedTuple):
    """Findings that are alike: ``severity`` error, warning or ``not checked``; the expression without places; the profile's last
    word, '' for base R4."""

    severity: str
    rule: str
    expression: str
    profile: str
    message: str


class Reason(NamedTuple):
    """A row of mappings/warnings.csv: patterns (``*`` and ``?``) of a kind of finding, and why it stays."""

    severity: str
    rule: str
    expression: str
    profile: str
    message: str
    why: str

    def explains(self, kind: Kind) -> bool:
        """Whether every pattern matches."""
        return all(fnmatchcase(said, pattern) for said, pattern in zip(kind, self, strict=False))


@dataclass
class Judged:
    """What came out of judging: resources by (feed, type, claim), findings by (feed, type) and kind."""

    resources: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    findings: Counter[tuple[str, str, Kind]] = field(default_factory=Counter)

    def kinds(self, severity: str) -> Counter[Kind]:
        """Findings of a severity by kind."""
        found: Counter[Kind] = Counter()
        for (_, _, kind), count in self.findings.items():
            if kind.severity == severity:
                found[kind] += count
        return found


def emitted(adapter: Adapter, body: bytes) -> list[Resource]:
    """The resources of one message, as they are stored; raises Problem."""
    envelope, source = adapter.open(body)
    made: Mapped = family_of(envelope).map(source, envelope, Mint())
    add_umbrellas(made, Mint())
    return [
        load_json(write_json({**complete(one.type, assemble(one.type, one.registers)), "id": one.id}))
        for one in made.contributions
        if one.effect == "upsert"
    ]


def of_examples() -> Iterator[tuple[str, Resource]]:
    """Feed and resource of every worked example."""
    for name in families():
        if name in adapters():
            for site in ("", *sorted(family(name).sites)):
                for example in examples(name, site=site):
                    for body in example.bodies:
                        yield from ((name, resource) for resource in emitted(example.adapter, body))


def of_files(paths: Iterable[Path]) -> Iterator[tuple[str, Resource]]:
    """The same of every message in files; what no adapter takes is passed over."""
    from interop.mapping.files import messages

    for path in paths:
        try:
            for adapter, body in messages(path):
                try:
                    made = emitted(adapter, body)
                except Problem:
                    continue
                yield from ((adapter.name, resource) for resource in made)
        except Problem:
            continue


def judge(resources: Iterable[tuple[str, Resource]], definitions: Definitions, *, claims: bool) -> Judged:
    """Judge each resource, the same one once; without ``claims`` against base R4 alone."""
    validator = Validator(definitions, Terminology(definitions))
    judged = Judged()
    seen: set[bytes] = set()
    for feed, resource in resources:
        body = write_json(resource)
        if body in seen:
            continue
        seen.add(body)
        claim = (resource.get("meta", {}).get("profile") or [""])[0]
        kind = resource["resourceType"]
        judged.resources[feed, kind, claim] += 1
        if not claims and claim:
            del resource["meta"]["profile"]
            if not resource["meta"]:
                del resource["meta"]
        for finding in validator.validate(resource):
            made = kind_of(finding)
            if made is not None:
                judged.findings[feed, kind, made[0]] += made[1]
    return judged


def kind_of(finding: Finding) -> tuple[Kind, int] | None:
    """The kind of a finding and how many it stands for; None for what is only informative."""
    unchecked = finding.code == "not-supported"
    if finding.severity not in (ERROR, WARNING) and not unchecked:
        return None
    expression = re.sub(r"\[\d+\]", "", finding.expression)
    severity = NOT_CHECKED if unchecked else finding.severity
    profile = finding.profile.rpartition("/")[2]
    message, count = counted(finding.message)
    return Kind(severity, finding.rule, expression, profile, message), count


def reasons() -> list[Reason]:
    """mappings/warnings.csv."""
    rows = csv.reader(line for line in REASONS.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    assert next(rows) == list(Reason._fields), f"the columns of {REASONS.name} must be {','.join(Reason._fields)}"
    return [Reason(*row) for row in rows]


def unexplained(judged: Judged) -> list[Kind]:
    """Errors, and warnings and what was not checked that no row explains."""
    known = reasons()
    kinds = [*judged.kinds(ERROR)]
    for severity in (WARNING, NOT_CHECKED):
        kinds += [kind for kind in judged.kinds(severity) if not any(each.explains(kind) for each in known)]
    return kinds


def page() -> str:
    """The whole page."""
    return "\n".join(_lines(judge(of_examples(), Definitions.base(), claims=False))).rstrip() + "\n"


def _lines(judged: Judged) -> Iterator[str]:
    yield "# Conformance of what the engine emits"
    yield ""
    yield "Generated by `scripts/generate` from the worked examples in `mappings/*/examples` and from `mappings/warnings.csv`."
    yield ""
    yield "Every resource is judged by `conformance validate` against base R4 (4.0.1) with all its invariants and bindings, and"
    yield "against the UK Core profile that it claims in `meta.profile`. **No resource has an error.** A test holds this for these"
    yield "examples and, where they are at hand, for all sample messages and UK Core's package. What stays as a warning, or cannot"
    yield "be checked, stands below with its reason; anything else fails that test."
    yield ""
    yield "## Resources and claims"
    yield ""
    yield "Counts are of different resources. A profile is claimed where the resource can keep it (`mappings/profiles.csv`)."
    yield ""
    yield from _table(("feed", "type", "resources", "claiming", "profile", "errors"), _claims(judged))
    yield "## Warnings against base R4"
    yield ""
    yield from _table(("rule", "where", "count", "why it stays"), _explained(judged, WARNING))
    yield "## Not checked"
    yield ""
    yield "Neither passed nor failed: what would decide is not loaded."
    yield ""
    yield from _table(("what", "count", "why"), _not_checked(judged))
    yield "## Warnings that UK Core adds"
    yield ""
    yield "Judged where its package is at hand: `conformance validate FILES --package PACKAGE`."
    yield ""
    added = [each for each in reasons() if "UKCore" in each.profile and each.severity == WARNING]
    yield from _table(
        ("profile", "rule", "where", "why it stays"), ((r.profile, r.rule, f"`{r.expression}`", r.why) for r in added)
    )
    yield "## Profiles that are not always claimed"
    yield ""
    yield from _table(("type", "profile", "why"), _conditional())


def _claims(judged: Judged) -> Iterator[tuple[str, ...]]:
    feeds = sorted({(feed, kind) for feed, kind, _ in judged.resources})
    errors = Counter((feed, kind) for feed, kind, found in judged.findings if found.severity == ERROR)
    for feed, kind in feeds:
        claims = {claim: count for (f, k, claim), count in judged.resources.items() if (f, k) == (feed, kind)}
        claiming = sum(count for claim, count in claims.items() if claim)
        profile = ", ".join(sorted(claim.removeprefix(CORE) for claim in claims if claim))
        yield feed, kind, str(sum(claims.values())), str(claiming), profile, str(errors[feed, kind])


def _explained(judged: Judged, severity: str) -> Iterator[tuple[str, ...]]:
    for reason in reasons():
        count = sum(number for kind, number in judged.kinds(severity).items() if reason.explains(kind))
        if count and reason.severity == severity:
            yield reason.rule, f"`{reason.expression}`", str(count), reason.why


def _not_checked(judged: Judged) -> Iterator[tuple[str, ...]]:
    for reason in reasons():
        count = sum(number for kind, number in judged.kinds(NOT_CHECKED).items() if reason.explains(kind))
        if count and reason.severity == NOT_CHECKED:
            yield reason.message.strip("*") or f"the {reason.rule}", str(count), reason.why


def _conditional() -> Iterator[tuple[str, ...]]:
    text = (ROOT / "mappings" / "profiles.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        if row["why"]:
            yield row["type"], row["profile"].removeprefix(CORE), row["why"]


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for cells in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` tell whether it differs; 1 where it does."""
    text = page()
    if arguments != ["--check"]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/conformance.md differs: scripts/generate writes it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
