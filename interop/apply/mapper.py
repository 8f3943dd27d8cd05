"""A mapper process: reads batches from a socket, maps them, writes what they yield. It opens no store.

Frames both ways are a length (4 bytes, big-endian) and a pickle; the socket is between a parent and its own child.
"""

from __future__ import annotations

import gc
import pickle
import signal
import socket
import struct
import sys

from interop.apply.mapping_work import map_batch
from interop.ids import Mint

LENGTH = struct.Struct(">I")
READY = LENGTH.pack(0)
"""Said once, before the first batch: from then on a death is of the work."""


def main() -> None:
    """``python -m interop.apply.mapper FD``: serve until the socket closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as link:
        key = _read(link)
        if key is None:
            return
        mint = Mint(pickle.loads(key))
        gc.freeze()
        link.sendall(READY)
        gc.set_threshold(50_000, 20, 100)
        while (data := _read(link)) is not None:
            answer = pickle.dumps(map_batch(pickle.loads(data), mint), protocol=5)
            link.sendall(LENGTH.pack(len(answer)) + answer)


def _read(link: socket.socket) -> bytes | None:
    head = _exactly(link, LENGTH.size)
    return None if head is None else _exactly(link, LENGTH.unpack(head)[0])


def _exactly(link: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        try:
            part = link.recv(min(size - len(parts), 1 << 20))
        except ConnectionError:
            return None
        if not part:
            return None
        parts += part
    return bytes(parts)


if __name__ == "__main__":
    main()
