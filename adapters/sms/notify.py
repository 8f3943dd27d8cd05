"""GOV.UK Notify, REST API version 2, as a gateway for text messages.

Each request bears a JWT (HS256) that names the service and when it was made. Notify keeps ``reference`` and does not ask whether
it has had it: whoever is not sure asks before sending again. The template of the service holds ``((message))`` and nothing else.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from interop.errors import Problem
from interop.ports import Acknowledgement, Destination, Parcel, Taken

if TYPE_CHECKING:
    import httpx

KIND: Final = "sms"
FIELD: Final = "message"
"""The placeholder of the template in the service that is given the text."""
LONGEST: Final = 1_000_000
"""Bytes of an answer that are read."""
DELIVERED: Final = "delivered"
FAILED: Final = frozenset(("permanent-failure", "temporary-failure", "technical-failure", "failed"))
"""States of a text message that end it."""
_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_KEY: Final = re.compile(rf"[\w-]*?({_UUID})-({_UUID})")


class NotifyGateway:
    """One service. ``token`` is the file of its API key (NAME-SERVICE-SECRET), which is read when it is used."""

    def __init__(self, to: Destination, now: Callable[[], int]) -> None:
        template = to.settings.get("template", "")
        if not re.fullmatch(_UUID, template):
            raise ValueError("template is wanted: the id of the service's template")
        if to.token is None:
            raise ValueError("token is wanted: the file of the service's API key")
        self._to, self._now, self._template, self._sender = to, now, template, to.settings.get("sender", "")
        self._client: httpx.AsyncClient | None = None

    async def send(self, parcel: Parcel) -> Taken:
        """POST the text under its reference."""
        said: dict[str, Any] = {"phone_number": parcel.to, "template_id": self._template, "reference": parcel.id}
        said["personalisation"] = {FIELD: parcel.body.decode()}
        if self._sender:
            said["sms_sender_id"] = self._sender
        taken, body = await self._ask("POST", "/v2/notifications/sms", said)
        if taken.problem is None and not _has(body):
            return Taken(Problem("destination-unanswered", detail="an answer that is none"), taken.code)
        return taken

    async def find(self, reference: str) -> tuple[bool, Acknowledgement | None]:
        """GET what is known of a reference."""
        taken, body = await self._ask("GET", f"/v2/notifications?reference={quote(reference, safe='')}")
        if taken.problem is not None:
            raise taken.problem
        try:
            found = json.loads(body)["notifications"]
            states = [str(each["status"]) for each in found if each["reference"] == reference]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Problem("destination-unanswered", detail="an answer that is none") from None
        if DELIVERED in states:
            return True, Acknowledgement(KIND, reference, True, code=DELIVERED)
        if states and all(state in FAILED for state in states):
            return True, Acknowledgement(KIND, reference, False, code=states[0])
        return bool(states), None

    async def close(self) -> None:
        """Let connections go."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _ask(self, method: str, path: str, asked: dict[str, Any] | None = None) -> tuple[Taken, bytes]:
        import httpx

        from interop.ports.exchange import PATIENCE, answered

        try:
            if self._client is None:
                secure = self._to.address.startswith("https:")
                tls = self._to.tls() if secure else True
                self._client = httpx.AsyncClient(verify=tls, timeout=PATIENCE, follow_redirects=False, trust_env=False)
            headers = {"authorization": f"Bearer {self._token()}"}
        except (OSError, ssl.SSLError, ValueError):
            return Taken(Problem("destination-denied", detail="a file of the destination cannot be used")), b""
        body = None if asked is None else json.dumps(asked).encode()
        if body is not None:
            headers["content-type"] = "application/json"
        request = self._client.build_request(method, f"{self._to.address}{path}", content=body, headers=headers)
        taken, said = await answered(self._client, request, LONGEST)
        if taken.problem is not None and taken.problem.reason.retry != "permanent":
            await self.close()  # certificates are read anew, since they may have been changed
        return taken, said

    def _token(self) -> str:
        """The JWT of one request. Raises ValueError where the file holds no key."""
        from joserfc import jwt
        from joserfc.jwk import OctKey

        key = _KEY.fullmatch(self._to.secret())
        if key is None:
            raise ValueError("the file holds no API key")
        claims = {"iss": key[1], "iat": self._now() // 1_000_000}
        return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(key[2]), algorithms=["HS256"])


def _has(body: bytes) -> bool:
    """Whether an answer says under which id the gateway has it: a page of a proxy does not."""
    try:
        return bool(str(json.loads(body)["id"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


class GovUkNotify:
    """Makes such gateways; registered as ``govuk-notify``."""

    def gateway(self, to: Destination, now: Callable[[], int]) -> NotifyGateway:
        """As ``interop.ports.gateway.Gateways``."""
        return NotifyGateway(to, now)
