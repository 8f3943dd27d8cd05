"""A pseudonym is of one person, practice, purpose and period, and leads back to nobody without the key."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from interop.api.operations.relinking import FORM
from interop.population.pseudonyms import NAME, Pseudonyms, beginning, period_of, periods

KEYS = st.binary(min_size=32, max_size=32)
NAMED = st.tuples(*(st.text("abcdefgh0123456789-", min_size=1, max_size=12) for _ in range(4)))
MONTH = 31 * 86_400_000_000


@given(KEYS, NAMED, NAMED)
def test_whatever_differs_gives_another(key: bytes, one: tuple[str, str, str, str], other: tuple[str, str, str, str]) -> None:
    """Person, practice, purpose, period: two lists that differ in one have no pseudonym in common."""
    made = Pseudonyms(key)
    assert (made.of(*one) == made.of(*other)) == (one == other)


@given(KEYS, KEYS, NAMED)
def test_another_key_gives_another(key: bytes, other: bytes, named: tuple[str, str, str, str]) -> None:
    assume(key != other)
    assert Pseudonyms(key).of(*named) != Pseudonyms(other).of(*named)


@given(KEYS, NAMED)
def test_it_is_of_one_form_and_says_nothing_of_what_it_is_made_of(key: bytes, named: tuple[str, str, str, str]) -> None:
    assert FORM.fullmatch(Pseudonyms(key).of(*named))


def test_a_period_is_a_month_and_lasts_into_the_next() -> None:
    new_year = 1_767_225_600_000_000
    assert period_of(new_year) == "2026-01"
    assert period_of(new_year - 1_000_000) == "2025-12"
    assert periods(new_year) == ("2026-01", "2025-12")
    assert periods(new_year + 2 * MONTH) == ("2026-03", "2026-02")


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = Pseudonyms.kept(tmp_path).of("p", "A81001", "analytics/risk", "2026-01")
    assert Pseudonyms.kept(tmp_path).of("p", "A81001", "analytics/risk", "2026-01") == first
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert Pseudonyms.kept(tmp_path / "another").of("p", "A81001", "analytics/risk", "2026-01") != first


def test_a_key_that_is_made_is_told_without_it(tmp_path: Path) -> None:
    """A lost one is seen in the log: no list that is out is linked any more."""
    with capture_logs() as lines:
        Pseudonyms.kept(tmp_path)
        Pseudonyms.kept(tmp_path)
        (tmp_path / NAME).unlink()
        Pseudonyms.kept(tmp_path)
    assert lines == [{"event": "a key of pseudonyms was made", "log_level": "info"}] * 2


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda _: Pseudonyms.kept(tmp_path / "data").of("p", "A81001", "analytics/risk", "2026-01"), range(32))
        )
    assert len(set(made)) == 1
    assert [each.name for each in (tmp_path / "data").iterdir()] == [NAME]


@given(st.integers(0, 4_000_000_000))
def test_a_period_begins_with_its_month(now: int) -> None:
    began = beginning(now * 1_000_000)
    assert period_of(began) == period_of(now * 1_000_000)
    assert period_of(began - 1) != period_of(now * 1_000_000)
    assert began <= now * 1_000_000


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"short")
    with pytest.raises(ValueError, match="restore it"):
        Pseudonyms.kept(tmp_path)
