"""Pages as browsers ask for them: whoever has signed on, by a cookie; one page after the other, at rest and beside writes."""

from __future__ import annotations

import re
from functools import partial
from html import unescape
from typing import Final, NamedTuple

import httpx

from conformance.bench.report import WrongOutcome
from conformance.bench.serving.host import Host
from conformance.bench.serving.measuring import BESIDE, Figure
from conformance.bench.serving.questions import Asking
from conformance.bench.serving.traffic import Piece
from conformance.generate.people import Person

PEOPLE: Final = 1_000
"""People whose pages are asked for, in turn."""
PATIENTS: Final = 10
"""Of them so many ask for their own."""
MEDIAN, MOST = 50.0, 150.0
"""Milliseconds that are wanted, p50 and p99."""
METHOD: Final = (
    "Whole pages in HTML, over one connection that is kept, each asked for when the one before has come: p50 and p99 are what one "
    f"reader waits for the server, socket and sign-on by cookie included. {PEOPLE:,} people in turn, not asked for before."
)
_TICKET: Final = re.compile(r'name="ticket" value="([^"]+)"')


class Shown(NamedTuple):
    """A page: what it is called, the user of the demonstration who asks, where it is (``{patient}``: the id of a Patient), and what
    it must hold beside the family name of whom it is about."""

    name: str
    user: str
    path: str
    holds: str = "<h1"

    @property
    def own(self) -> bool:
        """Whether who asks is whom it is about."""
        return self.user == "demo-patient"


PAGES: Final = (
    Shown("crew card", "demo-ambulance-clinician", "/crew/{patient}"),
    Shown("clinician's summary", "demo-gp", "/record/{patient}"),
    Shown("clinician's timeline", "demo-gp", "/record/{patient}/timeline"),
    Shown("clinician's plan", "demo-gp", "/record/{patient}/plan"),
    Shown("clinician's medicines", "demo-gp", "/record/{patient}/medicines"),
    Shown("clinician's results", "demo-gp", "/record/{patient}/results"),
    Shown("worklists", "demo-coordinator", "/desk"),
    Shown("patient's own record", "demo-patient", "/my"),
    Shown("patient's plan", "demo-patient", "/my/plan"),
    Shown("patient's results", "demo-patient", "/my/results"),
    Shown("who looked", "demo-patient", "/my/looked"),
    Shown("operations", "demo-operator", "/console"),
)


def figures(host: Host, asking: Asking) -> list[Figure]:
    """Each page at rest, then each beside writes."""
    root = host.url.removesuffix("/fhir")
    return [
        Figure(
            f"{each.name}, {BESIDE} writes/s" if beside else each.name,
            partial(_asked, root, host.name, each),
            p50=None if beside else MEDIAN,
            p99=MOST,
            holds=each.holds,
            beside=beside,
            ours=True,
            alone=True,
        )
        for beside in (False, True)
        for each in PAGES
    ]


def _asked(root: str, name: str, page: Shown, asking: Asking) -> list[Piece]:
    """The requests of a page; each of the first is seen to be about whom it should be. Raises WrongOutcome."""
    people = asking.seen(page.name, PATIENTS if page.own else PEOPLE)
    if page.own:
        cookies = [signed_on(root, page.user, f"p{each.serial}") for each in people]
    else:
        cookies = [signed_on(root, page.user)] * len(people)
    made: list[Piece] = []
    for person, cookie in zip(people, cookies, strict=True):
        path = page.path.replace("{patient}", f"p{person.serial}")
        if not made and (page.own or path != page.path):
            _about(root + path, cookie, person)
        made.append(Piece(browsing(path, name, cookie), 200))
    return made


def browsing(path: str, host: str, cookie: str) -> bytes:
    """A GET as a browser sends it to read a page."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nCookie: {cookie}\r\n"
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\n\r\n"
    ).encode()


def signed_on(root: str, user: str, record: str = "") -> str:
    """The cookie of a user of the demonstration who has signed on by the pages for it; ``record``: the Patient that a patient is.
    Raises WrongOutcome."""
    with httpx.Client(base_url=root, timeout=60, trust_env=False, follow_redirects=True) as http:
        found = _TICKET.search(http.get("/auth/login?to=/").text)
        if found is None:
            raise WrongOutcome("the page on which one signs on has no form")
        said = {"ticket": unescape(found[1]), "user": user, "record": record}
        answer = http.post("/auth/sign-on", data=said, headers={"origin": root, "sec-fetch-site": "same-origin"})
        if answer.status_code != 200 or not http.cookies:
            raise WrongOutcome(f"{user} could not sign on: {answer.status_code}")
        return "; ".join(f"{each.name}={each.value}" for each in http.cookies.jar if each.value)


def _about(url: str, cookie: str, person: Person) -> None:
    answer = httpx.get(url, headers={"accept": "text/html", "cookie": cookie}, timeout=60, trust_env=False)
    if answer.status_code != 200 or person.family.lower() not in unescape(answer.text).lower():
        raise WrongOutcome(f"a page was answered {answer.status_code} and is not about whom it should be")
