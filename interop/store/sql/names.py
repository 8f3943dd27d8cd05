"""The dictionaries of the index tables: parameter names and code systems as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from interop.store.sql.contributors import Contributors
from interop.store.sql.statement import Steps, insert

Parameter = tuple[str, str, str]
"""Resource type ('' for access rows, which are alike for all), search parameter, kind of index row."""
NEW = (
    "SELECT 0, pid, type, name, kind FROM parameter WHERE pid > ? "
    "UNION ALL SELECT 1, sid, url, '', '' FROM system WHERE sid > ? "
    "UNION ALL SELECT 2, number, names, '', '' FROM contributors WHERE number >= ? ORDER BY 1, 2"
)
LABELS = "_security"
"""The parameter of security labels."""


class Names:
    """What the tables ``parameter`` and ``system`` hold. Names met in a transaction count for others once it is committed."""

    def __init__(self) -> None:
        self.parameters: dict[Parameter, int] = {}
        self.systems: dict[str, int] = {}
        self.contributors = Contributors()
        self.labels: set[int] = set()
        self.missed = 0
        """How often a question named what is not here; another process may have added it."""
        self._named: dict[tuple[str, str], list[int]] = {}
        self._kinds: dict[int, str] = {}
        self._all: dict[tuple[str, str], list[int]] = {}
        self._fresh_parameters: dict[Parameter, int] = {}
        self._fresh_systems: dict[str, int] = {}
        self._last_pid = self._last_sid = 0

    def load(self) -> Steps[None]:
        """Read what is new in the dictionaries: numbers are given in the order of commits."""
        kinds: tuple[list[Any], ...] = ([], [], [])
        for which, number, *said in (yield NEW, (self._last_pid, self._last_sid, self.contributors.known)):
            kinds[which].append((number, *said))
        for pid, type_, name, kind in kinds[0]:
            self._parameter((type_, name, kind), pid)
        for sid, url, *_ in kinds[1]:
            self._system(url, sid)
        self.contributors.add((number, text) for number, text, *_ in kinds[2])

    @property
    def size(self) -> int:
        """Changes whenever more is known."""
        return len(self.parameters) + len(self.systems) + self.contributors.known

    @property
    def fresh(self) -> bool:
        """Whether the transaction at hand has learnt anything."""
        return bool(self._fresh_parameters or self._fresh_systems or self.contributors.fresh)

    def misses(self, *, whole: bool) -> int:
        """How often something was asked that is not here, or, with ``whole``, that depends on all there is."""
        there = self.contributors
        return self.missed + there.strange + (there.missed if whole else 0)

    def pids(self, type_: str | None, name: str, kind: str) -> list[int]:
        """The numbers of a parameter, of all types where ``type_`` is None; [] where nothing is indexed under it."""
        if type_ is None:
            found = self._named.get((name, kind), [])
        else:
            pid = self.parameters.get((type_, name, kind))
            found = [] if pid is None else [pid]
        self.missed += not found
        return found

    def present(self, type_: str | None, name: str) -> list[tuple[int, str]]:
        """The numbers of a parameter with their kinds, whatever is indexed under it; all types where ``type_`` is None."""
        if type_ is None:
            pids = [pid for (known, kind), found in self._named.items() if known == name for pid in found]
        else:
            pids = self._all.get((type_, name), [])
        self.missed += not pids
        return [(pid, self._kinds[pid]) for pid in pids]

    def is_label(self, pid: int) -> bool:
        """Whether a parameter's number is one of labels."""
        if pid in self.labels or not self._fresh_parameters:
            return pid in self.labels
        return any(pid == fresh and key[1] == LABELS for key, fresh in self._fresh_parameters.items())

    def kind(self, pid: int) -> str:
        """What a parameter's number holds."""
        found = self._kinds.get(pid)
        return next(key[2] for key, fresh in self._fresh_parameters.items() if fresh == pid) if found is None else found

    def system(self, url: str) -> int:
        """The number of a code system; -1 where no index row has it."""
        found = self.systems.get(url, -1)
        self.missed += found < 0
        return found

    def learn(self, parameters: Iterable[Parameter], systems: Iterable[str]) -> Steps[None]:
        """Number the names that are new, in the transaction that first uses them."""
        wanted = [key for key in parameters if key not in self.parameters and key not in self._fresh_parameters]
        if wanted:
            yield from insert("parameter (type, name, kind)", wanted, "ON CONFLICT DO NOTHING")
            for key in wanted:
                rows = yield "SELECT pid FROM parameter WHERE type = ? AND name = ? AND kind = ?", key
                self._fresh_parameters[key] = rows[0][0]
        urls = [url for url in systems if url not in self.systems and url not in self._fresh_systems]
        if urls:
            yield from insert("system (url)", [(url,) for url in urls], "ON CONFLICT DO NOTHING")
            for url in urls:
                rows = yield "SELECT sid FROM system WHERE url = ?", (url,)
                self._fresh_systems[url] = rows[0][0]

    def pid(self, key: Parameter) -> int:
        """The number of a parameter that has been learnt."""
        found = self.parameters.get(key)
        return self._fresh_parameters[key] if found is None else found

    def sid(self, url: str) -> int:
        """The number of a system that has been learnt."""
        found = self.systems.get(url)
        return self._fresh_systems[url] if found is None else found

    def settle(self) -> None:
        """The transaction is on disk."""
        for key, pid in self._fresh_parameters.items():
            self._parameter(key, pid)
        for url, sid in self._fresh_systems.items():
            self._system(url, sid)
        self.contributors.settle()
        self.abandon()

    def abandon(self) -> None:
        """The transaction was rolled back."""
        self._fresh_parameters.clear()
        self._fresh_systems.clear()
        self.contributors.abandon()

    def _system(self, url: str, sid: int) -> None:
        self.systems[url] = sid
        self._last_sid = max(self._last_sid, sid)

    def _parameter(self, key: Parameter, pid: int) -> None:
        self._last_pid = max(self._last_pid, pid)
        if key not in self.parameters:
            self._kinds[pid] = key[2]
            if key[1] == LABELS:
                self.labels.add(pid)
            if key[0]:
                self._named[key[1:]] = [*self._named.get(key[1:], []), pid]
                self._all[key[:2]] = [*self._all.get(key[:2], []), pid]
            self.parameters[key] = pid  # last: what is made of these names is kept by how many are known
