"""Who looked at the record, in words: when, who, what, why, and how to ask about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from fastapi.responses import HTMLResponse, RedirectResponse

from interop.audit.words import words
from interop.fhir.shapes import Json, dicts, text
from interop.pages.portal.listing import number, of
from interop.pages.portal.whose import Whose
from interop.pages.portal.words import said

SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody's looks within a minute: ``did`` are what they did and with what of the record, ``times`` how many looks these are.
    ``emergency``: under a declared emergency, or its declaration."""

    when: str
    who: str
    organisation: str
    why: str
    emergency: bool
    claimed: bool
    refused: bool
    did: tuple[str, ...] = ()
    times: int = 1


def look(parameter: Json, own: bool) -> Look:
    """One ``look`` of ``$who-looked``. Pure."""
    held: dict[str, Any] = {text(each, "name"): _value(each) for each in dicts(parameter, "part")}
    known = words()
    action, role, declared = (str(held.get(name, "")) for name in ("action", "role", "declared"))
    declares = action in {known["action", each] for each in ("break-glass", "self-claimed")}
    what = said("what", str(held.get("what", "")), said("what", ""))
    did = personal(action, own)
    return Look(
        str(held.get("when", "")),
        personal(known.get(("role", role), role), own),
        str(held.get("organisation", "")),
        personal(known.get(("purpose", str(held.get("purpose", ""))), ""), own),
        declared == "break-glass" or action == known["action", "break-glass"],
        declared == "self-claimed" or action == known["action", "self-claimed"],
        action == known["action", "refused"],
        (did if declares else f"{did}: {what[:1].lower()}{what[1:]}",),
    )


def _value(part: Json) -> Any:
    return next((value for name, value in part.items() if name.startswith("value")), "")


def personal(words: str, own: bool) -> str:
    """Words about *the person*, to the person."""
    told = words.replace("the person's", "your").replace("the person", "you") if own else words
    return f"{told[:1].upper()}{told[1:]}"


def together(looks: list[Look]) -> list[Look]:
    """Looks of the same in the same minute that follow each other are one, with all that they did."""
    found: list[Look] = []
    for each in looks:
        last = found[-1] if found else None
        if last is not None and _same(last) == _same(each):
            found[-1] = replace(last, did=tuple(dict.fromkeys((*last.did, *each.did))), times=last.times + 1)
        else:
            found.append(each)
    return found


def _same(look: Look) -> Look:
    return replace(look, when=look.when[:16], did=(), times=1)


async def page(whose: Whose) -> HTMLResponse | RedirectResponse:
    """A page of them, the newest first; with ``all`` the looks of whoever asks too."""
    asked = whose.here.request.query_params
    every = asked.get("view", "") == "all"
    at = number(asked.get("page", ""))
    query = {"_count": str(SIZE), "skip": str((at - 1) * SIZE)} | ({} if every else {"others": "true"})
    found = await whose.here.api.get(f"/fhir/Patient/{whose.id}/$who-looked", **query)
    looks = [look(each, whose.own) for each in dicts(found, "parameter") if text(each, "name") == "look"]
    total = next((each["valueInteger"] for each in dicts(found, "parameter") if text(each, "name") == "total"), len(looks))
    listed = of(looks, str(at), total, size=SIZE, cut=False)
    if listed.page != at:  # an old address: what is beyond the last page is not nobody
        view = "view=all&" if every else ""
        return whose.here.lead(f"{whose.base}/looked?{view}page={listed.page}")
    names = await whose.known(())
    title = "Who looked at your record" if whose.own else f"Who looked at {whose.name}’s record"
    return whose.page("looked.html", title, names, looks=together(looks), listed=listed, every=every)
