"""How the service is reached: the settings of a feed that is pulled."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

WORKLISTS: Final = ("REFERRALS_FOR_REVIEW", "APPOINTMENT_SLOT_ISSUES")
"""Those that an application may read by itself (A008, application-restricted access)."""
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Settings:
    """``url`` is the base before ``/STU3``. ``token``, ``client_secret``, ``client_assertion``, ``session`` and ``asid`` name
    variables of the environment, never the credential itself. ``services`` narrow worklists (e-RS ids); ``slots`` are services
    whose free slots are read. ``timeout`` is seconds for one answer, ``attempts`` how often a request is tried."""

    url: str
    worklists: tuple[str, ...] = WORKLISTS
    services: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    organisation: str = ""
    function: str = ""
    token: str = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    client_assertion: str = ""
    session: str = ""
    asid: str = ""
    timeout: float = 30.0
    attempts: int = 5

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Settings:
        """The settings of a feed; raises ValueError that names the one which cannot be."""
        known = {name: value for name, value in said.items() if name != "adapter"}
        for name, value in known.items():
            if name not in cls.__slots__:
                raise ValueError(f"{name} is no setting of a feed that pulls from e-RS")
            kind = {"timeout": (int, float), "attempts": (int,), "worklists": (list,), "services": (list,), "slots": (list,)}.get(
                name, (str,)
            )
            if not isinstance(value, kind) or isinstance(value, bool):
                raise ValueError(f"{name} must be {'a list' if kind == (list,) else 'a number' if int in kind else 'text'}")
            if isinstance(value, list):
                if not all(isinstance(one, str) and _CODE.fullmatch(one) for one in value):
                    raise ValueError(f"{name} must be a list of codes")
                known[name] = tuple(value)
        _address("url", str(known.get("url", "")))
        if known.get("token_url"):
            _address("token_url", str(known["token_url"]))
        made = cls(**known)
        if not 1 <= made.attempts <= 10 or not 0 < made.timeout <= 300:
            raise ValueError("attempts must be 1 to 10, timeout up to 300 seconds")
        if not (made.token or made.session or (made.token_url and made.client_id)):
            raise ValueError("token, session, or token_url and client_id must say how to sign on")
        return made


def secret(variable: str) -> str:
    """A credential from the environment; raises ValueError that names the variable where it is not set."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise ValueError(f"the variable {variable} of the environment is not set")
    return value


def _address(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError(f"{name} must begin with https://")
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(f"{name} must be an address without credentials, query or fragment")
