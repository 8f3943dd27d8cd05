"""What is refused of the sets of what is sensitive."""

from __future__ import annotations

from tests.spec.mapping.refusals.case import Case

SCT = "http://snomed.info/sct"


def label(rule: str, row: str, reason: str, sets: str = "", rows: str = "") -> Case:
    """A row of mappings/labels that is refused."""
    file = "labels/own.csv" if rows else "labels/sets.csv"
    return Case(rule, file, row, reason, instead={"labels": {"sets": sets or "virus,R,HIV,why\n", "own": rows}})


LEVELS = "U, L, M, N, R, V, ETH, GDIS, GENDER, HIV, LIVARG, LOCIS, PDS, PHY, PRS, PSY, SDV, SEX, SPI, STD, VIO"
LABELS = [
    label("A set has a label of HL7.", "virus", f"the label is one of {LEVELS}", sets="virus,R,NOPE,why\n"),
    label("A set has a label.", "virus", f"the label is one of {LEVELS}", sets="virus,,,why\n"),
    label("A set says why it is sensitive.", "virus", "a set of sensitive codes needs a why", sets="virus,R,HIV,\n"),
    label("A set stands there once.", "virus", "this set stands there twice", sets="virus,R,,why\nvirus,V,,why\n"),
    label("A code is in a set.", f"{SCT}|86406008", "sets.csv has no set other", rows=f"other,{SCT},is,86406008,,\n"),
    label(
        "A code is matched in one of two ways.",
        "urn:x|43C",
        "match is 'is' a code or 'starts' with these characters",
        rows="virus,urn:x,below,43C,,\n",
    ),
    label(
        "The system of a code is that under which it is written.",
        "snomed|1",
        "the system is the URI under which codes are written (systems.csv)",
        rows="virus,snomed,is,1,,\n",
    ),
    *(
        label(
            rule,
            f"{SCT}|{code}",
            "a SNOMED CT code is the whole identifier of a concept, check digit included",
            rows=f"virus,{SCT},{match},{code},,\n",
        )
        for rule, match, code in (
            ("A SNOMED CT code has its check digit.", "is", "86406007"),
            ("The beginning of a SNOMED CT code says nothing.", "starts", "86406008"),
        )
    ),
]
