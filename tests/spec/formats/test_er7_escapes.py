"""Escape sequences in text (HL7 v2.4, 2.10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.formats import er7

OTHER = er7.Delimiters("#", "*", ":", "?", "%")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a \F\ b", "a | b"),
        (r"a \S\ b", "a ^ b"),
        (r"a \T\ b", "a & b"),
        (r"a \R\ b", "a ~ b"),
        (r"a \E\ b", "a \\ b"),
        (r"\E\F\E\ ", "\\F\\ "),
        (r"one\.br\two", "one\ntwo"),
        (r"one\.sp2\two", "one\n\ntwo"),
        (r"one\.ce\two", "one\ntwo"),
        (r"one\.sk3\two", "one   two"),
        (r"\.in+4\text\.ti-2\.", "text."),
        (r"\H\urgent\N\ stop", "urgent stop"),
        (r"\X0D0A\ ", "\r\n "),
        ("no escape at all", "no escape at all"),
    ],
)
def test_sequences_of_the_standard(written: str, meant: str) -> None:
    assert er7.unescape(written, er7.STANDARD) == meant


@pytest.mark.parametrize("written", [r"\Zlocal\ ", r"\Q\ ", r"C:\letters", "half\\", r"\X0\ ", r"\X\ ", r"\XGG\ ", r"\C2842\ "])
def test_what_no_sequence_matches_is_kept_as_it_is(written: str) -> None:
    assert er7.unescape(written, er7.STANDARD) == written


def test_the_declared_delimiters_are_what_the_letters_mean() -> None:
    assert er7.unescape("?F??S??R??E??T?", OTHER) == "#*:?%"
    assert er7.unescape(r"\F\ ", OTHER) == r"\F\ "


def test_a_delimiter_that_is_not_declared_has_no_escape() -> None:
    assert er7.unescape(r"\T\\S\ ", er7.Delimiters("|", "^", "~", "\\", "")) == r"\T\^ "
    assert er7.unescape(r"\S\ ", er7.Delimiters("|", "^", "~", "", "")) == r"\S\ "


def test_hexadecimal_bytes_are_of_the_character_set_of_the_message() -> None:
    assert er7.unescape(r"Zo\XEB\ ", er7.STANDARD, "cp1252") == "Zoë "
    assert er7.unescape(r"Zo\XC3AB\ ", er7.STANDARD, "utf-8") == "Zoë "
    assert er7.unescape(r"Zo\XEB\ ", er7.STANDARD, "utf-8") == r"Zo\XEB\ "
    assert er7.unescape(r"Zo\XEB\ \XC3AB\ ", er7.STANDARD, "ascii") == "Zoë ë "


@given(st.text())
def test_unescape_undoes_escape(text: str) -> None:
    for delimiters in (er7.STANDARD, OTHER):
        assert er7.unescape(er7.escape(text, delimiters), delimiters) == text


@given(st.text())
def test_escaped_text_holds_no_delimiter_and_no_line_end(text: str) -> None:
    written = er7.escape(text)
    assert not set(written) & set("|^~&\r\n")
    message = er7.Message.parse(f"MSH|^~\\&|A|||||||||||||||UTF-8\rNTE|1||{written}|end".encode("utf-8", "replace"))
    assert message.all("NTE")[0][4] == "end"
