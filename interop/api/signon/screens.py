"""The pages on which people sign on: usable without scripts, by keyboard and screen reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from interop.api.asgi import Header, Page, Response, Unkept
from interop.api.build import software_version
from interop.screen import words
from interop.screen.headers import POLICY
from interop.screen.templating import render
from interop.signon.people import DemoUser

PACKAGE: Final = "interop.api.signon"
WORDS: Final = {"gp": "GP", "nhs111": "NHS 111 clinician", "mdt-member": "MDT member"}
"""Roles as people call them, where that is not their name here."""
FIELDS: Final = (
    {"name": "name", "text": "Name", "hint": "First name, family name or both, or how they begin"},
    {"name": "birthdate", "text": "Date of birth", "hint": "Year, month, day: for example 1980-03-27"},
    {"name": "identifier", "text": "NHS number", "hint": "Ten digits"},
)


class Hint(NamedTuple):
    """What a link has filled in: ``user`` (``login_hint``, OpenID Connect Core 1.0, 3.1.2.1), and whose record is theirs."""

    user: str = ""
    record: str = ""


NO_HINT: Final = Hint()


def page(template: str, title: str, *, status: int = 200, to: str = "", demo: bool = True, **values: Any) -> Response:
    """A page. ``to``: where its form may lead in the end, the address of an application."""
    body = render(PACKAGE, template, title=title, failed=status >= 400, demo=demo, bare=True, version=software_version(), **values)
    return Page(status, body.encode("utf-8"), b"text/html; charset=utf-8", [(b"content-security-policy", _policy(to))])


def _policy(to: str) -> bytes:
    """A browser holds a form to ``form-action`` through redirects (CSP 3, 6.3.1)."""
    said = POLICY
    if to:
        parts = urlsplit(to)
        said = said.replace("form-action 'self'", f"form-action 'self' {parts.scheme}://{parts.netloc}")
    return said.encode("ascii")


def led(address: str, more: Iterable[Header] = ()) -> Response:
    """To another address by GET, with nothing of this one in the Referer."""
    return Unkept(303, headers=[(b"location", address.encode("ascii")), *more])


def stopped(what: str, *, status: int = 400, demo: bool = True) -> Response:
    """Nothing can be done with a request, and no application is told."""
    return page("said.html", "You are not signed in", status=status, demo=demo, what=what)


def leaving(token: str, *, demo: bool) -> Response:
    """Whether one wants to sign out."""
    return page("said.html", "Do you want to sign out?", demo=demo, token=token)


def left(elsewhere: str, *, demo: bool) -> Response:
    """One has signed out; ``elsewhere`` is where one signs out of the issuer as well, '' where that cannot be said."""
    where = {"href": elsewhere, "host": urlsplit(elsewhere).hostname} if elsewhere else None
    return page("said.html", "You have signed out", demo=demo, elsewhere=where)


def users(ticket: str, people: Iterable[DemoUser], app: str, to: str, hint: Hint = NO_HINT, wrong: str = "") -> Response:
    """Who one is; ``wrong`` says what was not filled in."""
    listed = list(people)
    rows = [{"value": each.user, "text": each.name, "hint": {"text": _said(each)}} for each in listed]
    chosen = hint.user if any(each.user == hint.user for each in listed) else listed[0].user
    return page(
        "users.html",
        "Sign in",
        to=to,
        status=400 if wrong else 200,
        ticket=ticket,
        people=rows,
        chosen=chosen,
        record=hint.record,
        app=app,
        wrong=wrong,
    )


def picker(ticket: str, found: Sequence[Mapping[str, Any]] | None, app: str, to: str) -> Response:
    """Whose record it is about; ``found`` are Patients that who asks may see, None before anything was asked."""
    rows = [{"value": str(each["id"]), "text": _name(each), "hint": {"text": _facts(each)}} for each in found or ()]
    asked = found is not None
    return page("picker.html", "Whose record?", to=to, ticket=ticket, found=rows, asked=asked, app=app, fields=FIELDS)


def _said(user: DemoUser) -> str:
    place = f" of {user.organisation}" if user.organisation else ""
    return f"{role_words(user.role)}{place}. {user.why}."


def role_words(role: str) -> str:
    """A role as people call it."""
    return WORDS.get(role, role.replace("-", " ").capitalize())


def _name(patient: Mapping[str, Any]) -> str:
    names = [each for each in patient.get("name", ()) if isinstance(each, dict)]
    said = names[0] if names else {}
    parts = [*said.get("given", ()), said.get("family", "")]  # null where an extension stands for it
    return str(said.get("text") or " ".join(each for each in parts if each) or "Without a name")


def _facts(patient: Mapping[str, Any]) -> str:
    numbers = [str(each.get("value", "")) for each in patient.get("identifier", ()) if "nhs-number" in str(each.get("system", ""))]
    number = f"NHS number {words.nhs_number(numbers[0])}" if numbers else ""
    born = patient.get("birthDate")
    return ". ".join(each for each in (f"Born {words.day(str(born))}" if born else "", number) if each)
