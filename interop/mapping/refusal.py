"""Why tables were refused at load: file, row, reason. All refusals of a family are gathered before one is raised."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    """One reason why tables cannot be used; ``row`` is a row id, a resource name or a line number."""

    file: str
    row: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.reason}"


class TablesRefused(Exception):
    """The tables of a family do not load; ``refusals`` lists every reason found."""

    def __init__(self, refusals: list[Refusal]) -> None:
        self.refusals = refusals
        super().__init__("\n".join(str(refusal) for refusal in refusals))


class Refusals(list[Refusal]):
    """Gathers refusals while tables are read and checked."""

    def add(self, file: str, row: str, reason: str) -> None:
        """Note one."""
        self.append(Refusal(file, row, reason))

    def settle(self) -> None:
        """Raise TablesRefused if there are any."""
        if self:
            raise TablesRefused(list(self))
