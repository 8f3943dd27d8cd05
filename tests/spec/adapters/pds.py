"""The Personal Demographics Service as it answers: Patients of the 999 range, errors, a client whose clock the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from adapters.pds import service
from interop.errors import Problem
from interop.ports.demographics import Demographics, Reached

BASE = "https://pds.test/personal-demographics/FHIR/R4"
TOKENS = "https://pds.test/oauth2/token"
NUMBER, OTHER = "9990000018", "9990000026"
AT = 1_767_600_000
"""Seconds: 5 January 2026, 08:00 UTC."""
LABELS = "https://www.hl7.org/fhir/valueset-security-labels.html"
"""As the sandbox names the system of its labels."""
T = TypeVar("T")


class Hands:
    """A clock that the test turns; microseconds."""

    def __init__(self) -> None:
        self.now = AT * 1_000_000

    def __call__(self) -> int:
        return self.now

    def on(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000)


def patient(number: str = NUMBER, given: str = "Mary", family: str = "Ashdown", born: str = "1941-03-17", label: str = "U",
            system: str = LABELS, **more: Any) -> dict[str, Any]:  # fmt: skip
    """A Patient of the service; restricted ones come without address, telecom and GP."""
    url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
    status = {"coding": [{"system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus", "code": "01"}]}
    numbered = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}
    practice = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Y12345"}
    where: dict[str, Any] = {
        "address": [{"id": "456", "use": "home", "line": ["7 TOLPUDDLE ROW", "EASTMERE"], "postalCode": "QX9 7ZD"}],
        "telecom": [{"id": "789", "system": "phone", "value": "01632960587", "use": "home"}],
        "generalPractitioner": [{"id": "1", "type": "Organization", "identifier": practice}],
    }  # fmt: skip
    return {
        "resourceType": "Patient",
        "id": number,
        "meta": {"versionId": "2", "security": [{"system": system, "code": label}]},
        "identifier": [{**numbered, "extension": [{"url": url, "valueCodeableConcept": status}]}],
        "name": [{"id": "123", "use": "usual", "family": family, "given": [given]}],
        "gender": "female",
        "birthDate": born,
        **(where if label == "U" else {}),
        **more,
    }  # fmt: skip


def outcome(code: str, severity: str = "error") -> dict[str, Any]:
    """An OperationOutcome whose words name a person, as an answer's may."""
    coding = {"system": "https://fhir.hl7.org.uk/CodeSystem/Spine-ErrorOrWarningCode", "version": "1", "code": code}
    issue = {"severity": severity, "code": "value", "details": {"coding": [coding]}, "diagnostics": f"of {NUMBER} ASHDOWN"}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def searchset(*found: tuple[dict[str, Any], Any]) -> dict[str, Any]:
    """What a search is answered with: Patients and their scores."""
    entries = [{"fullUrl": f"{BASE}/Patient/{one['id']}", "search": {"score": score}, "resource": one} for one, score in found]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), **({"entry": entries} if entries else {})}


def asked(work: Callable[[Demographics], Awaitable[T]], clock: Hands | None = None, **reached: Any) -> T:
    """What comes of asking on connections of their own."""

    async def run() -> T:
        pds = service.connect(Reached(**{"url": BASE, **reached}), clock or Hands())
        try:
            return await work(pds)
        finally:
            await pds.close()

    return asyncio.run(run())


@contextmanager
def failing(reason: str) -> Iterator[None]:
    """What is done within ends with this reason."""
    with pytest.raises(Problem) as raised:
        yield
    assert raised.value.reason.name == reason


def public() -> bytes:
    """The public half of the key of 4096 bits, in PEM."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pem(4096), None).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@cache
def pem(bits: int) -> bytes:
    """A private key in PEM, made once."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65_537, bits)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def key_file(folder: Path, bits: int = 4096) -> Path:
    """The key in a file."""
    path = folder / f"pds-{bits}.pem"
    path.write_bytes(pem(bits))
    return path
