"""A case of a refusal, and the sound tables that it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ER7: dict[str, Any] = {
    "source": "MSH,21,,\nPID,30,3 5,\nPV1,52,,\nDG1,26,3,\nMRG,7,,\n",
    "routes": "ADT^A01,pat visit dx,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\nvisit,,PV1,Encounter,PV1-19,,upsert,\n"
    "dx,visit,DG1,Condition,visit+DG1-3,,upsert,\n",
    "elements": "A01,pat,,PID-8,,gender,,sex,\nA02,dx,,,,subject,@pat,,\n",
    "codes": {"sex": "M,,male,,\nF,,female,,\n", "shade": "R,,red,,\n", "status": "D,,finished,,\n"},
}
TREE: dict[str, Any] = {
    "source": "\n".join(
        f"{name},,,"
        for name in ("patient", "id", "family", "given", "birth", "entry", "status", "text", "@code", "@datepart", "@value")
    )
    + "\ndiagnosis,,y,\n",
    "routes": "doc,pat entry,\n",
    "resources": "pat,,patient,Patient,id,,upsert,\nentry,,entry,Condition,id,,upsert,\n",
    "elements": "A01,pat,,family,,name[+].family,,,\nA02,entry,,,,subject,@pat,,\n",
    "codes": {"sex": "M,,male,,\n", "copy-old": "a,,b,,\n"},
}


@dataclass(frozen=True)
class Case:
    """A rule, the refusal that it brings, and the tables: ``more`` lines added to a file, ``instead`` of a whole one."""

    rule: str
    file: str
    row: str
    reason: str
    more: dict[str, str] = field(default_factory=dict)
    instead: dict[str, Any] = field(default_factory=dict)
    form: str = "er7"
    also: bool = False

    def tables(self) -> dict[str, Any]:
        """The tables of the case."""
        tables = dict(ER7 if self.form == "er7" else TREE)
        for name, lines in self.more.items():
            tables[name] = tables.get(name, "") + lines + "\n"
        return tables | self.instead


def element(rule: str, line: str, reason: str, form: str = "er7", **more: Any) -> Case:
    """A row of elements.csv that is refused."""
    return Case(rule, "elements.csv", line.partition(",")[0], reason, {"elements": line}, form=form, **more)


def resource(rule: str, line: str, reason: str, form: str = "er7", **more: Any) -> Case:
    """A row of resources.csv that is refused."""
    return Case(rule, "resources.csv", line.partition(",")[0], reason, {"resources": line}, form=form, **more)
