"""Order and repetition: what is sent twice is once, and what is about different people comes in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from interop.clock import ManualClock
from interop.mapping.reading import families
from interop.store.sqlite import SqliteStore
from tests.spec.engine.messages import adt
from tests.spec.engine.orders import Record, Said, differences, examples, extension, hospital

CAME = 1_767_600_000_000_000
"""When the first of the messages came, for those that tell no time of their own."""
LONG = pytest.mark.long
EXAMPLES = pytest.mark.parametrize("count", [15, pytest.param(3_000, marks=LONG)])


class Workbench:
    """Makes records."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.loop = folder, asyncio.new_event_loop()
        store = SqliteStore.open(folder / "template", clock=ManualClock())
        self.loop.run_until_complete(store.close())

    def record(self) -> Record:
        return Record(self.folder / "record", self.folder / "template", self.loop)

    def told(
        self, messages: Sequence[Said], order: Sequence[int], cuts: Sequence[int]
    ) -> tuple[dict[str, object], set[frozenset[str]]]:
        """What a record says that was told these messages in that order, in batches that end at ``cuts``."""
        record = self.record()
        try:
            sent = [(messages[place], CAME + place) for place in order]
            record.tell(sent[low:high] for low, high in zip([0, *cuts], [*cuts, len(sent)], strict=True) if high > low)
            return record.says()
        finally:
            record.close()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    made = Workbench(tmp_path_factory.mktemp("orders"))
    yield made
    made.loop.close()


def hospitals(*feeds: str, only: tuple[bytes, ...] = ()) -> st.SearchStrategy[tuple[object, ...]]:
    """What is drawn for a message of a hospital; ``only``: of these events alone."""
    templates = [one for one in examples("hl7v2") if not only or one.split(b"|")[8][4:7] in only]
    people = st.permutations(["L1", "L2", "L3"])
    return st.tuples(
        st.sampled_from(feeds), st.sampled_from(templates), people, st.integers(1, 5), st.integers(1, 2), st.booleans()
    )


def others() -> st.SearchStrategy[tuple[object, ...]]:
    """A worked example of any other family."""
    return st.sampled_from([name for name in families() if name != "hl7v2" and examples(name)]).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(examples(name)))
    )


def message(drawn: tuple[object, ...], number: int) -> Said:
    if len(drawn) == 2:
        return Said.of(*drawn)  # type: ignore[arg-type]
    feed, template, people, day, visit, known = drawn
    return Said.of(feed, hospital(template, number, people[0], people[1], day, visit, known))  # type: ignore[arg-type,index]


def repeated(data: st.DataObject, messages: Sequence[Said], order: list[int]) -> list[int]:
    """Some of the messages once more, later; those that tell no time of their own are known to the journal by what they hold."""
    order = list(order)
    timed = [place for place, said in enumerate(messages) if said.timed]
    for place in data.draw(st.lists(st.sampled_from(timed), max_size=3), label="repeated") if timed else ():
        first = order.index(place)
        order.insert(data.draw(st.integers(first + 1, len(order)), label="at"), place)
    return order


def cut(data: st.DataObject, length: int) -> list[int]:
    return sorted(data.draw(st.lists(st.integers(1, length), max_size=4), label="batches end at"))


@EXAMPLES
def test_any_interleaving_that_keeps_each_persons_order_and_any_repetition_says_the_same(bench: Workbench, count: int) -> None:
    """Messages of all families, some of a feed that tells all of some things; in batches of any size."""

    @settings(max_examples=count)
    @given(st.lists(st.one_of(hospitals("hl7v2", "pas"), hospitals("hl7v2", "pas"), others()), min_size=2, max_size=8), st.data())
    def check(drawn: list[tuple[object, ...]], data: st.DataObject) -> None:
        messages = [message(one, number) for number, one in enumerate(drawn)]
        choices = data.draw(st.lists(st.integers(0, 7), min_size=len(messages), max_size=len(messages)), label="choices")
        order = repeated(data, messages, extension(messages, choices))
        event("in another order" if order != sorted(set(order)) else "as it was")
        alike(bench, messages, order, cut(data, len(order)))

    check()


@EXAMPLES
def test_what_a_hospital_says_comes_in_any_order_at_all(bench: Workbench, count: int) -> None:
    """More than is promised: the time of the event decides, so that even of one person the later may come first. Merges, links,
    moves, visits, cancellations, appointments, results, documents; some people known by one NHS number."""

    @settings(max_examples=count)
    @given(st.lists(hospitals("hl7v2"), min_size=2, max_size=8), st.data())
    def check(drawn: list[tuple[object, ...]], data: st.DataObject) -> None:
        messages = [message(one, number) for number, one in enumerate(drawn)]
        order = repeated(data, messages, data.draw(st.permutations(range(len(messages))), label="order"))
        alike(bench, messages, order, cut(data, len(order)))

    check()


@EXAMPLES
def test_merges_and_links_and_what_undoes_them_come_in_any_order(bench: Workbench, count: int) -> None:
    """Whichever of the two people a message names first."""
    events = (b"A40", b"A24", b"A37", b"A08", b"A31", b"A34", b"A18", b"A30")

    @settings(max_examples=count)
    @given(st.lists(hospitals("hl7v2", only=events), min_size=2, max_size=7), st.data())
    def check(drawn: list[tuple[object, ...]], data: st.DataObject) -> None:
        messages = [message(one, number) for number, one in enumerate(drawn)]
        order = repeated(data, messages, data.draw(st.permutations(range(len(messages))), label="order"))
        alike(bench, messages, order, cut(data, len(order)))

    check()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "each by itself"])
