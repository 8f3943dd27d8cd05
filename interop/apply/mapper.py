"""A mapper process: reads batches from a socket, maps them, writes what they yield. It opens no store.

Frames are a length (4 bytes, big-endian) and a pickle to the mapper, what ``transport`` packs from it; the socket is between a
parent and its own child. A batch is a list; a string is the family whose tables are to be made ready, answered as an empty batch.
"""

from __future__ import annotations

import pickle
import signal
import socket
import struct
import sys
from contextlib import suppress

from interop.apply.garbage import settle
from interop.apply.mapping_work import Yield, map_batch
from interop.apply.transport import packed
from interop.ids import Mint
from interop.mapping.library import family
from interop.record.indexing import parameters
from interop.watching.ends import quiet

LENGTH = struct.Struct(">I")
READY = LENGTH.pack(0)
"""Said once, before the first batch: from then on a death is of the work."""


def main() -> None:
    """``python -m interop.apply.mapper FD``: serve until the socket closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet(name="mapper")
    with socket.socket(fileno=int(sys.argv[1])) as link:
        key = _read(link)
        if key is None:
            return
        mint = Mint(pickle.loads(key))
        settle()
        known = 0
        link.sendall(READY)
        while (data := _read(link)) is not None:
            asked = pickle.loads(data)
            answer = packed(made_ready(asked) if isinstance(asked, str) else map_batch(asked, mint))
            link.sendall(LENGTH.pack(len(answer)) + answer)
            if family.cache_info().currsize != known:
                known = family.cache_info().currsize
                settle()


def made_ready(name: str) -> list[Yield]:
    """Compile the tables of a family and what indexes its resources; of one that cannot be, the first message of it tells."""
    with suppress(Exception):
        for kind in {resource.row.type for resource in family(name).model.resources.values()} - {""}:
            parameters(kind)
    return []


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
