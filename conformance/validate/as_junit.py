"""JUnit XML as build servers read it: a suite a file, a case a resource; an error fails the case, the rest is its output."""

from __future__ import annotations

from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

from conformance.validate.checked import Checked, Totals, is_unchecked
from conformance.validate.comparison import Comparison, Said
from conformance.validate.outputs import Spool, legible
from interop.fhir.findings import ERROR, Finding


class JUnit:
    """``testsuites`` > ``testsuite`` (a file) > ``testcase`` (a resource); what was not checked stands in ``system-out``."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._name = ""
        self._failed = 0
        self._cases = Spool()
        out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="conformance validate">\n')

    def begin(self, name: str) -> None:
        self._name = name
        self._failed = 0
        self._cases = Spool()

    def resource(self, checked: Checked) -> None:
        name = " ".join(part for part in (checked.type or "unreadable", checked.label) if part)
        errors = [each for each in checked.findings if each.severity == ERROR]
        rest = [each for each in checked.findings if each.severity != ERROR]
        lines = [f"    <testcase classname={_quoted(self._name)} name={_quoted(name)}"]
        if not checked.findings:
            self._cases.add(lines[0] + "/>\n")
            return
        lines[0] += ">"
        if errors:
            self._failed += 1
            more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
            message = f"{errors[0].expression} {errors[0].message}{more}".strip()
            lines.append(f"      <failure type={_quoted(errors[0].code)} message={_quoted(message)}>")
            lines.append(escape(legible("\n".join(map(_line, errors)))) + "</failure>")
        if rest:
            said = sorted(rest, key=is_unchecked)
            lines.append("      <system-out>" + escape(legible("\n".join(map(_line, said)))) + "</system-out>")
        self._cases.add("\n".join([*lines, "    </testcase>\n"]))

    def end(self, file: Totals, profiles: list[str], second: Comparison | None) -> None:
        name, cases = _quoted(self._name), file.resources
        self._write(f'  <testsuite name={name} tests="{cases}" failures="{self._failed}" errors="0" skipped="0">\n')
        if profiles:
            self._write("    <properties>\n")
            for profile in profiles:
                self._write(f'      <property name="profile" value={_quoted(profile)}/>\n')
            self._write("    </properties>\n")
        self._cases.pour(self._out)
        if second is not None:
            self._write("    <system-out>" + escape(legible("\n".join(_compared(second)))) + "</system-out>\n")
        self._write("  </testsuite>\n")

    def close(self, totals: Totals) -> None:
        self._write("</testsuites>\n")
        self._out.flush()

    def _write(self, text: str) -> None:
        self._out.write(text.encode("utf-8", "replace"))


def _line(finding: Finding) -> str:
    rule = f" ({finding.rule})" if finding.rule else ""
    profile = f" [{finding.profile}]" if finding.profile else ""
    return f"{finding.severity}: {finding.expression}: {finding.message}{rule}{profile}"


def _compared(second: Comparison) -> list[str]:
    def lines(who: str, said: list[Said]) -> list[str]:
        return [f"{who}: {each.severity}: {each.expression}: {each.message}" for each in said]

    return [*lines("both", second.both), *lines("ours only", second.ours), *lines("theirs only", second.theirs)]


def _quoted(text: str) -> str:
    return quoteattr(legible(text))