def test_of_one_person_the_newest_event_is_what_is_said_whenever_it_comes(
    bench: Workbench, order: tuple[int, ...], together: bool
) -> None:
    """What is said is written here: the properties above compare what one fold makes of two orders, whichever fact it takes."""
    told = (("A01", "FIRST", "05"), ("A02", "NEWEST", "07"), ("A02", "BETWEEN", "06"))
    messages = [
        Said.of("hl7v2", adt(event, f"C{day}", family=name, ward=f"{name}^BED", at=f"202601{day}100000"))
        for event, name, day in told
    ]
    resources: dict[str, Any] = dict(bench.told(messages, order, [] if together else [1, 2])[0])
    (patient,) = [body for name, body in resources.items() if name.startswith("Patient/")]
    assert patient["name"][0]["family"] == "NEWEST"
    (visit,) = [body for name, body in resources.items() if name.startswith("Encounter/")]
    active = [each["location"]["reference"] for each in visit["location"] if each.get("status", "active") == "active"]
    (bed,) = [resources[reference] for reference in active]
    assert "NEWEST" in str(bed), visit["location"]


def alike(bench: Workbench, messages: Sequence[Said], order: Sequence[int], cuts: Sequence[int]) -> None:
    """Told in that order the record says what it does when each is told once, by itself, in the order that they are in."""
    plain = range(len(messages))
    resources, persons = bench.told(messages, plain, [*plain][1:])
    otherwise, grouped = bench.told(messages, order, cuts)
    assert differences(resources, otherwise) == {}
    assert persons == grouped


def told_of(told: Sequence[tuple[bytes, str, str, int]]) -> list[Said]:
    """Messages (event, the person, the other, day of January)."""
    by_event = {one.split(b"|")[8][4:7]: one for one in reversed(examples("hl7v2"))}
    return [
        Said.of("hl7v2", hospital(by_event[event], number, person, other, day, 1, False))
        for number, (event, person, other, day) in enumerate(told)
    ]


def sent(bench: Workbench, *told: tuple[bytes, str, str, int]) -> tuple[dict[str, object], set[frozenset[str]]]:
    """What is said after messages, each by itself."""
    messages = told_of(told)
    return bench.told(messages, range(len(messages)), range(1, len(messages)))


@pytest.mark.parametrize(("one", "other"), [("L1", "L2"), ("L2", "L1")])
def test_a_link_that_is_undone_leaves_a_merge_of_the_two_as_it_is(bench: Workbench, one: str, other: str) -> None:
    """A37 undoes A24 and no A40, whichever of the two it names first, however often the merge is told."""
    known = (b"A08", "L1", "L3", 1), (b"A08", "L2", "L3", 1), (b"A40", "L1", "L2", 2)
    _, merged = sent(bench, *known)
    _, unlinked = sent(bench, *known, (b"A37", one, other, 3))
    _, again = sent(bench, *known, (b"A37", one, other, 3), known[2])
    assert max(map(len, merged)) == 2
    assert merged == unlinked == again


@pytest.mark.parametrize("order", list(permutations(range(5)))[::9])
def test_who_was_merged_into_two_who_are_not_one_is_with_neither(bench: Workbench, order: tuple[int, ...]) -> None:
    """The number that is retired is not to be spoken of again (HL7 v2.4 3.3.40): nobody knows which merge is wrong."""
    told = [
        (b"A08", "L1", "L1", 1),
        (b"A08", "L2", "L2", 1),
        (b"A08", "L3", "L3", 1),
        (b"A40", "L1", "L2", 2),
        (b"A40", "L3", "L2", 3),
    ]
    messages = told_of(told)
    alike(bench, messages, order, range(1, len(order)) if order[0] % 2 else [])
    _, persons = bench.told(messages, order, [])
    assert sorted(map(len, persons)) == [1, 1, 1]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::3])
def test_a_merge_that_is_told_again_into_whoever_survives_is_none_into_two(bench: Workbench, order: tuple[int, ...]) -> None:
    """L2 into L1, L1 into L3, and L2 into L3 besides, as many a hospital tells it."""
    told = [(b"A08", "L2", "L2", 1), (b"A40", "L1", "L2", 2), (b"A40", "L3", "L1", 3), (b"A40", "L3", "L2", 4)]
    _, persons = bench.told(told_of(told), order, [])
    assert sorted(map(len, persons)) == [3]


def test_who_says_what_was_known_has_contributed_all_the_same(bench: Workbench) -> None:
    """Agreements are about who contributed: that may not depend on who came first."""
    told = [Said.of("documents", body) for body in examples("documents")]
    resources, _ = bench.told(told, range(len(told)), [])
    otherwise, _ = bench.told(told, [*range(len(told))][::-1], [])
    sources = [{name: one["of"][0] for name, one in said.items()} for said in (resources, otherwise)]  # type: ignore[index]
    assert sources[0] == sources[1]
    assert any("," in source for source in sources[0].values())


def test_the_comparison_finds_what_is_missing_and_what_is_older(bench: Workbench) -> None:
    """A check that cannot fail is none."""
    (first, alone), (both, two) = (
        sent(bench, (b"A08", "L1", "L3", 1)),
        sent(bench, (b"A08", "L1", "L3", 1), (b"A01", "L2", "L3", 1)),
    )
    assert {name.partition("/")[0] for name in differences(first, both)} >= {"Patient", "Encounter"}
    assert alone != two
    moved, _ = sent(bench, (b"A01", "L1", "L3", 1), (b"A02", "L1", "L3", 2))
    before, _ = sent(bench, (b"A01", "L1", "L3", 2), (b"A02", "L1", "L3", 1))
    assert differences(moved, before)
