"""The pages on which people sign on: plain HTML, no script, nothing from elsewhere; usable by keyboard and screen reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final
from urllib.parse import urlsplit

from interop.api.asgi import Header, Page, Response, Unkept
from interop.api.guarding import policy
from interop.signon.people import DemoUser

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STYLE: Final = """
*{box-sizing:border-box}
body{font:1.1875rem/1.5 Arial,sans-serif;margin:0;color:#212b32;background:#f0f4f5}
header{background:#005eb8;color:#fff;padding:.75rem 1rem}header p{margin:0 auto;max-width:44rem;font-weight:700}
main{max-width:46rem;margin:0 auto;padding:1rem}
h1{font-size:2rem;line-height:1.2;margin:1rem 0}
.demo{background:#ffeb3b;color:#212b32;border:3px solid #212b32;padding:.75rem 1rem;margin:0 0 1rem}
.demo strong{letter-spacing:.05em}
fieldset{border:0;margin:0 0 1rem;padding:0}legend{font-weight:700;font-size:1.375rem;padding:0;margin-bottom:.5rem}
.choice{display:flex;gap:.75rem;background:#fff;border:1px solid #768692;border-radius:4px;margin:0 0 .5rem;padding:.6rem .75rem}
.choice input{width:1.5rem;height:1.5rem;flex:none;margin:.2rem 0 0}
.choice span{display:block}.choice .who{font-weight:700}.choice .why{color:#4c6272;font-size:1rem}
label.field{display:block;font-weight:700;margin:.75rem 0 .25rem}.hint{color:#4c6272;font-size:1rem;margin:0}
input[type=text]{font:inherit;width:100%;max-width:24rem;padding:.4rem .5rem;border:2px solid #4c6272;background:#fff}
button{font:inherit;font-weight:700;color:#fff;background:#007f3b;border:0;border-radius:4px;padding:.6rem 1.2rem;margin:.75rem 0;
cursor:pointer}
:focus-visible{outline:4px solid #212b32;outline-offset:0;box-shadow:0 0 0 8px #ffeb3b}
a{color:#005eb8}.error{border-left:5px solid #d5281b;padding-left:1rem;font-weight:700}
@media print{header{background:none;color:inherit;padding:0}body{background:none}button,input[type=text]{display:none}
.choice{border-width:0 0 1px;border-radius:0;break-inside:avoid}main{max-width:none}}
"""
WORDS: Final = {"gp": "GP", "nhs111": "NHS 111 clinician", "mdt-member": "MDT member"}
"""Roles as people call them, where that is not their name here."""
DEMONSTRATION: Final = (
    '<p class="demo"><strong>DEMONSTRATION.</strong> Nobody here is real and no password is asked: whoever can open '
    "this page can be anyone on it. Never put real people's data into this engine.</p>"
)


def page(title: str, content: str, *, status: int = 200, to: str = "", demo: bool = True) -> Response:
    """A page. ``to``: where its form may lead in the end, the address of an application."""
    called = f"Error: {title}" if status >= 400 else title
    body = (
        f'<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title>{escape(called)} – interop</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><header><p>interop</p></header><main>"
        f"{DEMONSTRATION if demo else ''}<h1>{escape(title)}</h1>{content}</main></body></html>"
    )
    return Page(status, body.encode("utf-8"), b"text/html; charset=utf-8", [(b"content-security-policy", _policy(to))])


def _policy(to: str) -> bytes:
    """A browser holds a form to ``form-action`` through redirects (CSP 3, 6.3.1)."""
    said = policy(STYLE)
    if to:
        parts = urlsplit(to)
        said = said.replace("form-action 'self'", f"form-action 'self' {parts.scheme}://{parts.netloc}")
    return said.encode("ascii")


def led(address: str, more: Iterable[Header] = ()) -> Response:
    """To another address by GET, with nothing of this one in the Referer."""
    return Unkept(303, headers=[(b"location", address.encode("ascii")), *more])


def stopped(what: str, *, status: int = 400, demo: bool = True) -> Response:
    """Nothing can be done with a request, and no application is told."""
    again = '<p><a href="/auth/login">Sign in</a></p>'
    kind = ' class="error" role="alert"' if status >= 400 else ""
    return page("You are not signed in", f"<p{kind}>{escape(what)}</p>{again}", status=status, demo=demo)


def users(ticket: str, people: Iterable[DemoUser], app: str, to: str, wrong: str = "", chosen: str = "") -> Response:
    """Who one is; ``wrong`` says what was not filled in by whoever was ``chosen``."""
    said = f'<p class="error" id="record-wrong">{escape(wrong)}</p>' if wrong else ""
    invalid = ' aria-invalid="true"' if wrong else ""
    listed = list(people)
    checked = chosen or listed[0].user
    rows = "".join(_choice("user", each.user, each.name, _said(each), each.user == checked) for each in listed)
    summary = f'<p class="error" role="alert"><a href="#record">{escape(wrong)}</a></p>' if wrong else ""
    content = (
        f"{summary}"
        f"<p>You are signing in to <b>{escape(app)}</b>.</p>"
        f'<form method="post" action="/auth/sign-on">{_hidden("ticket", ticket)}'
        f"<fieldset><legend>Who are you?</legend>{rows}</fieldset>"
        '<label class="field" for="record">If you sign in as the patient: whose record is yours?</label>'
        '<p class="hint" id="record-hint">The id of a Patient, as in the address /fhir/Patient/ID. Everyone else leaves this '
        f"empty.</p>{said}"
        '<input type="text" id="record" name="record" maxlength="64" autocomplete="off" spellcheck="false" '
        f'aria-describedby="record-hint{" record-wrong" if wrong else ""}"{invalid}>'
        '<br><button type="submit">Sign in</button></form>'
    )
    return page("Sign in", content, to=to, status=400 if wrong else 200)


def picker(ticket: str, found: Sequence[Mapping[str, Any]] | None, app: str, to: str) -> Response:
    """Whose record it is about; ``found`` are Patients that who asks may see, None before anything was asked."""
    fields = "".join(
        f'<label class="field" for="{name}">{text}</label><p class="hint" id="{name}-hint">{hint}</p>'
        f'<input type="text" id="{name}" name="{name}" maxlength="100" autocomplete="off" spellcheck="false" '
        f'aria-describedby="{name}-hint">'
        for name, text, hint in (
            ("name", "Name", "First name, family name or both, or how they begin"),
            ("birthdate", "Date of birth", "Year, month, day: for example 1980-03-27"),
            ("identifier", "NHS number", "Ten digits"),
        )
    )
    content = (
        f"<p><b>{escape(app)}</b> will show the record of one person. Fill in what you know of them.</p>"
        f'<form method="post" action="/auth/patient">{_hidden("ticket", ticket)}{fields}'
        '<br><button type="submit">Find</button></form>'
    )
    if found is not None:
        rows = "".join(_choice("patient", str(each["id"]), _name(each), _facts(each), False) for each in found)
        chosen = (
            f'<form method="post" action="/auth/patient">{_hidden("ticket", ticket)}'
            f"<fieldset><legend>People found</legend>{rows}</fieldset>"
            '<button type="submit">Continue with this person</button></form>'
        )
        content += chosen if found else '<p role="status">Nobody whom you may see was found.</p>'
    return page("Whose record?", content, to=to)


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _choice(field: str, value: str, who: str, why: str, checked: bool) -> str:
    return (
        f'<label class="choice"><input type="radio" name="{field}" value="{escape(value)}" required{" checked" if checked else ""}>'
        f'<span><span class="who">{escape(who)}</span> <span class="why">{escape(why)}</span></span></label>'
    )


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
    number = f"NHS number {numbers[0][:3]} {numbers[0][3:6]} {numbers[0][6:]}" if numbers else ""
    return ". ".join(each for each in (_born(str(patient.get("birthDate", ""))), number) if each)


def _born(said: str) -> str:
    """A date of birth as clinical systems show it, 27-Mar-1980; as it is where it is not known to the day."""
    year, _, rest = said.partition("-")
    month, _, day = rest.partition("-")
    shown = f"{day}-{MONTHS[int(month) - 1]}-{year}" if day else said
    return f"Born {shown}" if said else ""
