"""HL7 v2.4 messages of invented people, one fact at a time."""

from __future__ import annotations

from conformance.generate.numbers import nhs_number

ZELDA = nhs_number(4_711)
"""A number of the 999 range that passes modulus 11."""


def adt(
    event: str = "A01",
    control: str = "C1",
    *,
    local: str = "L1001",
    nhs: str = "",
    family: str = "QUARRINGTON",
    born: str = "19480312",
    phone: str = "01632960141",
    visit: str = "V1001",
    ward: str = "WARD7^BAY2^4^RX1",
    at: str = "20260105100000",
    sent: str = "20260105101500",
    merged: str = "",
    version: str = "2.4",
    processing: str = "P",
    charset: str = "UNICODE UTF-8",
    status: str = "NSTS01",
    extra: tuple[str, ...] = (),
) -> bytes:
    """ADT; ``at`` is EVN-6, ``merged`` the retired local number of an A40. ``nhs`` joins the local number in PID-3, its
    ``status`` (ITK table 0445) in PID-32."""
    numbers = f"{local}^^^PAS" + (f"~{nhs}^^^NHS" if nhs else "")
    segments = [
        f"MSH|^~\\&|PAS|RX1|ROUTE|ROUTE|{sent}||ADT^{event}|{control}|{processing}|{version}|||||GBR|{charset}|EN||iTKv1.0",
        f"EVN||{at}||||{at}",
        f"PID|1||{numbers}||{family}^ZELDA^^^MS||{born}|2|||7 Tolpuddle Row^^Eastmere^Mereshire^QX9 7ZD||{phone}"
        + ("|" * 19 + status if nhs and status else ""),
    ]
    segments += [f"MRG|{merged}^^^PAS"] if event == "A40" else [f"PV1|1|I|{ward}||||||||||||||||{visit}"]
    return ("\r".join([*segments, *extra]) + "\r").encode()
