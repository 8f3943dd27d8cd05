"""Messages of invented people for the tests of this chapter."""

from __future__ import annotations

MSH = "MSH|^~\\&|PAS|RX1|ROUTE|ROUTE|20260105101500||{type}|{control}|P|{version}|||{accept}|{application}|GBR|UNICODE|EN||iTKv1.0"


def message(
    control: str = "C1",
    *,
    type: str = "ADT^A01^ADT_A01",
    version: str = "2.4",
    accept: str = "",
    application: str = "",
    pid: str = "PID|1||9990000018^^^NHS~00421^^^RX1PAS||MARLOW^TESS^^^MS||19480312|2",
    extra: tuple[str, ...] = (),
) -> bytes:
    """An admission of a patient who does not exist, segments ending in CR."""
    head = MSH.format(type=type, control=control, version=version, accept=accept, application=application)
    segments = [head, "EVN||20260105101000||||20260105100000", pid, "PV1|1|I|WARD7^BAY2^4^RX1", *extra]
    return ("\r".join(segments) + "\r").encode()
