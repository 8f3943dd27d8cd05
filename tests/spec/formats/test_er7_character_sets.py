"""MSH-18 names the character set of the message (HL7 v2.4, 2.16.9.18, table 0211)."""

from __future__ import annotations

import pytest

from interop.errors import Problem
from interop.formats import er7


def body(declared: str, name: bytes) -> bytes:
    return b"MSH|^~\\&|PAS|RXA|||||ADT^A31|1|P|2.4||||||" + declared.encode() + b"|EN\rPID|1||9990000018||" + name + b"^A"


def name(content: bytes) -> str:
    return er7.Message.parse(content).all("PID")[0][5]


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("UNICODE", "utf-8"),
        ("UNICODE UTF-8", "utf-8"),
        ("unicode utf-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("UTF8", "utf-8"),
        ("8859/1", "latin-1"),
        ("ISO-8859-1", "latin-1"),
        ("8859/15", "iso8859_15"),
        ("8859/9", "iso8859_9"),
        ("Windows-1252", "cp1252"),
        ("WINDOWS-1252", "cp1252"),
        ("8859/1~UNICODE UTF-8", "latin-1"),
    ],
)
def test_the_declared_set_is_the_one_used(declared: str, encoding: str) -> None:
    assert name(body(declared, "JÜRGENS".encode(encoding))) == "JÜRGENS^A"


def test_sets_that_differ_in_a_letter_are_told_apart() -> None:
    assert name(body("8859/2", "ŁUKASZ".encode("iso8859_2"))) == "ŁUKASZ^A"
    assert name(body("8859/5", "Иванов".encode("iso8859_5"))) == "Иванов^A"
    assert name(body("8859/15", b"\xa4")) == "€^A"


def test_8859_1_holds_the_letters_that_senders_take_from_Windows_1252() -> None:
    assert name(body("8859/1", "O’BRIEN".encode("cp1252"))) == "O’BRIEN^A"


@pytest.mark.parametrize("declared", ["", "ASCII"])
def test_without_a_declaration_bytes_beyond_ASCII_are_UTF_8_or_else_Windows_1252(declared: str) -> None:
    assert name(body(declared, "Zoë".encode())) == "Zoë^A"
    assert name(body(declared, "Zoë".encode("cp1252"))) == "Zoë^A"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_sixteen_bit_bodies_are_known_by_mark_or_zero_bytes(encoding: str) -> None:
    text = body("UNICODE UTF-16", "Zoë".encode()).decode("utf-8")
    assert name(text.encode(encoding)) == "Zoë^A"
    assert er7.header(text.encode(encoding)).pid[5] == "Zoë^A"


def test_a_sixteen_bit_body_that_declares_eight_bits_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        name(body("8859/1", b"X").decode().encode("utf-16"))
    assert (caught.value.reason.name, caught.value.where) == ("character-set", "MSH-18")


def test_an_eight_bit_body_that_declares_sixteen_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        name(body("UNICODE UTF-16", b"X"))
    assert (caught.value.reason.name, caught.value.where) == ("character-set", "MSH-18")


@pytest.mark.parametrize("declared", ["GB 18030-2000", "ISO IR87", "KS X 1001", "BIG-5", "KLINGON"])
@pytest.mark.parametrize("content", [b"WANG", b"\xcd\xf5"])
def test_an_unsupported_set_is_refused_even_where_the_message_has_only_ASCII(declared: str, content: bytes) -> None:
    with pytest.raises(Problem) as caught:
        name(body(declared, content))
    assert (caught.value.reason.name, caught.value.where) == ("character-set", "MSH-18")


@pytest.mark.parametrize(("declared", "content"), [("UNICODE UTF-8", b"Zo\xeb"), ("UNICODE", b"Zo\xeb"), ("8859/1", b"Zo\x81")])
def test_bytes_that_the_declared_set_lacks_are_refused_at_their_field(declared: str, content: bytes) -> None:
    for read in (er7.Message.parse, er7.header):
        with pytest.raises(Problem) as caught:
            read(body(declared, content))
        assert (caught.value.reason.name, caught.value.where) == ("character-set", "PID-5")


def test_a_sender_name_in_the_declared_set_is_decoded_too() -> None:
    content = body("8859/1", b"X").replace(b"PAS", "HÔPITAL".encode("latin-1"))
    assert er7.Message.parse(content).segments[0][3] == "HÔPITAL"
    assert er7.header(content).msh[3] == "HÔPITAL"
