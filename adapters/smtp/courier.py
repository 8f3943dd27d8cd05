"""E-mail carried to a mail server: SMTP (RFC 5321), always over TLS but on this machine (RFC 3207, RFC 8314)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final
from urllib.parse import urlsplit

from interop.errors import Problem
from interop.ports import Courier, Destination, Parcel, Taken
from interop.ports.aside import aside
from interop.ports.destination import Returned

KIND: Final = "smtp"
PATIENCE: Final = 30.0
"""Seconds for an answer of the server."""
LONGEST: Final = 180.0
"""Seconds for all of an e-mail."""
PORTS: Final = {"smtps": 465, "smtp": 25}
SUBMISSION: Final = 587
"""Of a server that is asked for TLS once it is reached."""
DUPLICATE: Final = "X-Possible-Duplicate"
"""The field of the head that says that the same e-mail may have been sent before, under the same Message-ID."""
DENIED: Final = frozenset((530, 534, 535, 538))
"""Replies about credentials (RFC 4954, 6)."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SmtpCourier:
    """Sends through one server, an e-mail a connection. Raises ValueError for settings that cannot be used."""

    def __init__(self, to: Destination, now: Callable[[], int]) -> None:
        said, parts = to.settings, urlsplit(to.address)
        self._from = said["from"]
        if not is_address(self._from):
            raise ValueError("from is an e-mail address")
        if said.get("starttls", "no") not in ("yes", "no"):
            raise ValueError("starttls is yes or no")
        if ("username" in said) != (to.token is not None):
            raise ValueError("username and token (the file of its password) go together")
        self._to, self._now, self._username = to, now, said.get("username", "")
        self._later = said.get("starttls") == "yes"
        self._secure = parts.scheme == "smtps" or self._later
        self._host = parts.hostname or ""
        self._port = parts.port or (SUBMISSION if self._later else PORTS[parts.scheme])
        self._domain = self._from.partition("@")[2]

    def tracking(self, parcel: Parcel) -> str:
        """The Message-ID without its brackets."""
        return f"{parcel.id}@{self._domain}"

    def awaited(self, parcel: Parcel) -> bool:
        """Nothing says that an e-mail was read."""
        return False

    async def carry(self, parcel: Parcel) -> Taken:
        """Hand it to the server; the reply to DATA says whether it has it."""
        try:
            made = self._message(parcel)
        except (ValueError, IndexError):
            return Taken(Problem("destination-refused", detail="an address that is none"))
        try:
            return await aside(KIND, LONGEST, lambda: self._send(parcel.to, made))
        except TimeoutError:
            return Taken(Problem("destination-unanswered"))

    async def close(self) -> None:
        """Nothing is held."""

    def _message(self, parcel: Parcel) -> bytes:
        if not is_address(parcel.to):
            raise ValueError
        made = EmailMessage(policy=SMTP)
        made["From"], made["To"], made["Subject"] = self._from, parcel.to, parcel.subject
        made["Date"] = format_datetime(EPOCH + timedelta(microseconds=self._now()))
        made["Message-ID"] = f"<{self.tracking(parcel)}>"
        made["Auto-Submitted"] = "auto-generated"
        if parcel.again:
            made[DUPLICATE] = "yes"
        made.set_content(parcel.body.decode())
        return made.as_bytes()

    def _send(self, to: str, made: bytes) -> Taken:
        try:
            tls = self._to.tls() if self._secure else None
            password = self._to.secret()
        except (OSError, ssl.SSLError, UnicodeDecodeError):
            return Taken(Problem("destination-denied", detail="a file of the destination cannot be used"))
        given = False
        server: smtplib.SMTP | None = None
        try:
            server = self._open(tls)
            if self._username:
                server.login(self._username, password)
            for code, _ in (server.mail(self._from), server.rcpt(to)):
                if code >= 300:
                    return judged(code)
            given = True
            code = server.data(made)[0]
            return judged(code) if 200 <= code < 300 or 400 <= code < 600 else Taken(Problem("destination-unanswered"))
        except smtplib.SMTPResponseException as error:
            if given and not isinstance(error, smtplib.SMTPDataError):  # a reply that is none
                return Taken(Problem("destination-unanswered"))
            return judged(error.smtp_code)
        except smtplib.SMTPNotSupportedError:
            return Taken(Problem("destination-denied", detail="no TLS, or no way to sign in"))
        except (OSError, smtplib.SMTPException, ValueError):
            return Taken(Problem("destination-unanswered" if given else "destination-unavailable"))
        finally:
            if server is not None:
                server.close()

    def _open(self, tls: ssl.SSLContext | None) -> smtplib.SMTP:
        """A connection on which nothing goes in clear unless the deployment's address is on this machine."""
        if tls is not None and not self._later:
            made: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, self._domain, timeout=PATIENCE, context=tls)
        else:
            made = smtplib.SMTP(self._host, self._port, self._domain, timeout=PATIENCE)
        try:
            made.ehlo_or_helo_if_needed()
            if tls is not None and self._later:
                code, _ = made.starttls(context=tls)
                if code != 220:
                    raise smtplib.SMTPNotSupportedError
                made.ehlo()
        except BaseException:
            made.close()
            raise
        return made


def is_address(text: str) -> bool:
    """Whether it is one mailbox and nothing else."""
    return parseaddr(text)[1] == text and text.count("@") == 1 and text.isascii() and text.isprintable()


def judged(code: int) -> Taken:
    """A reply as the error table has it (RFC 5321, 4.2.1): 4yz passes, 5yz does not."""
    if 200 <= code < 300:
        return Taken(code=str(code))
    if code in DENIED:
        name = "destination-denied"
    else:
        name = "destination-refused" if 500 <= code < 600 else "destination-unavailable"
    return Taken(Problem(name, detail=str(code)), str(code))


class Smtp:
    """Carries to destinations of the kind ``smtp``."""

    def courier(self, to: Destination, returned: Returned, now: Callable[[], int]) -> Courier:
        """As ``interop.ports.Carrier``."""
        return SmtpCourier(to, now)
