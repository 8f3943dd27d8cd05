"""One lock-step MLLP connection (HL7 v2 transport specification, MLLP release 1)."""

from __future__ import annotations

import socket
from types import TracebackType

START, END = b"\x0b", b"\x1c\r"


class Link:
    """Sends a message, waits for its acknowledgement."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=60)
        self._rest = b""

    def __enter__(self) -> Link:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def send(self, body: bytes) -> str:
        """The acknowledgement code (MSA-1); '' where the other side closed."""
        self._socket.sendall(START + body + END)
        while END not in self._rest:
            part = self._socket.recv(65_536)
            if not part:
                return ""
            self._rest += part
        answer, _, self._rest = self._rest.partition(END)
        for segment in answer.split(b"\r"):
            if segment.startswith(b"MSA"):
                return segment[4:6].decode("ascii", "replace")
        return ""
