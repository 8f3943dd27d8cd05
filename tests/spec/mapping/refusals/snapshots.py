"""What is refused of what says that it is complete."""

from __future__ import annotations

from tests.spec.mapping.refusals.case import Case


def snapshot(rule: str, lines: str, reason: str) -> Case:
    """A row of snapshots.csv that is refused."""
    last = lines.rstrip("\n").rpartition("\n")[2]
    return Case(rule, "snapshots.csv", last.partition(",")[0], reason, instead={"snapshots": lines})


SNAPSHOTS = [
    snapshot("A scope is of resources.", "all,Patient,dx gone,feed,dx,why\n", "resources.csv has no gone"),
    snapshot("Message or feed says what is complete.", "all,Patient,dx,me,dx,why\n", "by is message or feed"),
    snapshot("A scope is of a patient or a visit.", "all,Practitioner,dx,feed,dx,why\n", "per is Patient or Encounter"),
    snapshot("A scope says what makes it complete.", "all,Patient,dx,feed,,why\n", "it needs what makes it complete, and a why"),
    snapshot("A scope says why.", "all,Patient,dx,feed,dx,\n", "it needs what makes it complete, and a why"),
    snapshot(
        "A resource is of one scope.",
        "all,Patient,dx,feed,dx,why\nmore,Encounter,dx,feed,dx,why\n",
        "dx belongs to two scopes",
    ),
    snapshot("No scope is called delta.", "delta,Patient,dx,feed,dx,why\n", "a scope has a name of its own"),
]
