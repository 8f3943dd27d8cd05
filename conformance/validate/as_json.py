"""One JSON line a file."""

from __future__ import annotations

from typing import Any, BinaryIO

import orjson

from conformance.validate.checked import Checked, Totals
from conformance.validate.comparison import Comparison, Said
from conformance.validate.outputs import Spool


class JsonLines:
    """``{"file","profile","errors","warnings","issues":[{"severity","expression","message","code","rule","profile"}]}``.

    ``profile`` is '' for base R4 alone, else the canonical URLs, a comma between. An issue of a resource that shares its file
    with others has ``resource``, which says where it stands. With a second opinion there is ``second``: ``both``, ``ours``,
    ``theirs``.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._name = ""
        self._issues = Spool()

    def begin(self, name: str) -> None:
        self._name = name
        self._issues = Spool()

    def resource(self, checked: Checked) -> None:
        for finding in checked.findings:
            issue: dict[str, Any] = {
                "severity": finding.severity,
                "expression": finding.expression,
                "message": finding.message,
                "code": finding.code,
                "rule": finding.rule,
                "profile": finding.profile,
            }
            if checked.label:
                issue["resource"] = checked.label
            self._issues.add(("," if self._issues.pieces else "") + orjson.dumps(issue).decode())

    def end(self, file: Totals, profiles: list[str], second: Comparison | None) -> None:
        head = {"file": self._name, "profile": ",".join(profiles), "errors": file.errors, "warnings": file.warnings}
        self._out.write(orjson.dumps(head)[:-1] + b',"issues":[')
        self._issues.pour(self._out)
        self._out.write(b"]")
        if second is not None:
            self._out.write(b',"second":' + orjson.dumps({name: _said(each) for name, each in second._asdict().items()}))
        self._out.write(b"}\n")
        self._out.flush()

    def close(self, totals: Totals) -> None:
        self._out.flush()


def _said(said: list[Said]) -> list[dict[str, str]]:
    return [each._asdict() for each in said]
