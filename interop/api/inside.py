"""The API asked from within, for whoever visits a page or signs on: routed, decided, counted and audited as if it had come from
outside.

A page has no other way to the record, so it can show nothing that the API would not give to the same person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from interop.api.asgi import ACCOUNT, ASKER, WHOLE, Asgi, Header, Message, Scope
from interop.api.auditing.scope import SIGNING, WHY
from interop.api.problems import issue, outcome
from interop.errors import Problem
from interop.policy.asker import Asker

INSIDE: Final = "interop.inside"
"""Key of the scope: the door has been passed, ``ASKER`` says by whom."""
_OWN: Final = frozenset((ACCOUNT, WHOLE, SIGNING, WHY))
"""What the page's own request has for itself."""
_FHIR: Final[Header] = (b"content-type", b"application/fhir+json")
_ACCEPT: Final[Header] = (b"accept", b"application/json, application/fhir+json")
_FORM: Final[Header] = (b"content-type", b"application/x-www-form-urlencoded")
_ADDRESS: Final = re.compile(r"/(?!.*/\.{1,2}(?:/|$))[A-Za-z0-9\-._~$:@/]*", re.ASCII)
"""What addresses of the API are made of; names that somebody has written into the address of a page are a part of them."""


class NotGiven(Exception):
    """The API has refused: ``status``, and what it said (an OperationOutcome, or the JSON of an error)."""

    def __init__(self, status: int, said: Any) -> None:
        super().__init__(status)
        self.status = status
        self.said: dict[str, Any] = said if isinstance(said, dict) else {}

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.status, self.said))

    @property
    def sentences(self) -> list[str]:
        """What it said in words."""
        issues = [each for each in self.said.get("issue", ()) if isinstance(each, dict)]
        told = [str(each.get("details", {}).get("text") or each.get("diagnostics") or "") for each in issues]
        return [each for each in told if each] or [str(self.said[name]) for name in ("sentence", "error") if self.said.get(name)]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered. ``headers`` by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON, None where there is none; raises ValueError."""
        return orjson.loads(self.body) if self.body else None


class Inside:
    """The API for one visit. ``app`` is the application, ``scope`` the request of the page."""

    def __init__(self, app: Asgi, scope: Scope, asker: Asker) -> None:
        self._app, self._asker = app, asker
        self._scope = {name: value for name, value in scope.items() if name not in _OWN}
        self._host = [(name, value) for name, value in scope["headers"] if name == b"host"]

    @property
    def asker(self) -> Asker:
        """For whom it is asked."""
        return self._asker

    def of(self, asker: Asker) -> Inside:
        """The same for somebody else, whom the page has proof of."""
        made = Inside(self._app, self._scope, asker)
        made._host = self._host
        return made

    async def ask(
        self, method: str, path: str, query: Iterable[tuple[str, str]] = (), body: bytes = b"", headers: Sequence[Header] = ()
    ) -> Answer:
        """Any request; never raises for what is refused. What can be no address of the API is 404 and nobody is asked."""
        if not _ADDRESS.fullmatch(path):
            return Answer(404, {}, outcome([issue(Problem("not-found"))]))
        said = [*self._host, *([] if any(name == b"accept" for name, _ in headers) else [_ACCEPT]), *headers]
        if body:
            said.append((b"content-length", b"%d" % len(body)))
        scope = self._scope | {
            "method": method,
            "path": path,
            "raw_path": path.encode("ascii"),
            "query_string": urlencode(list(query)).encode("ascii"),
            "headers": said,
            "root_path": "",
            ASKER: self._asker,
            INSIDE: True,
        }
        status, got, parts = 0, {}, []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, got
            if message["type"] == "http.response.start":
                status = message["status"]
                got = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return Answer(status, got, b"".join(parts))

    async def get(self, path: str, **query: str) -> Any:
        """The JSON at an address of the API (``/fhir/…``, ``/messages/…``); an underscore at the end of a name goes, as in
        ``class_``; raises NotGiven."""
        return self._good(await self.ask("GET", path, [(name.rstrip("_"), value) for name, value in query.items()]))

    async def search(self, type: str, criteria: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
        """The resources of a page of a search, with what it includes; by POST, so that no criteria stand in a URL. Raises
        NotGiven."""
        form = urlencode(list(criteria)).encode("ascii")
        found = self._good(await self.ask("POST", f"/fhir/{type}/_search", body=form, headers=[_FORM]))
        return [each["resource"] for each in found.get("entry", ()) if "resource" in each]

    async def send(self, method: str, path: str, resource: Any = None, headers: Sequence[Header] = ()) -> Any:
        """Write, or call an operation: ``resource`` as JSON; what came back. Raises NotGiven."""
        body = b"" if resource is None else orjson.dumps(resource)
        return self._good(await self.ask(method, path, body=body, headers=[*([_FHIR] if body else []), *headers]))

    @staticmethod
    def _good(answer: Answer) -> Any:
        try:
            said = answer.json
        except ValueError:
            said = None
        if not 200 <= answer.status < 300:
            raise NotGiven(answer.status, said)
        return said
