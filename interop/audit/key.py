"""The key of the audit: Ed25519 (RFC 8032) signs checkpoints, and the key of the stamps follows from it."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from pathlib import Path
from typing import Final

from interop.ids.secret import kept

SIZE: Final = 32


class Verifier:
    """Knows the public key alone, 32 bytes."""

    def __init__(self, public: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        self.public = public
        self._key = Ed25519PublicKey.from_public_bytes(public)

    def signed(self, text: bytes, signature: bytes) -> bool:
        """Whether the signature is of this text by this key."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, text)
        except InvalidSignature:
            return False
        return True


class AuditKey(Verifier):
    """The secret, 32 bytes; ``stamps`` is the key of the rows' stamps, ``ids`` that of what stands for ids that are not written."""

    def __init__(self, secret: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._secret = Ed25519PrivateKey.from_private_bytes(secret)
        super().__init__(self._secret.public_key().public_bytes_raw())
        self.stamps = blake2b(b"stamps", key=secret, digest_size=32).digest()
        self.ids = blake2b(b"ids", key=secret, digest_size=32).digest()

    def sign(self, text: bytes) -> bytes:
        """The signature of a text, 64 bytes."""
        return self._secret.sign(text)

    @classmethod
    def kept(cls, path: Path) -> AuditKey:
        """The key in a file that its owner alone may read, made where there is none. Raises ValueError where it is no key."""
        secret = kept(path, lambda: secrets.token_bytes(SIZE))
        if len(secret) != SIZE:
            raise ValueError(f"The key of the audit, {path.name}, is not of {SIZE} bytes: restore it.")
        return cls(secret)
