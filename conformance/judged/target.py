"""The server that is judged: any FHIR server by its URL, or an engine of this environment that is started for it."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx

from conformance.bench.report import WrongOutcome
from conformance.bench.server import Server, command
from conformance.judged.outcome import Unusable
from conformance.judged.tokens import Tokens, bearer

JSON = "application/fhir+json"
XML = "application/fhir+xml"
PATIENCE = 60.0
"""Seconds within which an answer must come."""
SHOWN = 600
"""Characters of a body that are shown of an exchange."""


class Where(NamedTuple):
    """Which server: its URL, or ``serve`` for one that is started, with the data kept in ``data`` and in ``database``; where
    ``signed``, one that knows who asks. ``token`` is for all requests, ``auth`` for cases that name an authorisation, ``mint`` a
    command that makes tokens (``conformance.judged.tokens``)."""

    server: str = ""
    serve: bool = False
    data: Path | None = None
    database: str = ""
    token: str = ""
    auth: Mapping[str, str] = MappingProxyType({})
    mint: str = ""
    signed: bool = False


class Judged(httpx.Client):
    """A client of the server that is judged, with the tokens that there are for it."""

    tokens: Tokens


@contextmanager
def target(where: Where) -> Iterator[Judged]:
    """A client whose base is the server's; the server is ended afterwards where it was started here. Raises Unusable."""
    with ExitStack() as stack:
        base, mint = where.server, where.mint
        if where.serve == bool(base):
            raise Unusable("give the server: --server URL, or --serve for one that is started and ended here")
        if where.serve:
            place = where.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="judged-")))
            options = ("--database", where.database) if where.database else ()
            try:
                started = stack.enter_context(Server(place, mappers=1, options=options, open=not where.signed))
            except WrongOutcome as problem:
                raise Unusable(str(problem)) from problem
            base = f"http://127.0.0.1:{started.http}/fhir"
            mint = mint or (shlex.join([command(), "token", "--data", str(place)]) if where.signed else "")
        tokens = Tokens(where.token, where.auth, mint)
        headers = {"accept": JSON, **bearer(tokens.plain)}
        client = stack.enter_context(Judged(base_url=base.rstrip("/"), timeout=PATIENCE, trust_env=False, headers=headers))
        client.tokens = tokens
        try:
            client.get("/metadata")
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise Unusable(f"no answer from {base}: {type(problem).__name__} {problem}") from problem
        yield client


def address(client: httpx.Client, path: str) -> httpx.URL:
    """``path`` below the service base, taken as it is written where it is percent-encoded already; '' is the base itself."""
    base = str(client.base_url).rstrip("/")
    return httpx.URL(base + ("" if path[:1] in ("", "?") else "/") + path)


def exchange(answer: httpx.Response) -> str:
    """The request line, the status, and the beginning of the answer's body; of an OperationOutcome what it says."""
    asked = f"{answer.request.method} {answer.request.url}"
    return f"{asked}\n{answer.status_code} {told(answer)}"


def told(answer: httpx.Response) -> str:
    """The body in short."""
    body = resource(answer)
    if body.get("resourceType") == "OperationOutcome":
        issues = body.get("issue") or []
        return "; ".join(_issue(each) for each in issues if isinstance(each, dict))[:SHOWN]
    return " ".join(answer.text[:SHOWN].split())


def _issue(issue: dict[str, Any]) -> str:
    said = issue.get("diagnostics") or (issue.get("details") or {}).get("text") or ""
    places = ", ".join(issue.get("expression") or [])
    return f"{issue.get('severity', '')} {issue.get('code', '')}: {said}" + (f" [{places}]" if places else "")


def resource(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; {} for anything else."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
