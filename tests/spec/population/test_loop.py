"""A list goes out by pseudonym; the patient's own clinicians link it again, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.population.practice import GP, population, practice

pytestmark = pytest.mark.anyio


async def test_whoever_ranks_highest_stands_first_and_their_own_practice_knows_who_it_is(tmp_path: Path) -> None:
    async with practice(tmp_path, population()) as here:
        found = await here.rows()
        assert [row["rank"] for row in found] == list(range(1, 13))
        assert [row["risk"] for row in found] == sorted((row["risk"] for row in found), reverse=True)
        answer = await here.relinked(GP, *(row["pseudonym"] for row in found))
        people = [answer[row["pseudonym"]] for row in found]
        assert set(people[:6]) == {f"Patient/person-{place}" for place in range(6, 12)}
        assert set(people[6:]) == {f"Patient/person-{place}" for place in range(6)}
