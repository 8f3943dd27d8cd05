"""What a SOAP request claims of its sender and of the time, held to what the transport has proved (WS-Security 1.1; ITK 2.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from adapters.nhs111.security import check_distribution, check_security
from interop.errors import Problem
from interop.ports import Caller
from tests.spec.api.reports import SOAP11, SOAP12

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
CALLER = Caller("north-111", "NX111", (("North 111 Live", "NX111"), ("NX9", "NX9")))
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"


def at(minutes: float, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return (NOW + timedelta(minutes=minutes)).strftime(form)


def stamp(created: str, expires: str = "") -> str:
    return f"<u:Timestamp><u:Created>{created}</u:Created>{expires and f'<u:Expires>{expires}</u:Expires>'}</u:Timestamp>"


def user(name: str, created: str = "") -> str:
    more = created and f"<u:Created>{created}</u:Created>"
    return f"<w:UsernameToken><w:Username>{name}</w:Username><w:Password>any</w:Password>{more}</w:UsernameToken>"


def assertion(name: str, before: str, after: str, version: str = "2.0") -> str:
    space, tag = f"urn:oasis:names:tc:SAML:{version}:assertion", "NameID" if version == "2.0" else "NameIdentifier"
    subject = f"<a:Subject><a:{tag}>{name}</a:{tag}></a:Subject>"
    return f'<a:Assertion xmlns:a="{space}">{subject}<a:Conditions NotBefore="{before}" NotOnOrAfter="{after}"/></a:Assertion>'


def judged(inside: str, soap: str = SOAP11, headers: int = 1) -> str:
    """The reason for which a header with that inside is refused, '' where it is not."""
    security = f'<w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}">{inside}</w:Security>'
    root = etree.fromstring(f'<s:Envelope xmlns:s="{soap}"><s:Header>{security * headers}</s:Header><s:Body/></s:Envelope>')
    try:
        check_security(root, CALLER, int(NOW.timestamp() * 1_000_000))
    except Problem as problem:
        return problem.reason.name if problem.where == "Header/Security" else f"at {problem.where}"
    return ""


GOOD = [
    "",
    stamp(at(-1), at(4)) + user("north-111"),
    user("NX111"),
    user(" nx111 "),
    user("north 111 live"),
    user("NX9"),
    user("urn:nhs-uk:identity:ods:NX111:any one"),
    stamp(at(-1)),
    stamp(at(4.9), at(9)),
    stamp(at(-9), at(-4.9)),
    stamp(at(-9.9)),
    stamp("", at(1)),
    stamp(at(-1, "%Y-%m-%dT%H:%M:%S.123456789Z"), at(61, "%Y-%m-%dT%H:%M:%S+01:00")),
    stamp(at(-1, "%Y-%m-%dT%H:%M:%S"), at(1, "%Y-%m-%dT%H:%M:%S.5")),
    user("NX111", at(-9)),
    assertion("NX111", at(-1), at(4)),
    assertion("north-111", at(-1), at(4), "1.0"),
]
STALE = [
    stamp(at(-20), at(-5)),
    stamp(at(-10)),
    stamp(at(5.1), at(20)),
    user("north-111", at(-10)),
    user("north-111", at(6)),
    stamp(at(-1), at(4)) + user("north-111", at(-60)),
    stamp("2001-01-01T00:00:00Z", "2001-01-01T00:05:00Z"),
    assertion("NX111", at(-20), at(-6)),
    assertion("NX111", at(6), at(20), "1.0"),
]
NO_TIME = [
    "no time",
    "2026-02-31T00:00:00Z",
    "2026-01-05",
    "20260105T093000Z",
    "2026-01-05T09:30:00+99:00",
    "٢٠٢٦-01-05T09:30:00Z",
    "1" * 9_999,
]
OTHERS = [
    user("somebody else"),
    user(""),
    user("RYY"),
    user("urn:nhs-uk:identity:ods:RYY:any"),
    user("north-111") + user("RYY"),
    assertion("RYY", at(-1), at(4)),
    assertion("", at(-1), at(4)),
    assertion("RYY", at(-1), at(4), "1.0"),
]


@pytest.mark.parametrize("inside", GOOD)
@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_a_header_of_the_sender_and_of_now_passes(inside: str, soap: str) -> None:
    """Clocks may differ by five minutes; the name is the program's, its organisation's or one that its feed is known by."""
    assert judged(inside, soap) == ""


@pytest.mark.parametrize("inside", STALE)
def test_one_that_has_ended_or_is_to_come_is_stale(inside: str) -> None:
    """Without an end it is good for five minutes."""
    assert judged(inside) == "stale-security"


@pytest.mark.parametrize("said", NO_TIME)
def test_a_time_that_is_none_is_refused(said: str) -> None:
    assert judged(stamp(said)) == judged(stamp(at(-1), said)) == "bad-value"


@pytest.mark.parametrize("inside", OTHERS)
def test_another_sender_is_refused(inside: str) -> None:
    """Whatever password goes with it: it proves nothing that the transport has not proved."""
    assert judged(inside) == "wrong-sender"


def test_every_security_header_is_judged() -> None:
    """An intermediary may add one of its own (WS-Security 1.1, 5)."""
    assert judged(user("RYY"), headers=2) == "wrong-sender"


@pytest.mark.parametrize(
    ("place", "address", "passes"),
    [
        ("senderAddress", "urn:nhs-uk:addressing:ods:NX111", True),
        ("senderAddress", "urn:nhs-uk:addressing:ods:NX111:TEAM:1", True),
        ("senderAddress", "urn:nhs-uk:addressing:ods:NX9", True),
        ("senderAddress", "north-111", True),
        ("senderAddress", "", True),
        ("senderAddress", "urn:nhs-uk:addressing:ods:RYY", False),
        ("senderAddress", "urn:nhs-uk:addressing:ods:", False),
        ("senderAddress", "somebody", False),
        ("auditIdentity", "urn:nhs-uk:identity:ods:NX111:ROB", True),
        ("auditIdentity", "urn:nhs-uk:identity:uuid:1234", True),
        ("auditIdentity", "urn:nhs-uk:identity:ods:RYY:ROB", False),
    ],
)
def test_a_distribution_envelope_is_of_the_sender(place: str, address: str, passes: bool) -> None:
    """Audit identities are judged as far as they are of ODS."""
    inside = f'<{place} uri="{address}"/>' if place == "senderAddress" else f'<{place}><id uri="{address}"/></{place}>'
    root = etree.fromstring(f'<DistributionEnvelope xmlns="urn:nhs-itk:ns:201005"><header>{inside}</header></DistributionEnvelope>')
    if passes:
        check_distribution(root, CALLER)
    else:
        with pytest.raises(Problem) as caught:
            check_distribution(root, CALLER)
        assert (caught.value.reason.name, caught.value.where) == ("wrong-sender", f"header/{place}")
