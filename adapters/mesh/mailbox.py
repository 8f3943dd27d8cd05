"""One mailbox over the MESH API, by NHS England's own client; what goes wrong as the error table has it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from interop.errors import Problem

if TYPE_CHECKING:
    from requests import Response

TIMEOUT: Final = 30.0
"""Seconds for a connection, and for whatever comes next on it."""
CHUNK: Final = 20 * 1024 * 1024
"""Bytes of a message that go in one request; MESH takes 100 MB at most, over the internet less."""
COMPRESSED: Final = 64 * 1024
"""Bytes from which a message is sent by gzip."""
LARGEST: Final = 200 * 1024 * 1024
"""Bytes of a message that are fetched."""
DENIED: Final = frozenset((401, 403))
BUSY: Final = frozenset((408, 425, 429, 502, 503, 504))
Answered = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """How a mailbox is reached: its address without ``/messageexchange``, name, password and the key of the environment; the files
    are those of mutual TLS."""

    address: str
    name: str
    password: Callable[[], str]
    shared_key: Callable[[], str]
    certificate: Path | None = None
    key: Path | None = None
    authorities: Path | None = None


class Rejected(Exception):
    """MESH or a mailbox does not take it: the code that it gives."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unsure(Exception):
    """No answer came: it may have been taken."""


class Session:
    """Requests of one mailbox, one after the other; every method waits for its answer. They raise Rejected, Unsure, and Problem
    ``destination-unavailable``, ``destination-denied``, ``destination-misdirected``."""

    def __init__(self, mailbox: Mailbox) -> None:
        if find_spec("mesh_client") is None:
            raise ValueError("the extra mesh is not installed: pip install 'interop[mesh]'")
        self._mailbox, self._lock = mailbox, Lock()
        self._client: Any = None
        self._abandoned = False

    def send(self, recipient: str, body: bytes, **said: str) -> str:
        """Send a message, in chunks where it is large; the id that MESH gives it."""
        with self._asking() as client:
            sent: str = client.send_message(recipient, body, compress=len(body) >= COMPRESSED, max_chunk_size=CHUNK, **said)
            return sent

    def track(self, message: str) -> dict[str, Any]:
        """What MESH knows of a message that was sent."""
        with self._asking() as client:
            return dict(client.track_message(message))

    def listed(self, workflow: str = "") -> list[str]:
        """The ids of the messages of the inbox, oldest first."""
        with self._asking() as client:
            return list(client.iterate_message_ids(workflow_filter=workflow or None))

    def fetch(self, message: str) -> tuple[dict[str, str], bytes]:
        """The headers (small letters, without ``mex-``) and the content of a message. Raises Problem ``too-large``."""
        with self._asking() as client:
            found = client.retrieve_message(message)
            try:
                body: bytes = found.read(LARGEST + 1)
            except zlib.error:
                raise Rejected("content-encoding") from None
            finally:
                found.close()
            if len(body) > LARGEST:
                raise Problem("too-large")
            return {**dict(found.mex_headers()), "content-type": found.content_type or ""}, body

    def acknowledge(self, message: str) -> None:
        """It has been taken: MESH keeps it no longer."""
        with self._asking() as client:
            client.acknowledge_message(message)

    def close(self) -> None:
        """Let connections go; a request that is under way ends by itself."""
        client, self._client = self._client, None
        if client is not None:
            client.ended = True
            client.close()

    def abandon(self) -> None:
        """Nobody waits for it any more: what is under way sends nothing further, and nothing is asked again."""
        self._abandoned = True
        self.close()

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        with self._lock:
            try:
                if self._client is None:
                    self._client = _client(self._mailbox)
            except (OSError, UnicodeDecodeError):
                raise Problem("destination-denied", detail="a file of the mailbox cannot be used") from None
            if self._abandoned:
                self.close()
                raise Unsure
            client = self._client
            try:
                yield client
            except (Problem, Rejected):
                raise
            except Exception as error:
                raised = _told(error)
                if isinstance(raised, Problem):
                    self.close()  # its secrets and certificates are read anew, since they may have been changed
                raise raised from None
            finally:
                while client.answers:
                    client.answers.pop().close()  # a connection of which not all was read is in no pool


def _told(error: Exception) -> Exception:
    """What went wrong, as the methods of a Session raise it. Whatever cannot be foreseen of a client that is not ours, and of an
    answer that is none of MESH, is no answer."""
    import requests
    from mesh_client import MeshError

    if isinstance(error, MeshError):
        return Rejected(_code(error))
    if isinstance(error, requests.HTTPError):
        return _judged(error.response)
    if isinstance(error, requests.TooManyRedirects):
        return Problem("destination-misdirected")
    return Problem("destination-unavailable") if isinstance(error, requests.ConnectionError) and _unsent(error) else Unsure()


def _client(mailbox: Mailbox) -> Any:
    """A client that is closed by who made it; it tries nothing again by itself: the engine does."""
    import requests
    from mesh_client import MeshClient

    class Client(MeshClient):
        """Tells of a refused sign-on and of being busy by their status, which the answer to a first chunk would hide."""

        ended = False
        """Nobody waits for it any more; what of a message is still to go stays here."""
        answers: list[Response]
        """Those of the request that is under way."""

        def send_chunk(self, *args: Any, **said: Any) -> Response:
            if self.ended:
                raise Unsure
            answer = super().send_chunk(*args, **said)
            if answer.status_code in DENIED | BUSY:
                raise requests.HTTPError(response=answer)
            return answer

    pair = (str(mailbox.certificate), str(mailbox.key)) if mailbox.certificate is not None and mailbox.key is not None else None
    made = Client(
        mailbox.address,
        mailbox.name,
        mailbox.password(),
        shared_key=mailbox.shared_key().encode(),
        cert=pair,
        verify=str(mailbox.authorities) if mailbox.authorities is not None else None,
        max_retries=0,
        timeout=TIMEOUT,
        application_name="interop",
    )
    session = made._session  # it has no setting for these
    session.max_redirects, session.trust_env = 0, False
    made.answers = []
    session.hooks["response"].append(lambda answer, **said: made.answers.append(answer))
    if mailbox.authorities is not None:
        session.verify = str(mailbox.authorities)
    return made


def _judged(answer: Response | None) -> Exception:
    status = answer.status_code if answer is not None else 0
    if status in DENIED:
        return Problem("destination-denied", detail=str(status))
    if status in BUSY:
        return Problem("destination-unavailable", detail=str(status))
    return Rejected(str(status)) if 400 <= status < 500 else Unsure()


def _unsent(error: Exception) -> bool:
    """Whether nothing of a request can have gone out."""
    from requests.exceptions import ConnectTimeout, SSLError
    from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

    cause = error.args[0] if error.args else None
    cause = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(error, ConnectTimeout | SSLError) or isinstance(cause, NewConnectionError | ConnectTimeoutError)


def _code(error: Exception) -> str:
    """The code of a refusal, of both versions of the API."""
    said = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
    with suppress(LookupError, TypeError):
        return str(said["detail"][0].get("code") or said["detail"][0].get("event") or "")
    return str(said.get("errorCode") or "")
