"""What labels in ``meta.security`` do, as parts of a predicate (labels.csv, docs/decisions/0025-security-labels.md)."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, NamedTuple

from interop.fhir.rows import IndexRow
from interop.fhir.shapes import dicts, text
from interop.policy.tables import Label, Tables, tables
from interop.store.where import Not, Tokens, Where

PARAMETER: Final = "_security"
UNKNOWN: Final = ("urn:interop:label", "unknown")
"""Stands for labels that the table does not know."""
WORDED: Final = ("urn:interop:label", "worded")
"""Stands for labels in words, without a code."""
LAW: Final = "law"
"""The kind of labels that no emergency lifts."""

Pairs = tuple[tuple[str, str], ...]


class Sensitive(NamedTuple):
    """Sensitive labels: by what consents call them, their pairs, and those of labels that account for them if they stand beside."""

    consent: str
    pairs: Pairs
    accounted: Pairs


class Marks(NamedTuple):
    """The labels that matter to a resource: restricted by law, sensitive, withheld from the patient."""

    law: Pairs
    sensitive: tuple[Sensitive, ...]
    patient: Pairs

    @property
    def all(self) -> Pairs:
        """The pairs of all that is sensitive."""
        return tuple(pair for one in self.sensitive for pair in one.pairs)


@cache
def marks(of: Tables, patient: bool) -> Marks:
    """The labels of the tables; ``patient``: those that matter to a Patient, whom a label that shows hides no further."""
    labels = [label for label in of.labels if not (patient and label.shown)]

    def pairs(kind: str, consent: str = "") -> Pairs:
        return tuple(label.pair for label in labels if (label.kind, label.consent) == (kind, consent))

    names = sorted({label.consent for label in labels if label.kind == "sensitive"})
    sensitive = [
        Sensitive(name, pairs("sensitive", name), tuple(label.pair for label in labels if label.level == name)) for name in names
    ]
    return Marks(pairs(LAW), tuple(sensitive), pairs("patient"))


def without(pairs: Pairs) -> Where:
    """The resource carries none of these."""
    return Not(Tokens(PARAMETER, pairs))


def label_rows(resource: dict[str, Any]) -> list[IndexRow]:
    """Rows by which labels are found that no search finds: those under another address of their system, those that the table does
    not know, and those in words alone. The last two count as sensitive."""
    found = {_read(coding).pair for coding in _labels(resource)}
    written = {(text(coding, "system"), text(coding, "code")) for coding in _labels(resource)}
    return [IndexRow(PARAMETER, "token", *pair) for pair in sorted(found - written)]


def hides_whereabouts(resource: dict[str, Any]) -> bool:
    """Whether a Patient carries a label that hides where the person is."""
    return any(_read(coding).hides for coding in _labels(resource))


def restricted(resource: dict[str, Any]) -> bool:
    """Whether a resource carries a label of what a statute forbids to disclose as such."""
    return any(_read(coding).kind == LAW for coding in _labels(resource))


def holding_back(resource: dict[str, Any]) -> set[tuple[str, str]]:
    """The labels of a resource that may keep it, or whereabouts, from anyone: all but those that the table says to be open."""
    return {label.pair for coding in _labels(resource) if (label := _read(coding)).kind != "open" or label.hides}


def _labels(resource: dict[str, Any]) -> list[dict[str, Any]]:
    return dicts(resource["meta"], "security") if "meta" in resource else []


def _read(coding: dict[str, Any]) -> Label:
    """What the table says of a label."""
    known = tables().known
    label = known.get((text(coding, "system"), text(coding, "code")))
    return label if label is not None else known[UNKNOWN if "code" in coding else WORDED]
