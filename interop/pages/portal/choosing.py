"""Choices as pages and forms: each is recorded by ``$record-consent``, as the person says it."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from fastapi.responses import HTMLResponse, RedirectResponse

from interop.api.inside import NotGiven
from interop.audit.words import words
from interop.clock import MICROSECONDS, instant
from interop.errors import Problem
from interop.fhir.shapes import Json
from interop.pages.portal import news
from interop.pages.portal.choices import (
    CARERS,
    GIVEN,
    REFUSED,
    SHARING,
    WITHDRAWN,
    Carer,
    Said,
    carers,
    changed,
    in_force,
    others,
    unasked,
)
from interop.pages.portal.whose import BASE, Whose
from interop.pages.record.asking import Known, search
from interop.policy.grants import USER
from interop.policy.tables import tables

DECISIONS: Final = (GIVEN, REFUSED, WITHDRAWN)
ASSUMED: Final = "assumed"


async def page(whose: Whose) -> HTMLResponse:
    """What is in force."""
    if not whose.own:
        names = await whose.known(())
        return whose.page("choices_carer.html", whose.titled("choices"), names, news=news.way(await news.asked(whose)))
    found = await _consents(whose)
    people = carers(found, _now(whose))
    said = in_force(found, _now(whose))
    when, organisation = changed(found)
    names = await whose.known([*found, *await _related(whose)], [organisation])
    told = await news.asked(whose)
    done = whose.here.request.query_params.get("done", "")
    return whose.page(
        "choices.html",
        "Your choices",
        names,
        said=said,
        carers=[_told(each, names) for each in people],
        others=[_other(each, names) for each in others(found)],
        changed=when,
        changed_by=names.organisation(organisation) if organisation else "you",
        done=next((each.topic.title for each in said if each.address == done), "Who may act for you" if done == CARERS else ""),
        implied=_implied(whose),
        news=news.way(told),
        instant=instant,
    )


async def choose(whose: Whose, id: str, wrong: dict[str, str] | None = None, form: dict[str, str] | None = None) -> HTMLResponse:
    """One choice with what each answer means. Raises Problem ``not-found`` for a topic that is none, ``forbidden`` for a carer."""
    if not whose.own:
        raise Problem("forbidden", detail="only the person makes these choices")
    found = await _consents(whose)
    status = 400 if wrong else 200
    shown: dict[str, Any] = {"wrong": wrong or {}, "form": form or {}}
    if id == CARERS:
        related = await _related(whose)
        names = await whose.known([*found, *related])
        people = [_told(each, names) for each in carers(found, _now(whose))]
        listed = [{"key": f"RelatedPerson/{each['id']}", "name": names.words.of(each)} for each in related]
        listed = [each for each in listed if each["name"] and each["key"] not in {one["key"] for one in people}]
        return whose.page("carers.html", "Who may act for you", names, status=status, carers=people, related=listed, **shown)
    said = _topic(found, whose, id)
    names = await whose.known(())
    seen = [words().get(("role", each), each) for each in unasked(said.topic.name)] if said.topic.name else []
    return whose.page(
        "choose.html", said.topic.title, names, tab="Choices", status=status, said=said, seen=seen, implied=_implied(whose), **shown
    )


async def record(whose: Whose, id: str) -> HTMLResponse | RedirectResponse:
    """A form of ``choose``: recorded, and back to what is in force; shown again where something is missing."""
    form = dict(await whose.here.form())
    if not whose.own:
        raise Problem("forbidden", detail="only the person makes these choices")
    decision = form.get("decision", "")
    inputs: list[Json] = [{"name": "decision", "valueCode": decision}]
    wrong: dict[str, str] = {}
    if id == CARERS:
        wrong, more = await _carer(whose, decision, form)
        inputs += more
    else:
        topic = _topic(await _consents(whose), whose, id).topic
        if decision not in DECISIONS:
            wrong = {f"decision-{GIVEN}": "Choose one of the answers"}
        if topic.name:
            inputs.append({"name": "label", "valueCode": topic.name})
    if wrong:
        return await choose(whose, id, wrong, form)
    try:
        await whose.here.api.send(
            "POST", f"/fhir/Patient/{whose.id}/$record-consent", {"resourceType": "Parameters", "parameter": inputs}
        )
    except NotGiven as refused:
        if refused.status != 400:
            raise
        where = "code" if id == CARERS else f"decision-{GIVEN}"
        return await choose(whose, id, {where: "This could not be recorded. Check what you wrote and try again"}, form)
    return whose.here.lead(f"{BASE}/choices?done={id}")


async def _carer(whose: Whose, decision: str, form: dict[str, str]) -> tuple[dict[str, str], list[Json]]:
    """What is wrong with the form for a carer, by field; and the inputs that it comes to."""
    if decision == WITHDRAWN:
        standing = {each.key: each for each in carers(await _consents(whose), _now(whose))}
        ended = standing.get(form.get("proxy", ""))
        if ended is None:
            return {"code": "This person could no longer act for you"}, []
        return {}, [{"name": "proxy", "valueReference": ended.reference}]
    chosen, code = form.get("person", ""), form.get("code", "")
    if chosen and chosen != "code":
        known = {f"RelatedPerson/{each['id']}" for each in await _related(whose)}
        if chosen not in known:
            return {"person": "Choose a person from the list"}, []
        reference: Json = {"reference": chosen}
    elif "|" in code and len(code) <= 300:
        reference = {"identifier": {"system": USER, "value": code}}
    else:
        return {"code": "Write the carer code that the person sees when they sign in"}, []
    parts = [form.get(f"until[{name}]", "") for name in ("year", "month", "day")]
    if not any(parts):
        return {}, [{"name": "proxy", "valueReference": reference}]
    try:
        until = date(*(int(each) for each in parts))
    except (ValueError, OverflowError):
        return {"until-day": "Write the last day as numbers, for example 31 3 2027"}, []
    if until < whose.here.now.date():
        return {"until-day": "The last day must be today or later"}, []
    return {}, [{"name": "proxy", "valueReference": reference}, {"name": "until", "valueDateTime": until.isoformat()}]


async def _consents(whose: Whose) -> list[Json]:
    found = await search(whose.here.api, "Consent", [("patient", whose.id), ("status", "active"), ("_count", "200")])
    return found.matches


async def _related(whose: Whose) -> list[Json]:
    found = await search(whose.here.api, "RelatedPerson", [("patient", whose.id), ("_count", "50")])
    return found.matches


def _topic(found: list[Json], whose: Whose, id: str) -> Said:
    for each in in_force(found, _now(whose)):
        if each.address == id:
            return each
    raise Problem("not-found")


def _told(carer: Carer, names: Known) -> dict[str, str]:
    """A carer as the page names them: by what the record calls them, else by their code."""
    called = names.called(carer.reference) if "reference" in carer.reference else ""
    code = carer.key.rpartition("|")[2] if not called else ""
    return {"key": carer.key, "name": called, "code": code, "until": carer.until, "date": carer.date}


def _other(consent: Json, names: Known) -> dict[str, str]:
    """A Consent of somebody else's in its own words."""
    said = next((words for each in consent.get("category", ()) if (words := names.words.of(each))), "Consent")
    by = next((name for each in consent.get("organization", ()) if (name := names.called(each))), "")
    return {"words": said, "by": by, "date": str(consent.get("dateTime", ""))}


def _now(whose: Whose) -> int:
    return int(whose.here.now.timestamp() * MICROSECONDS)


def _implied(whose: Whose) -> bool:
    """Whether care counts as consented to until the person says no (consent.csv)."""
    return tables().models[whose.here.services.facts().consent] == ASSUMED


__all__ = ["SHARING", "choose", "page", "record"]
