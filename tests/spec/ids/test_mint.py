"""Ids of resources: HMAC-SHA256 with the deployment's key, scoped by type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from interop.app.keys import id_key
from interop.ids import NHS_NUMBER, PUBLISHED_KEY, Mint

NUMBER = "9990000018"


def test_an_id_keeps_to_the_form_of_r4() -> None:
    """32 of the 64 letters that a FHIR id may have, whatever identifies."""
    for value in (NUMBER, "", "a b/c|d", "é" * 500):
        assert re.fullmatch(r"[a-z2-7]{32}", Mint().id("Patient", NHS_NUMBER, value))


def test_the_same_identifier_has_the_same_id() -> None:
    """In every process that has the key, so that nothing needs to be looked up."""
    assert Mint(b"k" * 32).id("Patient", NHS_NUMBER, NUMBER) == Mint(b"k" * 32).id("Patient", NHS_NUMBER, NUMBER)


def test_type_system_and_value_each_make_another() -> None:
    mint = Mint()
    made = [
        mint.id("Patient", NHS_NUMBER, NUMBER),
        mint.id("Person", NHS_NUMBER, NUMBER),
        mint.id("Patient", "urn:interop:id:RXA01", NUMBER),
        mint.id("Patient", NHS_NUMBER, "9990000026"),
        mint.id("Patient", NHS_NUMBER + NUMBER[0], NUMBER[1:]),
    ]
    assert len(set(made)) == len(made)


def test_without_the_key_an_id_cannot_be_made_from_a_number() -> None:
    """Two deployments have different ids for one person, and neither has that of the published key."""
    ids = {Mint(key).id("Patient", NHS_NUMBER, NUMBER) for key in (b"a" * 32, b"b" * 32, PUBLISHED_KEY)}
    assert len(ids) == 3


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Mint(b"short")


def test_a_deployments_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """At the first start, at random, 32 bytes, readable by nobody else; later starts find it."""
    key = id_key(tmp_path)
    assert len(key) == 32
    assert (tmp_path / "id.key").stat().st_mode & 0o077 == 0
    assert id_key(tmp_path) == key
    (tmp_path / "other").mkdir()
    assert id_key(tmp_path / "other") != key
