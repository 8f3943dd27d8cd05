"""One page that needs nothing but a browser or a printer."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, BinaryIO

from jinja2 import Environment, FunctionLoader, Template

from conformance.validate.checked import SEVERITIES, Checked, Totals, plural, unchecked_lines
from conformance.validate.comparison import Comparison
from conformance.validate.grouped import Grouped, Kind
from conformance.validate.outputs import Spool

SIGNS = {"error": "✖", "warning": "▲", "information": "ℹ"}
NAMED = 10_000
"""Files without findings that are listed by name."""


class Page:
    """A section for each file that has findings, those with errors first; the others are listed by name. The page is complete
    in itself and asks for nothing."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._sections = {severity: Spool() for severity in (*SEVERITIES, "")}
        self._clean = Spool()
        self._clean_count = 0
        self._name = ""
        self._grouped = Grouped()

    def begin(self, name: str) -> None:
        self._name = name
        self._grouped = Grouped()

    def resource(self, checked: Checked) -> None:
        self._grouped.add(checked)

    def end(self, file: Totals, profiles: list[str], second: Comparison | None) -> None:
        differs = second if second is not None and not second.agrees else None
        if not self._grouped and differs is None:
            self._clean_count += 1
            if self._clean_count <= NAMED:
                self._clean.add(_template("name.html").render(name=self._name))
            return
        severities = [each for each in SEVERITIES if file.severities[each]]
        figures = [plural(file.severities[each], each) for each in severities if each != "information"] or ["no error or warning"]
        if file.resources > 1:
            figures.insert(0, plural(file.resources, "resource"))
        section = _template("file.html").render(
            name=self._name,
            figures=", ".join(figures),
            profiles=[each.rpartition("/")[2] for each in profiles],
            severities=severities,
            rows=[_row(kind) for kind in self._grouped],
            left_out=self._grouped.left_out,
            second=differs,
        )
        self._sections[severities[0] if severities else ""].add(section + "\n")

    def close(self, totals: Totals) -> None:
        head = _template("head.html").render(
            verdict=_verdict(totals),
            figures=_figures(totals),
            unchecked=unchecked_lines(totals),
            any=any(spool.pieces for spool in self._sections.values()),
        )
        self._write(head)
        for spool in self._sections.values():
            spool.pour(self._out)
        if self._clean_count:
            self._write(f"<details><summary>{plural(self._clean_count, 'file')} without findings</summary>\n<ul class=plain>\n")
            self._clean.pour(self._out)
            if self._clean_count > NAMED:
                self._write(f"<li>and {self._clean_count - NAMED:,} more</li>\n")
            self._write("</ul></details>\n")
        self._write("</main>\n</div>\n</body>\n</html>\n")
        self._out.flush()

    def _write(self, text: str) -> None:
        self._out.write(text.encode("utf-8", "replace"))


def _row(kind: Kind) -> dict[str, Any]:
    finding = kind.finding
    return {
        "severity": finding.severity,
        "sign": SIGNS[finding.severity],
        "label": kind.label,
        "expression": finding.expression.split("."),
        "message": finding.message,
        "rule": ", ".join(part for part in (finding.rule, finding.profile) if part),
        "more": kind.count - 1,
    }


def _verdict(totals: Totals) -> dict[str, str]:
    if totals.errors:
        have = "has" if totals.flawed == 1 else "have"
        return {"tone": "bad", "text": f"Not valid: {totals.flawed:,} of {plural(totals.files, 'file')} {have} errors."}
    if totals.warnings:
        return {"tone": "fair", "text": f"Valid, with {plural(totals.warnings, 'warning')} to look at."}
    return {"tone": "good", "text": "Valid: no error and no warning."}


def _figures(totals: Totals) -> list[dict[str, Any]]:
    named = (
        ("files", totals.files, ""),
        ("resources", totals.resources, ""),
        ("errors", totals.errors, "error" if totals.errors else ""),
        ("warnings", totals.warnings, "warning" if totals.warnings else ""),
        ("not checked", totals.unchecked.total(), ""),
    )
    return [{"name": name, "count": count, "tone": tone} for name, count, tone in named]


@cache
def _template(name: str) -> Template:
    def source(wanted: str) -> str:
        return files("conformance.validate").joinpath("pages", wanted).read_text("utf-8")

    environment = Environment(loader=FunctionLoader(source), autoescape=True)
    return environment.get_template(name)
