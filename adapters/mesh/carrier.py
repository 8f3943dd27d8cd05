"""MESH as a kind of destination, and as a source that ``interop pull`` fetches from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final, TypeVar

from adapters.mesh.mailbox import Mailbox, Rejected, Session, Unsure
from adapters.mesh.pulling import pulled
from interop.errors import Problem
from interop.ports import Acknowledgement, Courier, Destination, Parcel, Pulled, Seen, Taken
from interop.ports.aside import aside
from interop.ports.destination import Returned

KIND: Final = "mesh"
T = TypeVar("T")
FAILED: Final = frozenset({"undeliverable", "error", "failed"})
"""States of tracking that end a message that did not arrive."""
LONGEST: Final = 900.0
SOON: Final = 60.0
"""Seconds that sending a message of the largest size, and a question, may take as a whole."""
COLLECTED: Final = "acknowledged"
"""The state of one that its mailbox has taken."""


class MeshCourier:
    """Sends to one mailbox; what became of a message is asked of MESH, which knows it by the id that it gave."""

    def __init__(self, to: Destination) -> None:
        token, shared = to.token, to.files.get("shared-key")
        if token is None or shared is None:
            raise ValueError("token (the mailbox's password) and shared-key are wanted, each the name of a file")
        said = to.settings
        self._recipient, self._workflow, self._subject = said["recipient"], said["workflow"], said.get("subject", "")
        tls = to.certificate, to.key, to.authorities
        mailbox = Mailbox(to.address, said["mailbox"], to.secret, lambda: shared.read_text("utf-8").strip(), *tls)
        self._mailbox, self._session = mailbox, Session(mailbox)

    def tracking(self, parcel: Parcel) -> str:
        """'': MESH gives it."""
        return ""

    def awaited(self, parcel: Parcel) -> bool:
        """Every message is collected, or told as undeliverable."""
        return True

    async def carry(self, parcel: Parcel) -> Taken:
        """Put it into the outbox; the delivery's id goes along as the local id."""
        said = {"workflow_id": self._workflow, "local_id": parcel.id, "content_type": parcel.media_type}
        if self._subject:
            said["subject"] = self._subject
        try:
            message = await self._asked(LONGEST, lambda: self._session.send(self._recipient, parcel.body, **said))
        except Rejected as rejected:
            return Taken(Problem("destination-refused", detail=rejected.code), rejected.code)
        except Unsure:
            return Taken(Problem("destination-unanswered"))
        except Problem as problem:
            return Taken(problem)
        return Taken(code="accepted", tracking=message)

    async def follow(self, tracking: str) -> Acknowledgement | None:
        """As ``interop.ports.Follows``: it is final when the mailbox has collected it, or cannot."""
        try:
            found = await self._asked(SOON, lambda: self._session.track(tracking))
        except Rejected as rejected:
            raise Problem("destination-refused", detail=rejected.code) from None
        except Unsure:
            raise Problem("destination-unanswered") from None
        state = str(found.get("status") or "").lower()
        if state == COLLECTED:
            return Acknowledgement(KIND, tracking, True, code=state)
        if state in FAILED or found.get("status_success") is False:
            return Acknowledgement(KIND, tracking, False, code=str(found.get("status_code") or state))
        return None

    async def close(self) -> None:
        """Let connections go."""
        self._session.close()

    async def _asked(self, longest: float, what: Callable[[], T]) -> T:
        """Ask; what has no end is left to itself, with its session."""
        try:
            return await aside(KIND, longest, what)
        except TimeoutError:
            self._session.abandon()
            self._session = Session(self._mailbox)
            raise Unsure from None


class Mesh:
    """Carries to destinations of the kind ``mesh``, and fetches an inbox."""

    def courier(self, to: Destination, returned: Returned, now: Callable[[], int]) -> Courier:
        """As ``interop.ports.Carrier``."""
        return MeshCourier(to)

    def pull(self, settings: Mapping[str, Any], seen: Seen) -> AsyncIterator[Pulled]:
        """As ``interop.ports.Puller``."""
        return pulled(settings)
