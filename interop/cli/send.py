"""``interop send``: messages to a port, over whatever protocol the URL names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from interop.cli.bearer import bearer
from interop.cli.progress import progress
from interop.cli.shown import json_line, say, wrong
from interop.errors import Problem
from interop.mapping.files import Delivery
from interop.mapping.library import adapters
from interop.ports import Answer, Sender

if TYPE_CHECKING:
    import ssl


class Files(NamedTuple):
    """Of TLS: our certificate with its key, and the authorities that the other side's must be of (None: those of this machine)."""

    certificate: Path | None = None
    key: Path | None = None
    authorities: Path | None = None


def send(
    files: list[Path],
    to: str,
    *,
    connections: int,
    wait: str,
    as_json: bool,
    token: str = "",
    data: Path = Path("data"),
    tls: Files = Files(),
) -> int:
    """Send every message; 1 where any was refused or could not be read, 2 where nothing could be sent."""
    scheme = to.partition("://")[0]
    bodies = _Bodies(files)
    try:
        context = _context(tls) if scheme in ("https", "mllps") else None
        if scheme in ("http", "https"):
            answers = over_http(to, bodies, wait, bearer(to, token, data), context)
        else:
            sender = next((one for one in adapters().values() if isinstance(one, Sender) and scheme in one.schemes), None)
            if sender is None:
                raise ValueError(f"{to}: the URL begins with mllp://, mllps://, http:// or https://")
            answers = sender.send(to, iter(bodies), connections=connections, tls=context)
        refused = asyncio.run(_show(answers, as_json))
    except (OSError, ValueError) as error:
        return wrong(f"Nothing could be sent: {error}. Is the engine running (interop serve)?")
    return 1 if refused or bodies.failed else 0


class _Bodies:
    """The messages of all files; a file that cannot be read is told and passed over."""

    def __init__(self, files: list[Path]) -> None:
        self._delivery = Delivery(files)
        self.failed = 0

    def __iter__(self) -> Iterator[bytes]:
        for path in self._delivery.paths:
            try:
                for _, body in self._delivery.messages(path):
                    yield body
            except Problem as problem:
                self.failed += 1
                wrong(json.dumps({"file": str(path), **problem.as_json()}))


def _context(tls: Files) -> ssl.SSLContext:
    from interop.app.tls import client_context

    return client_context(*tls)


async def over_http(
    url: str, bodies: _Bodies, wait: str, headers: Mapping[str, str], tls: ssl.SSLContext | None
) -> AsyncIterator[Answer]:
    """POST each message; the answer is accepted with any 2xx."""
    import httpx

    async with httpx.AsyncClient(timeout=60, trust_env=False, headers=headers, verify=tls or False) as client:
        for body in bodies:
            try:
                answer = await client.post(url, content=body, params={"wait": wait} if wait == "applied" else None)
            except httpx.TransportError as error:
                raise OSError(str(error) or type(error).__name__) from error
            where = answer.headers.get("location", "")
            yield Answer(where, answer.is_success, str(answer.status_code), "" if answer.is_success else _words(answer.text))


def _words(text: str) -> str:
    """What an OperationOutcome or an error page says, in one line."""
    try:
        said = json.loads(text)
    except ValueError:
        return text[:200]
    issues = said.get("issue") if isinstance(said, dict) else None
    return "; ".join(str(issue.get("diagnostics", "")) for issue in issues) if issues else text[:200]


async def _show(answers: AsyncIterator[Answer], as_json: bool) -> int:
    sent = refused = 0
    with progress("sending") as working:
        async for answer in answers:
            sent += 1
            refused += not answer.accepted
            working.at(sent)
            if as_json:
                json_line({"id": answer.control_id, "accepted": answer.accepted, "code": answer.code, "text": answer.text})
            elif not answer.accepted:
                say(f"{answer.control_id or '-'} {answer.code or 'no answer'} {answer.text}")
    if not as_json:
        print(f"{sent} sent, {sent - refused} accepted, {refused} not")
    return refused
