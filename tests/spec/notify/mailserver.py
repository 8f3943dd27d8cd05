"""A mail server on loopback that keeps what it gets and answers as it is told (RFC 5321)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import NamedTuple


class Mail(NamedTuple):
    """One e-mail; ``secure``: it came over TLS."""

    sender: str
    to: str
    body: bytes
    secure: bool

    @property
    def message(self) -> EmailMessage:
        made = message_from_bytes(self.body, policy=default)
        assert isinstance(made, EmailMessage)
        return made


class MailServer:
    """``replies`` are those to DATA in turn, the last for ever: 0 closes the connection when it has the e-mail, -1 says nothing.
    ``rcpt`` is the reply to RCPT, ``refused`` addresses that it does not know."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.got: list[Mail] = []
        self.replies: list[int] = [250]
        self.rcpt = 250
        self.refused: set[str] = set()
        self.signed: list[str] = []
        self.auth = 235
        self.port = 0
        self._context = context
        self._open: set[asyncio.StreamWriter] = set()
        self._changed = asyncio.Event()

    async def until(self, count: int) -> None:
        """Wait until so many e-mails have come."""
        async with asyncio.timeout(30):
            while len(self.got) < count:
                self._changed.clear()
                await self._changed.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            await self._talk(reader, writer)
        self._open.discard(writer)
        writer.close()

    async def _secure(self, writer: asyncio.StreamWriter, context: ssl.SSLContext) -> None:
        """A client that goes as soon as it has seen our certificate leaves asyncio's writer without a transport, of which the
        writer itself complains when it is collected, within whatever test runs by then."""
        plain = writer.transport
        await writer.start_tls(context)
        if getattr(writer, "_transport", None) is None:
            writer._transport = plain  # type: ignore[attr-defined]
            raise ConnectionResetError

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = to = ""
        writer.write(b"220 mail.example\r\n")
        while line := (await reader.readuntil(b"\r\n")).decode("ascii").strip():
            verb = line.split(" ")[0].upper()
            secure = writer.get_extra_info("ssl_object") is not None
            if verb == "EHLO":
                able = ["mail.example", *(["STARTTLS"] if self._context and not secure else []), "AUTH PLAIN"]
                said = [f"250{'-' if each is not able[-1] else ' '}{each}" for each in able]
                writer.write("\r\n".join([*said, ""]).encode())
            elif verb == "STARTTLS" and self._context is not None:
                writer.write(b"220 go\r\n")
                await writer.drain()
                await self._secure(writer, self._context)
            elif verb == "AUTH":
                self.signed.append(line)
                writer.write(b"%d signed on\r\n" % self.auth)
            elif verb == "MAIL":
                sender = line.partition("<")[2].partition(">")[0]
                writer.write(b"250 ok\r\n")
            elif verb == "RCPT":
                to = line.partition("<")[2].partition(">")[0]
                writer.write(b"%d\r\n" % (550 if to in self.refused else self.rcpt))
            elif verb == "DATA":
                writer.write(b"354 go\r\n")
                body = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                body = body.replace(b"\r\n..", b"\r\n.")  # 4.5.2
                self.got.append(Mail(sender, to, body, secure))
                self._changed.set()
                reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                if reply == 0:
                    return
                if reply < 0:
                    await reader.read()
                    return
                writer.write(b"%d done\r\n" % reply)
            else:
                writer.write(b"500 what\r\n" if verb != "QUIT" else b"221 bye\r\n")
            await writer.drain()

    async def end(self) -> None:
        for writer in list(self._open):
            writer.close()


@asynccontextmanager
async def mailing(context: ssl.SSLContext | None = None, *, implicit: bool = False) -> AsyncIterator[MailServer]:
    """A mail server until the block ends: with a context it speaks TLS, when asked or (``implicit``) from the start."""
    made = MailServer(None if implicit else context)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context if implicit else None)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.end()
