"""Arrays of a release while it is compiled: positions of codes, links in rows, texts in one block."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

Progress = Callable[[str, int], None]
"""Called with the file that is being read and the rows read so far."""


class Ids:
    """Ascending codes as numbers, and where each is."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self.numbers = array("Q", sorted(numbers))

    def __len__(self) -> int:
        return len(self.numbers)

    def position(self, number: int) -> int:
        """-1 where it is not among them."""
        at = bisect_left(self.numbers, number)
        return at if at < len(self.numbers) and self.numbers[at] == number else -1


def rows(count: int, source: array[int], target: array[int]) -> tuple[array[int], array[int]]:
    """Links (source[k], target[k]) as rows: where each of ``count`` sources begins, and the targets, ascending, each once."""
    sizes = array("I", bytes(4 * (count + 1)))
    for each in source:
        sizes[each + 1] += 1
    starts = array("I", accumulate(sizes))
    placed = array("I", bytes(4 * len(source)))
    cursor = array("I", starts)
    for each, to in zip(source, target, strict=True):
        placed[cursor[each]] = to
        cursor[each] += 1
    begins, values = array("I", [0]), array("I")
    for at in range(count):
        values.extend(sorted(set(placed[starts[at] : starts[at + 1]])))
        begins.append(len(values))
    return begins, values


class Texts:
    """The texts of concepts in one block, written in a second pass over the same source."""

    def __init__(self, count: int, entries: Callable[[], Iterator[tuple[int, bytes]]]) -> None:
        """``entries`` gives (position, rank byte and text) and gives the same when called again."""
        sizes = array("Q", bytes(8 * (count + 1)))
        for at, text in entries():
            sizes[at + 1] += len(text) + 1
        self.starts = array("Q", accumulate(sizes))
        self.block = bytearray(self.starts[-1])
        cursor = array("Q", self.starts)
        for at, text in entries():
            begin = cursor[at]
            end = begin + len(text)
            self.block[begin:end] = text
            self.block[end] = 0x0A
            cursor[at] = end + 1
