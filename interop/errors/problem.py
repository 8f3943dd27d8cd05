"""The one error table: what each protocol says, whether to try again, and what an operator is told.

Columns: original and enhanced acknowledgement (HL7 v2 chapter 2, tables 0008), ERR-3 (table 0357), HTTP status,
OperationOutcome issue type (FHIR R4 ``IssueType``), ITK fault code (1000 invalid message, 2100 processing error that may pass,
2200 one that will not, 3000 access denied), BaRS error code, retry class, one sentence, one action.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Category(StrEnum):
    """The nine categories that every failure belongs to."""

    UNAVAILABLE = "unavailable"
    INTERRUPTED = "interrupted"
    INCORRECT = "incorrect"
    FORBIDDEN = "forbidden"
    UNSUPPORTED = "unsupported"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    FAULT = "fault"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Reason:
    """A row of the error table."""

    name: str
    category: Category
    original: str
    enhanced: str
    err: str
    http: int
    issue: str
    itk: str
    bars: str
    retry: str
    sentence: str
    action: str


@cache
def reasons() -> dict[str, Reason]:
    """Every row of the table by name."""
    text = files("interop.errors").joinpath("table.csv").read_text("utf-8")
    table: dict[str, Reason] = {}
    for name, category, original, enhanced, err, http, *rest in list(csv.reader(text.splitlines()))[1:]:
        table[name] = Reason(name, Category(category), original, enhanced, err, int(http), *rest)
    return table


def reason(name: str) -> Reason:
    """The row of that name; raises KeyError for a name that the table lacks."""
    return reasons()[name]


class Problem(Exception):
    """A failure with a row of the error table.

    ``where`` names the place in the source (``PID-3``, ``Patient.birthDate``) or is empty; ``detail`` is for the sender and
    never holds patient data. ``about`` is the control id and type of the message, as far as its adapter could read them.
    """

    about: tuple[str, str] = ("", "")

    def __init__(self, name: str, *, where: str = "", detail: str = "") -> None:
        self.reason = reason(name)
        self.where = where
        self.detail = detail
        super().__init__(name, where, detail)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.reason.name, self.where, self.detail))

    def __str__(self) -> str:
        return " ".join(part for part in (self.reason.sentence, self.detail, self.where and f"({self.where})") if part)

    @property
    def passes(self) -> bool:
        """Whether it is worth trying again by itself: of the class ``transient`` in the table, whatever its category."""
        return self.reason.retry == "transient"

    def as_json(self) -> dict[str, str]:
        """Category, reason, sentence, action and, where known, place and detail."""
        said = {
            "category": self.reason.category.value,
            "reason": self.reason.name,
            "sentence": self.reason.sentence,
            "action": self.reason.action,
        }
        if self.where:
            said["where"] = self.where
        if self.detail:
            said["detail"] = self.detail
        return said


def _rebuild(name: str, where: str, detail: str) -> Problem:
    return Problem(name, where=where, detail=detail)
