"""How the person is told that there is news: what is done now, what each choice means before it is made, and the form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi.responses import HTMLResponse, RedirectResponse

from interop.fhir.shapes import Json, dicts, text
from interop.pages.portal.whose import Whose
from interop.pages.portal.words import Way, said, ways
from interop.screen.words import spoken_clock

PATH: Final = "choices/news"
CHANNELS: Final = ("sms", "email")
EITHER: Final = "either"


@dataclass(frozen=True, slots=True)
class Channel:
    """What ``$contact-choices`` tells of one. ``order`` is 0 where it is not used; ``quiet`` from and until, as on a clock."""

    code: str
    wanted: bool
    known: bool
    address: str
    order: int
    elsewhere: bool
    sends: bool
    quiet: tuple[str, str]
    passes: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What ``$contact-choices`` tells."""

    channels: tuple[Channel, ...]
    first: str
    changed: str
    by: str
    organisation: str


def shaped(parameters: Json) -> Told:
    """Of the answer of the operation. Pure."""
    named = {text(each, "name"): each for each in dicts(parameters, "parameter")}
    found = []
    for each in dicts(parameters, "parameter"):
        if text(each, "name") == "channel":
            part = {text(one, "name"): one for one in dicts(each, "part")}
            code = text(part.get("code"), "valueCode")
            found.append(
                Channel(
                    code,
                    _true(named, code),
                    _true(part, "known"),
                    text(part.get("address"), "valueString"),
                    int(part.get("order", {}).get("valueInteger", 0)),
                    _true(part, "elsewhere"),
                    _true(part, "sends"),
                    (_clock(part, "quiet-from"), _clock(part, "quiet-until")),
                    _true(part, "passes"),
                )
            )
    changed, by = text(named.get("changed"), "valueInstant"), text(named.get("by"), "valueCode")
    organisation = text(named.get("organisation"), "valueString")
    return Told(tuple(found), text(named.get("first"), "valueCode"), changed, by, organisation)


def _true(parts: dict[str, Json], name: str) -> bool:
    return parts.get(name, {}).get("valueBoolean") is True


def _clock(parts: dict[str, Json], name: str) -> str:
    at = text(parts.get(name), "valueTime")
    return spoken_clock(f"2000-01-01T{at}Z") if at else ""  # a day on which London keeps UTC


def way(told: Told) -> str:
    """What is chosen now, in words; where nobody has said what is first, what the record has first. Pure."""
    wanted = {each.code for each in told.channels if each.wanted}
    used = [each.code for each in sorted(told.channels, key=lambda each: each.order) if each.order]
    first = told.first or next(iter(used), "")
    for each in ways():
        if _channels(each) == wanted and (len(wanted) < len(CHANNELS) or each.first == first):
            return each.title
    return said("news", "both")


def _channels(of: Way) -> set[str]:
    return {name for name in CHANNELS if getattr(of, name)}


def sentences(each: Channel, whose: Whose) -> list[str]:
    """What becomes of a channel as things stand."""
    if not each.wanted:
        return [said("news", "off")]
    if each.elsewhere:
        code = "elsewhere"
    elif not each.sends:
        code = "unsent"
    elif not each.known:
        code = f"unknown-{each.code}"
    else:
        code = f"{'to' if each.address else 'kept'}-{each.code}"
    told = [said("news", code).format(your=whose.your, you=whose.you, address=each.address)]
    if code.startswith(("to-", "kept-")):
        start, end = each.quiet
        when = "any-time" if not start else "quiet-but-urgent" if each.passes else "quiet"
        told.append(said("news", when).format(start=start, end=end))
    return told


async def asked(whose: Whose) -> Told:
    """What the API tells of the person; raises NotGiven."""
    return shaped(await whose.here.api.get(f"/fhir/Patient/{whose.id}/$contact-choices"))


async def page(whose: Whose, wrong: str = "") -> HTMLResponse:
    """What is done now, and the form."""
    told = await asked(whose)
    names = await whose.known((), [told.organisation])
    by = {"person": whose.you, "carer": "somebody who acts for " + whose.you, "staff": names.organisation(told.organisation)}
    return whose.page(
        "news.html",
        "How you are told of news" if whose.own else f"How {whose.name} is told of news",
        names,
        tab="How you are told of news" if whose.own else "How they are told of news",
        status=400 if wrong else 200,
        wrong=wrong,
        now=way(told),
        nothing=not any(each.order and each.sends for each in told.channels),
        silent=not any(each.sends for each in told.channels),
        channels=[(said("news", each.code), sentences(each, whose)) for each in told.channels],
        ways=[{"choice": each.choice, "title": each.title, "what": each.what.format(you=whose.you)} for each in ways()],
        changed=told.changed,
        changed_by=by.get(told.by, ""),
        done=bool(whose.here.request.query_params.get("done")),
    )


async def record(whose: Whose) -> HTMLResponse | RedirectResponse:
    """The form: recorded, and back with what is done now; shown again where nothing was chosen. Raises NotGiven."""
    form = await whose.here.form()
    chosen = next((each for each in ways() if each.choice == form.get("way")), None)
    if chosen is None:
        return await page(whose, "Choose one of the answers")
    inputs: list[Json] = [{"name": name, "valueBoolean": name in _channels(chosen)} for name in CHANNELS]
    inputs.append({"name": "first", "valueCode": chosen.first or EITHER})
    body = {"resourceType": "Parameters", "parameter": inputs}
    await whose.here.api.send("POST", f"/fhir/Patient/{whose.id}/$record-contact-choices", body)
    return whose.here.lead(f"{whose.base}/{PATH}?done=yes")
