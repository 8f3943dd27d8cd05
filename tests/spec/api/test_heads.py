"""The head of a request: what its fields alone tell, found out once and never of another head."""

from __future__ import annotations

from hashlib import sha256

import pytest

from interop.api.asgi import Head, Request, lines


def test_values_of_a_field_that_is_repeated_stand_behind_each_other() -> None:
    head = Head([(b"accept", b"a"), (b"host", b"x"), (b"accept", b"b")])
    assert head.named == {b"accept": b"a, b", b"host": b"x"}


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ([], b"localhost"),
        ([b"Care.Example"], b"care.example"),
        ([b"care.example:8080"], b"care.example"),
        ([b"[::1]"], b"[::1]"),
        ([b"[::1]:8080"], b"[::1]"),
        ([b"care.example:"], b""),
        ([b"care.example:evil"], b""),
        ([b"care.example", b"care.example"], b""),
    ],
    ids=["none", "letters", "port", "address", "address and port", "empty port", "no port", "two"],
)
def test_a_request_names_its_host_once_and_with_a_port_or_without(said: list[bytes], host: bytes) -> None:
    assert Head([(b"host", each) for each in said]).host == host


def test_a_token_is_known_by_a_digest_of_all_that_authorization_says() -> None:
    assert Head([(b"accept", b"a")]).token == b""
    assert Head([(b"authorization", b"Bearer a")]).token == sha256(b"Bearer a").digest()
    twice = Head([(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")])
    assert twice.token == sha256(b"Bearer a, Bearer b").digest()


def test_a_request_within_a_request_has_the_head_that_it_was_given() -> None:
    outer = Request({"method": "GET", "path": "/", "headers": Head([(b"authorization", b"Bearer a")])}, None)  # type: ignore[arg-type]
    assert outer.head.token
    inner = Request({**outer.scope, "headers": [(b"host", b"x")]}, None)  # type: ignore[arg-type]
    assert (inner.head.token, inner.headers) == (b"", {b"host": b"x"})


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb"], ids=["a field", "a line", "a return"])
def test_a_header_is_one_line(value: bytes) -> None:
    assert lines([(b"etag", b"a"), (b"vary", b"b")]) == b"etag: a\r\nvary: b\r\n"
    with pytest.raises(ValueError, match="line break"):
        lines([(b"etag", b"a"), (b"location", value)])
