"""Source messages for the tests of ingest."""

from __future__ import annotations


def admission(control_id: str = "1", family: str = "ASHDOWN", trigger: str = "ADT^A01") -> bytes:
    """An ITK ADT message of one invented person."""
    segments = [
        f"MSH|^~\\&|PAS|RXX|ENGINE|RXX|20260110090000||{trigger}|{control_id}|P|2.4",
        f"EVN|{trigger[4:7]}|20260110090000",
        f"PID|||H{control_id}^^^RXX^PI||{family}^MARY||19500304|2",
        "PV1||I|WARD4^^^RXX||||C1234567^GREEN^ANNE||||||||||||E1^^^RXX|||||||||||||||||||||||||20260110090000",
    ]
    return "\r".join(segments).encode() + b"\r"
