"""Public keys as a JSON Web Key Set gives them (RFC 7517): signature keys that are strong enough, by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

Key = RSAKey | ECKey
ALGORITHMS: Final[dict[str, tuple[str, str]]] = {
    "RS256": ("RSA", ""),
    "RS384": ("RSA", ""),
    "PS256": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
}
"""What signatures are taken: algorithm -> kind of key and its curve. Never ``none``, never a shared secret."""
WEAKEST, STRONGEST = 2048, 8192
"""Bits of an RSA key; one that is longer costs whoever verifies."""
MOST: Final = 50
"""Keys of one set."""
PRIVATE: Final = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
"""Members that only whoever signs has."""


class KeySet:
    """The keys of a set that may verify signatures; the others are passed over."""

    def __init__(self, said: object = None) -> None:
        listed = said.get("keys") if isinstance(said, Mapping) else None
        self._keys: list[tuple[str, str, Key]] = []
        for each in listed[:MOST] if isinstance(listed, list) else ():
            key = read_key(each)
            if key is not None:
                self._keys.append((str(each.get("kid") or key.thumbprint()), str(each.get("alg") or ""), key))

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, kid: str, algorithm: str) -> Key | None:
        """The key of that id that the algorithm fits; without an id, the only one that it fits."""
        kind, curve = ALGORITHMS[algorithm]
        fitting = [
            (name, key)
            for name, only, key in self._keys
            if key.key_type == kind and only in ("", algorithm) and (not curve or key.curve_name == curve)  # type: ignore[union-attr]
        ]
        if kid:
            return next((key for name, key in fitting if name == kid), None)
        return fitting[0][1] if len(fitting) == 1 else None


def read_key(said: object) -> Key | None:
    """A public signature key; None for what is no key, not for signatures, too weak, or a secret."""
    if not isinstance(said, dict) or said.get("use", "sig") != "sig" or said.get("kty") not in ("RSA", "EC"):
        return None
    if PRIVATE & said.keys() or "verify" not in said.get("key_ops", ("verify",)):
        return None
    try:
        key: Key = RSAKey.import_key(said) if said["kty"] == "RSA" else ECKey.import_key(said)
        bits = key.raw_value.key_size
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if isinstance(key, RSAKey) and not WEAKEST <= bits <= STRONGEST:
        return None
    return key


def public(key: Key) -> dict[str, Any]:
    """A key as others may have it."""
    said: dict[str, Any] = dict(key.as_dict(private=False))
    return said
