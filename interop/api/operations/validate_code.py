"""``ValueSet/$validate-code`` and ``CodeSystem/$validate-code`` (FHIR R4, operations validate-code)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from interop.api.asgi import Response
from interop.api.operations.codes import ABSTRACT, asked_code, decision_of, describe, own, value_set
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, as_parameters, resource
from interop.errors import Problem
from interop.fhir.shapes import Json, text
from interop.fhir.terminology import Terminology, Verdict
from interop.fhir.terminology.system import split

NAME: Final = "$validate-code"
NONE: Final = Verdict(False, "there is no code with a system", severity="error")
Judge = Callable[[Json], Verdict]


async def in_value_set(asked: Asked) -> Response:
    """Whether a code is in a value set. Raises Problem ``bad-parameter``, ``unknown-canonical``."""
    codings = asked_code(asked, "systemVersion")
    systems = tuple(("CodeSystem", text(each, "system")) for each in codings if text(each, "system"))
    meant, drawn = await value_set(asked, NAME, systems)

    def judge(coding: Json) -> Verdict:
        system, display, version = (text(coding, name) or None for name in ("system", "display", "version"))
        return drawn.terminology.validate_code(meant, system, text(coding, "code"), display=display, version=version)

    return await _answer(asked, drawn.terminology, codings, judge)


async def in_code_system(asked: Asked) -> Response:
    """Whether a code is one of a code system. Raises Problem ``bad-parameter``, ``unknown-canonical``."""
    given = await own(asked, NAME, "CodeSystem", "codeSystem")
    url = text(given, "url") if given else asked.inputs.text("url")
    if given is not None and not url:
        url = f"urn:interop:given:{asked.id}"
        given = {**given, "url": url}
    if not url:
        codings = asked_code(asked, "version")
        url = next((found for each in codings if (found := text(each, "system"))), "")
    if not url:
        raise BadInput("url", "", "say which code system, by url or codeSystem")
    codings = asked_code(asked, "version", system=url)
    drawn = await asked.services.knowledge.draw(asked.services, decision_of(asked, NAME), [("CodeSystem", url)])
    terminology = drawn.terminology
    if given is not None:
        terminology = asked.services.knowledge.with_given([*drawn.stored.values(), given])
    elif not terminology.loaded(url):
        raise Problem("unknown-canonical", detail="the code system is not loaded")

    def judge(coding: Json) -> Verdict:
        if text(coding, "system") not in ("", split(url)[0]):
            return Verdict(False, "the coding is of another code system", severity="error")
        display, version = text(coding, "display") or None, text(coding, "version") or None
        return terminology.validate_in_system(url, text(coding, "code"), display, version)

    return await _answer(asked, terminology, codings, judge)


async def _answer(asked: Asked, terminology: Terminology, codings: list[Json], judge: Judge) -> Response:
    """The best verdict on any of the codings."""
    abstract = asked.inputs.flag("abstract")

    def work() -> tuple[Verdict, Json]:
        best, of = NONE, {}
        for coding in codings:
            verdict = judge(coding)
            if abstract and verdict.message.startswith(ABSTRACT):
                verdict = verdict._replace(result=True)
            elif not abstract and "abstract" in asked.inputs and verdict.message.startswith(ABSTRACT):
                verdict = verdict._replace(result=False)
            if verdict.result and verdict.display_ok is False:
                verdict = verdict._replace(result=False)
            if verdict.result:
                return verdict, coding
            if best is NONE or (best.result is False and verdict.result is None):
                best, of = verdict, coding
        return best, of

    verdict, coding = await asked.services.knowledge.compute(work)
    language = asked.inputs.text("displayLanguage")
    system = verdict.system or text(coding, "system")
    looked = terminology.lookup(system, text(coding, "code")) if language and system and verdict.display else None
    message = verdict.message
    if verdict.result is None:
        message = f"not checked: {message}"
    return resource(
        as_parameters(
            ("result", "valueBoolean", verdict.result is True),
            ("message", "valueString", message[:1].upper() + message[1:]),
            ("display", "valueString", describe(looked, language, verdict.display)),
        )
    )
