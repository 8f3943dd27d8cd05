"""Destinations: where things go, who carries them there, and what the other side says of them, at once or later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from interop.errors import Problem

if TYPE_CHECKING:
    import asyncio
    import ssl

DAYS: Final = 7
HOURS: Final = 24
"""How long one delivery is tried, and how long what was taken may go without its acknowledgement, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One of them. ``days`` is how long one delivery is tried; ``hours`` how long its own acknowledgement may take, after which it
    is told, and put on the shelf where ``shelves``. ``token``, ``certificate``, ``key`` and ``files`` hold secrets, which are read
    when they are used; ``settings`` and ``files`` are those of its kind. ``routes``: it takes what these destinations of routes.csv
    do, and of that messages of ``types`` and from ``senders`` alone, where there are any."""

    name: str
    kind: str
    address: str
    organisation: str
    token: Path | None = None
    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    days: int = DAYS
    hours: int = HOURS
    shelves: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    routes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()

    @property
    def early(self) -> bool:
        """Whether nobody waits for more than that somebody on the way has it."""
        return self.settings.get("acknowledgement") == "infrastructure"

    def tls(self) -> ssl.SSLContext:
        """Whom to trust, and who we are. Raises OSError, ssl.SSLError."""
        import ssl

        context = ssl.create_default_context(cafile=str(self.authorities) if self.authorities else None)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context

    def secret(self) -> str:
        """What the file ``token`` holds, '' where there is none. Raises OSError, UnicodeDecodeError."""
        return self.token.read_text("utf-8").strip() if self.token is not None else ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes out: ``id`` is the delivery's, the same whenever it is tried; ``traceparent`` as in W3C Trace Context, or ''. Of
    what people are told ``to`` is the address, ``subject`` that of an e-mail; ``again``: the same may have gone out before."""

    id: str
    body: bytes
    media_type: str
    traceparent: str = ""
    to: str = ""
    subject: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What the other side says of something that was sent to a destination of ``kind``, which it names by ``tracking``. ``final``:
    there is no more to come when it is positive; else somebody on the way has it. ``code`` is its own (``AE``, ``2200``);
    ``sender`` the organisation that it says it comes from, unproved. ``about`` names the message that was sent by its duplicate key
    (``interop.ports.Envelope``), where it tells more than ``tracking``; '' = it does not."""

    kind: str
    tracking: str
    accepted: bool
    final: bool = True
    code: str = ""
    sender: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the other side said at once: ``problem`` None = it has it; ``code`` its own (``200``, ``AA``); ``wait`` seconds for
    which it asks. ``tracking`` is the name that it gave, '' = none; ``said`` an acknowledgement that came with the answer."""

    problem: Problem | None = None
    code: str = ""
    wait: int = 0
    tracking: str = ""
    said: Acknowledgement | None = None


Returned = Callable[[Acknowledgement], "asyncio.Future[bool]"]
"""Is told, on the loop, of an acknowledgement that came by itself; whether it names what was sent, when that is kept, and cancelled
where it will not be."""


class Courier(Protocol):
    """Carries to one destination, one after the other."""

    def tracking(self, parcel: Parcel) -> str:
        """The name by which acknowledgements will name it; '' where it has none before it is sent."""
        ...

    def awaited(self, parcel: Parcel) -> bool:
        """Whether an acknowledgement of its own is due once the other side has it."""
        ...

    async def carry(self, parcel: Parcel) -> Taken:
        """Never raises for what the other side does."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


@runtime_checkable
class Follows(Protocol):
    """A courier that has to ask what became of what it carried; most are told."""

    async def follow(self, tracking: str) -> Acknowledgement | None:
        """What became of it; None where nothing has yet. Raises Problem where it cannot be asked now, one that is
        permanent where nothing is known of it."""
        ...


class Carrier(Protocol):
    """Makes couriers of a kind of destination. Registered by entry point in the group ``interop.carriers`` under its kind."""

    def courier(self, to: Destination, returned: Returned, now: Callable[[], int]) -> Courier:
        """``now`` tells microseconds since the epoch. Raises ValueError for settings that cannot be used, and where what it needs
        is not installed."""
        ...
