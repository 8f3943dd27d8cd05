"""A MESH of two mailboxes on loopback, as far as its API is used here (version 2): outbox, chunks, tracking, inbox."""

from __future__ import annotations

import asyncio
import gzip
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

KEY, PASSWORD = "of-the-environment", "of-the-mailbox"


@dataclass
class Held:
    """A message in MESH. ``chunks`` are as they came."""

    id: str
    headers: dict[str, str]
    chunks: dict[int, bytes] = field(default_factory=dict)
    status: str = "accepted"
    code: str = ""

    @property
    def body(self) -> bytes:
        whole = [self.chunks[number] for number in sorted(self.chunks)]
        return b"".join(gzip.decompress(each) if self.headers.get("content-encoding") == "gzip" else each for each in whole)


class MeshServer:
    """``answers`` are statuses of the outbox in turn, the last for ever; 0 closes the connection after the message was taken."""

    def __init__(self) -> None:
        self.sent: dict[str, Held] = {}
        self.inbox: dict[str, Held] = {}
        self.asked: list[str] = []
        self.acknowledged: list[str] = []
        self.answers: list[int] = [202]
        self.odd: dict[str, tuple[int, bytes, dict[str, str]]] = {}
        """What is answered at the end of an address instead; below 0 never."""
        self.port = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._ended = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, id: str, body: bytes, **headers: str) -> None:
        """Put a message into the inbox of ours."""
        said = {"mex-messagetype": "DATA", "mex-from": "THEIRS", "content-type": "text/plain"}
        self.inbox[id] = Held(id, {**said, **{name.replace("_", "-"): value for name, value in headers.items()}}, {1: body})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, address, _ = head[0].split(" ")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
                body = await self._body(reader, headers)
                self.asked.append(f"{method} {address}")
                status, said, more = self._answer(method, address, headers, body)
                if status < 0:
                    await self._ended.wait()
                if status <= 0:
                    break
                lines = [
                    f"HTTP/1.1 {status} X",
                    f"content-length: {len(said)}",
                    *(f"{name}: {value}" for name, value in more.items()),
                ]
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + said)
                await writer.drain()
        self._open.discard(writer)
        writer.close()

    async def end(self) -> None:
        """Let every connection go."""
        self._ended.set()
        for writer in list(self._open):
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    @staticmethod
    async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return await reader.readexactly(int(headers.get("content-length", "0")))
        body = b""
        while size := int((await reader.readline()).strip(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return body

    def _answer(self, method: str, address: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes, dict[str, str]]:
        parts = urlsplit(address)
        path = parts.path.removeprefix("/messageexchange/OURS/")
        if path in self.odd:
            return self.odd[path]
        if not self._signed(headers.get("authorization", "")):
            return 403, orjson.dumps({"detail": [{"code": "EPL-151", "msg": "no"}]}), JSON
        if path == "outbox":
            status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if status not in (0, 202):
                said = {"message_id": "E", "detail": [{"event": "SEND", "code": "12", "msg": "no such mailbox"}]}
                return status, orjson.dumps(said), JSON
            made = Held(f"M{len(self.sent) + 1}", headers, {1: body})
            self.sent[made.id] = made
            return status, orjson.dumps({"message_id": made.id}), JSON
        if path == "outbox/tracking":
            held = self.sent.get(parse_qs(parts.query)["messageID"][0])
            if held is None:
                return 404, b"{}", JSON
            said = {"message_id": held.id, "status": held.status, "status_code": held.code, "local_id": held.headers["mex-localid"]}
            return 200, orjson.dumps(said), JSON
        if path.startswith("outbox/"):
            _, id_, number = path.split("/")
            self.sent[id_].chunks[int(number)] = body
            return 202, b"{}", JSON
        if path == "inbox":
            return 200, orjson.dumps({"messages": list(self.inbox), "links": {}, "approx_inbox_count": len(self.inbox)}), JSON
        _, id_, *rest = path.split("/")
        if method == "PUT" and rest == ["status", "acknowledged"]:
            del self.inbox[id_]
            self.acknowledged.append(id_)
            return 200, b"{}", JSON
        return 200, self.inbox[id_].body, self.inbox[id_].headers

    @staticmethod
    def _signed(said: str) -> bool:
        """The token of the MESH API: mailbox, nonce, count, time, and the HMAC of these with the password."""
        kind, _, rest = said.partition(" ")
        mailbox, nonce, count, time, digest = (rest.split(":") + [""] * 5)[:5]
        text = f"{mailbox}:{nonce}:{count}:{PASSWORD}:{time}"
        return kind == "NHSMESH" and mailbox == "OURS" and digest == hmac.new(KEY.encode(), text.encode(), sha256).hexdigest()


JSON: dict[str, Any] = {"content-type": "application/vnd.mesh.v2+json"}


@asynccontextmanager
async def mesh() -> AsyncIterator[MeshServer]:
    """A MESH until the block ends."""
    made = MeshServer()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, limit=1 << 20)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.end()
