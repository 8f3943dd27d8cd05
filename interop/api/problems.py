"""Failures as HTTP answers: OperationOutcome under /fhir, JSON elsewhere. None of them holds what the client sent."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable
from typing import Any, Final

import orjson
import structlog

from interop.api.asgi import JSON, Header, Response
from interop.errors import Problem
from interop.fhir.findings import Finding

REASONS: Final = "urn:interop:reason"
"""The code system of the error table's names."""
RETRY_AFTER: Final = b"5"
_PATH: Final = re.compile(r"[A-Z][A-Za-z]+(?:\.[a-z][A-Za-z]*(?:\[\d+\])?)+")
"""Where a Problem names an element of a resource by FHIRPath."""
_log = structlog.get_logger("interop.api")


def outcome(issues: Iterable[dict[str, Any]]) -> bytes:
    """An OperationOutcome of these issues."""
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": list(issues)})


def issue(problem: Problem, *, expression: str = "") -> dict[str, Any]:
    """One issue: the table's code and sentence, the action and the detail as diagnostics."""
    reason = problem.reason
    if not expression and _PATH.fullmatch(problem.where):
        expression = problem.where
    place = "" if expression else problem.where and f"At {problem.where}."
    detail = problem.detail and f"{problem.detail[0].upper()}{problem.detail[1:]}."
    said: dict[str, Any] = {
        "severity": "error",
        "code": reason.issue,
        "details": {"coding": [{"system": REASONS, "code": reason.name}], "text": reason.sentence},
        "diagnostics": " ".join(part for part in (place, detail, reason.action) if part),
    }
    if expression:
        said["expression"] = [expression]
    return said


def findings(problem: Problem, found: Iterable[Finding]) -> list[dict[str, Any]]:
    """Issues of a structural check, each with its FHIRPath."""
    coded = issue(problem)["details"]
    return [
        {
            "severity": each.severity,
            "code": each.code,
            "details": coded,
            "diagnostics": each.message,
            **({"expression": [each.expression]} if each.expression else {}),
        }
        for each in found
    ]


def fhir_error(problem: Problem, headers: list[Header] | None = None) -> Response:
    """A Problem as an OperationOutcome."""
    found: list[Finding] = getattr(problem, "findings", [])
    more: list[dict[str, Any]] = getattr(problem, "more", [])
    body = outcome([*(findings(problem, found) if found else [issue(problem)]), *more])
    return Response(problem.reason.http, body, headers=_headers(problem, headers))


def json_error(problem: Problem, headers: list[Header] | None = None) -> Response:
    """A Problem as JSON."""
    return Response(problem.reason.http, orjson.dumps(problem.as_json()), JSON, _headers(problem, headers))


def not_allowed(allow: Iterable[str]) -> tuple[Problem, list[Header]]:
    """405 with the methods that the address takes (RFC 9110, 15.5.6)."""
    return Problem("not-allowed"), [(b"allow", ", ".join(allow).encode("ascii"))]


def unforeseen(error: BaseException) -> Problem:
    """Log what kind of error it was and where, never what it says: that may be about a person."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames[-5:]))
    _log.error("request failed", error=type(error).__name__, at=where)
    return Problem("fault")


def _headers(problem: Problem, headers: list[Header] | None) -> list[Header]:
    result = headers if headers is not None else []
    result += getattr(problem, "headers", ())
    if problem.reason.http == 503:
        result.append((b"retry-after", RETRY_AFTER))
    return result
