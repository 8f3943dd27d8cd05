"""What a problem is in the standard: an error code and a type of issue (BaRS Core, Error Handling)."""

from __future__ import annotations

from typing import Final, NamedTuple

from interop.errors import Problem

ERRORS: Final = "https://fhir.nhs.uk/Codesystem/http-error-codes"
STATUS: Final = {
    "REC_BAD_REQUEST": 400,
    "REC_UNAUTHORIZED": 401,
    "REC_FORBIDDEN": 403,
    "REC_NOT_FOUND": 404,
    "REC_NOT_ACCEPTABLE": 406,
    "REC_TIMEOUT": 408,
    "REC_CONFLICT": 409,
    "REC_UNPROCESSABLE_ENTITY": 422,
    "REC_SERVER_ERROR": 500,
    "REC_NOT_IMPLEMENTED": 501,
    "REC_SERVICE_UNAVAILABLE": 503,
}
"""The HTTP status of each error code."""
OF_HTTP: Final = frozenset({"not-allowed", "too-large", "media-type"})
"""What HTTP itself has a status for and the standard has no code."""


class Outcome(NamedTuple):
    """HTTP status, error code and type of issue of an OperationOutcome."""

    status: int
    code: str
    issue: str


def _outcome(code: str, issue: str) -> Outcome:
    return Outcome(STATUS[code], code, issue)


DUPLICATE: Final = _outcome("REC_CONFLICT", "duplicate")
"""What has been taken before."""
NOT_IMPLEMENTED: Final = _outcome("REC_NOT_IMPLEMENTED", "not-supported")
"""An endpoint of the standard that this receiver does not have."""
INVARIANT: Final = _outcome("REC_BAD_REQUEST", "invariant")
"""A combination of workflow variables that the standard does not know."""
_OF: Final = {
    "unreadable": _outcome("REC_BAD_REQUEST", "invalid"),
    "character-set": _outcome("REC_BAD_REQUEST", "invalid"),
    "several-messages": _outcome("REC_BAD_REQUEST", "invalid"),
    "unknown-version": _outcome("REC_BAD_REQUEST", "not-supported"),
    "unknown-processing-id": _outcome("REC_BAD_REQUEST", "not-supported"),
    "unauthenticated": _outcome("REC_UNAUTHORIZED", "security"),
    "forbidden": _outcome("REC_FORBIDDEN", "security"),
    "wrong-organisation": _outcome("REC_FORBIDDEN", "security"),
    "document-type": _outcome("REC_FORBIDDEN", "security"),
    "wrong-host": _outcome("REC_FORBIDDEN", "security"),
    "not-acceptable": _outcome("REC_NOT_ACCEPTABLE", "processing"),
    "truncated": _outcome("REC_TIMEOUT", "timeout"),
    "wrong-content": _outcome("REC_CONFLICT", "conflict"),
    "too-deep": _outcome("REC_UNPROCESSABLE_ENTITY", "too-costly"),
    "too-costly": _outcome("REC_SERVER_ERROR", "too-costly"),
    "mapper-died": _outcome("REC_SERVER_ERROR", "transient"),
    "busy": _outcome("REC_SERVICE_UNAVAILABLE", "transient"),
}
"""Reasons for which the standard has another pair than the error table."""


def outcome(problem: Problem) -> Outcome:
    """The outcome of a problem."""
    reason = problem.reason
    if reason.name in _OF:
        return _OF[reason.name]
    code = reason.bars or "REC_SERVER_ERROR"
    return Outcome(reason.http if reason.name in OF_HTTP else STATUS.get(code, 500), code, reason.issue or "exception")
