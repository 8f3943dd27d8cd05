"""Who is one person follows from what is said and not from the order in which it came: over invented people, ties and decisions."""

from __future__ import annotations

import tempfile
from itertools import combinations
from pathlib import Path
from random import Random

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interop.apply.mapping_work import Piece, Yield
from interop.apply.persons import Linker
from interop.clock import ManualClock
from interop.fhir.rows import IndexRow
from interop.identity.decisions import Decided
from interop.identity.grouping import APART, SAME, groups, pair
from interop.identity.linking import is_number_alone, known_by, number_of, verdict
from interop.ids import NHS_NUMBER
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Group
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed
from tests.spec.store.build import T0, put

NUMBERS = ("9990000018", "9990000026")
IDENTITIES = st.one_of(
    st.just(""),
    st.builds(
        "|".join,
        st.tuples(
            st.sampled_from(NUMBERS),
            st.sampled_from(("1941-03-17", "1941-03-18")),
            st.sampled_from(("ashdown", "brook", "ashdown-brook")),
            st.sampled_from(("mary", "anne", "m", "polly", "")),
            st.sampled_from(("f", "m", "")),
            st.sampled_from(("v", "")),
        ),
    ),
    st.sampled_from([f"{number}|||||v" for number in NUMBERS]),
)
NAMES = tuple("abcdef")
PAIRS = st.sampled_from(list(combinations(NAMES, 2)))
PEOPLE = st.fixed_dictionaries(dict.fromkeys(NAMES, IDENTITIES))
TIES = st.dictionaries(PAIRS, st.just(True), max_size=3)
MERGES = st.frozensets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda two: two[0] != two[1]), max_size=4)
"""Who was retired, and into whom."""
DECISIONS = st.dictionaries(PAIRS, st.sampled_from((SAME, APART)), max_size=4)


@given(PEOPLE, TIES, DECISIONS, MERGES, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_groups_do_not_depend_on_any_order_and_keep_apart_what_was_decided(
    people: dict[str, str],
    ties: dict[tuple[str, str], bool],
    decisions: dict[tuple[str, str], str],
    merges: frozenset[tuple[str, str]],
    random: Random,
) -> None:
    made = groups(people, ties, decisions, merges)
    shuffled = [random.sample(list(each.items()), len(each)) for each in (people, ties, decisions)]
    mixed = random.sample(sorted(merges), len(merges))
    assert groups(dict(shuffled[0]), list(dict(shuffled[1])), dict(shuffled[2]), mixed) == made
    assert sorted(name for members in made for name in members) == list(NAMES)
    for members in made:
        assert not any(decisions.get(pair(*two)) == APART for two in combinations(members, 2))


@given(MERGES, TIES)
@settings(max_examples=300, deadline=None)
def test_who_was_merged_into_several_is_with_none_of_them_or_they_are_one_person_without_that(
    merges: frozenset[tuple[str, str]], ties: dict[tuple[str, str], bool]
) -> None:
    """Of nobody but sources: what is left out is that one's merges alone."""
    people = dict.fromkeys(NAMES, "")
    place = {name: at for at, members in enumerate(groups(people, ties, {}, merges)) for name in members}
    for retired in NAMES:
        survivors = {into for who, into in merges if who == retired}
        without = groups(people, ties, {}, [two for two in merges if two[0] != retired])
        apart = {name: at for at, members in enumerate(without) for name in members}
        if len({apart[each] for each in survivors}) > 1:
            assert place == apart
        else:
            assert all(place[each] == place[retired] for each in survivors)


@given(PEOPLE)
@settings(max_examples=150, deadline=None)
def test_by_the_rules_alone_nobody_is_with_whom_the_rules_hold_against_them(people: dict[str, str]) -> None:
    """Not by a third either."""
    for members in groups(people, (), {}):
        for a, b in combinations(members, 2):
            assert number_of(people[a]) == number_of(people[b]) != ""
            assert verdict(people[a], people[b]).verdict != "conflict"
            if not (is_number_alone(people[a]) or is_number_alone(people[b])):
                assert known_by(people[a]).birth == known_by(people[b]).birth


@given(PEOPLE, TIES, DECISIONS, MERGES, st.randoms(use_true_random=False))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_stored_is_the_same_in_whatever_order_it_is_told(
    people: dict[str, str],
    ties: dict[tuple[str, str], bool],
    decisions: dict[tuple[str, str], str],
    merges: frozenset[tuple[str, str]],
    random: Random,
) -> None:
    steps = [*people.items(), *((key, "tie") for key in ties), *decisions.items(), *((two, "merge") for two in merges)]
    linked = [key for key in ties if not merges & {key, key[::-1]}]
    expected = {frozenset(members) for members in groups(people, linked, decisions, merges)}
    assert anyio.run(_stored, people, random.sample(steps, len(steps))) == expected


async def _stored(people: dict[str, str], steps: list[tuple[object, str]]) -> set[frozenset[str]]:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore.open(Path(folder), clock=ManualClock())
        try:
            for message, (what, said) in enumerate(steps, 1):
                linker = Linker(store)
                puts = []
                if isinstance(what, str):
                    piece = Piece("Patient", what, "pas", "", "upsert", "", b"", identity=said)
                    await linker.load([Yield(message, "pas", "ADT^A01", pieces=[piece])], {what})
                    linker.seen(what, said, message, T0)
                    rows = [IndexRow("identifier", "token", NHS_NUMBER, number_of(said))] if said else []
                    puts = [put("Patient", what, 1, *rows, at=T0 + message)]
                elif isinstance(what, tuple) and said == "tie":
                    linker.pair(what[0], what[1], True, message, T0)
                elif isinstance(what, tuple) and said == "merge":
                    linker.relink(what[0], what[1], message, T0)
                elif isinstance(what, tuple):
                    linker.decided(Decided(what[0], what[1], said), message, T0)
                links, events, pairs = await linker.settled()
                assert isinstance(await store.commit(Change(puts=puts, links=links, link_events=events, pairs=pairs)), Committed)
            return {frozenset(await store.query(Group(PERMIT_ALL, name))) for name in people}
        finally:
            await store.close()
