"""What codes and words mean by the tables, and where they do not agree."""

from __future__ import annotations

from interop.careplan.conditions import TERMS
from interop.careplan.plan import Code
from interop.careplan.tables import PlanTables
from interop.fhir.searching.text import plain


class Meanings:
    """Meanings by the tables of the plan."""

    def __init__(self, tables: PlanTables) -> None:
        self._tables = tables

    def of(self, coded: tuple[Code, ...], said: str) -> tuple[str, str]:
        """What codes mean, or without any the words; and where they do not agree, all that they say."""
        worded = self._tables.worded.get(same(said), "")
        coded = tuple(code for code in coded if code.system in TERMS)
        if not coded:
            return worded, ""
        found = dict.fromkeys(word for code in coded if (word := self._tables.means.get((code.system, code.code))))
        beside = {worded, *(sign for each in (said, *(code.display for code in coded)) for sign in self.signed(each))} - {""}
        beside = beside if found else set()
        if len(found) < 2 and beside <= found.keys():
            return next(iter(found), ""), ""
        return "", " / ".join(dict.fromkeys((said, *(self._tables.says[word] for word in (*found, *sorted(beside))))))

    def signed(self, said: str) -> set[str]:
        """What words hint at."""
        return self._tables.signed(same(said))

    def usual(self, reads: str, coded: tuple[Code, ...]) -> set[str]:
        """What a meaning and its codes are called: nobody's own words."""
        return {same(reads), *(same(self._tables.displays.get((code.system, code.code), "")) for code in coded)}


def same(said: str) -> str:
    """Words as they are compared."""
    return plain(said).rstrip(" .;")
