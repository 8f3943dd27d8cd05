"""Bodies: a file is one message, or one a line."""

from __future__ import annotations

from io import BytesIO

import pytest

from interop.errors import Problem
from interop.formats.bodies import objects, whole


@pytest.mark.parametrize(
    ("file", "bodies"),
    [
        (b'{"a": 1}', [b'{"a": 1}']),
        (b'{"a":\n 1}\n', [b'{"a":\n 1}\n']),
        (b'{"a": 1}\n\n{"a": 2} \r\n', [b'{"a": 1}', b'{"a": 2} ']),
        (b"<a>\n<b/>\n</a>", [b"<a>\n<b/>\n</a>"]),
        (b"", [b""]),
    ],
)
def test_a_line_is_a_message_where_every_line_is_an_object(file: bytes, bodies: list[bytes]) -> None:
    assert list(objects(BytesIO(file))) == bodies


def test_no_more_is_read_than_a_message_may_be() -> None:
    stream = BytesIO(b"x" * 100)
    with pytest.raises(Problem) as caught:
        whole(stream, limit=10)
    assert (caught.value.reason.name, stream.tell()) == ("too-large", 11)
    assert whole(BytesIO(b"x" * 10), limit=10) == b"x" * 10
