"""The engine's own signature keys, in a file beside the data that only its owner may read."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from joserfc.jwk import ECKey

from interop.ids.secret import kept
from interop.signon.keys import Key, KeySet, public

NAME: Final = "signon.key"
ALGORITHM: Final = "ES384"
"""One of the two that SMART Backend Services names."""
KEPT: Final = 31 * 24 * 3600
"""Seconds for which a key that signs no more still verifies: no token that is minted lives longer."""


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The key that signs, and those before it as ``(public key, until)`` in seconds since 1970."""

    signing: Key
    former: tuple[tuple[dict[str, Any], float], ...] = ()

    @property
    def kid(self) -> str:
        """The id of the key that signs: its thumbprint (RFC 7638)."""
        return self.signing.thumbprint()

    def published(self, now: float) -> dict[str, Any]:
        """The JSON Web Key Set for those who verify."""
        good = [said for said, until in self.former if now < until]
        return {"keys": [_named(self.signing), *good]}

    def verifying(self, now: float) -> KeySet:
        """The keys whose tokens are taken now."""
        return KeySet(self.published(now))

    def rotated(self, now: float, *, withdraw: bool = False) -> OwnKeys:
        """A new key signs. What the old ones signed stays good until it ends; with ``withdraw`` it is void at once."""
        good = [each for each in self.former if now < each[1]]
        return OwnKeys(new_key(), () if withdraw else (*good, (_named(self.signing), now + KEPT)))


def new_key() -> Key:
    """A key for ``ALGORITHM``."""
    return ECKey.generate_key("P-384", private=True)


def _named(key: Key) -> dict[str, Any]:
    return public(key) | {"kid": key.thumbprint(), "alg": ALGORITHM, "use": "sig"}


def own_keys(directory: Path) -> OwnKeys:
    """The keys of a data directory, made at the first start. Raises ValueError where the file is none of ours."""
    found = read_keys(directory)
    if found is not None:
        return found
    kept(directory / NAME, lambda: _said(OwnKeys(new_key())))
    made = read_keys(directory)
    assert made is not None
    return made


def read_keys(directory: Path) -> OwnKeys | None:
    """The keys of a data directory; None where there are none."""
    with suppress(FileNotFoundError):
        try:
            said = json.loads((directory / NAME).read_bytes())
            former = tuple((dict(key), float(until)) for key, until in said["former"])
            return OwnKeys(ECKey.import_key(said["signing"]), former)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{NAME} in the data directory cannot be read: restore it, or take it away for a new one.") from error
    return None


def write_keys(directory: Path, keys: OwnKeys) -> None:
    """Replace the file as a whole, on disk before it is used."""
    keep(directory / NAME, _said(keys))


def _said(keys: OwnKeys) -> bytes:
    said = {"signing": keys.signing.as_dict(private=True), "former": [list(each) for each in keys.former]}
    return json.dumps(said).encode("ascii")


def keep(path: Path, content: bytes) -> None:
    """Write a file whole and durably, for its owner alone."""
    made = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(made, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
