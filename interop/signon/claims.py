"""Who asks, from the claims of a proved token.

The table ``tables/claims.csv`` says which claim means which role; the first row that fits stands. ``claim`` ``nrbac`` is the role
code of NHS CIS2's selected role (``nhsid_nrbac_roles``, its last part: ``S0010:G0020:R8000``), ``nrbac-activity`` any of that
role's activity codes (``B0825``), any other a claim of that name; ``value`` and ``organisation`` are regular expressions of the
whole text, '' = any organisation; ``role`` ``=`` is the value itself.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

from interop.policy.asker import ENGINE, Asker
from interop.policy.scopes import read_scopes
from interop.signon.refused import Refused

TESTER: Final = "tester"
"""The role that sees all: for the embedded issuer's tokens alone."""
_ROLE: Final = re.compile(r"[a-z][a-z0-9-]{1,39}")
_ORGANISATION: Final = re.compile(r"[A-Z0-9]{2,20}")
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_FHIR_USER: Final = re.compile(r"((?:.*/)?)((?:Practitioner|PractitionerRole|Patient|RelatedPerson|Person)/[A-Za-z0-9\-.]{1,64})")
_NAME: Final = re.compile(r"[A-Za-z0-9_.:/@-]{0,200}")
_FEED: Final = re.compile(r"[A-Za-z0-9_.-]{0,64}|\*")
Claims = Mapping[str, Any]


class Row(NamedTuple):
    """A row of the table."""

    claim: str
    value: re.Pattern[str]
    organisation: re.Pattern[str] | None
    role: str


@cache
def rows(path: Path | None = None) -> tuple[Row, ...]:
    """The rows of the table, or of a file of the operator's. Raises ValueError for one that cannot be read."""
    try:
        text = (path or files("interop.signon").joinpath("tables/claims.csv")).read_text("utf-8")
        return tuple(_row(each) for each in csv.DictReader(text.splitlines()))
    except (OSError, KeyError, TypeError, re.error) as error:
        raise ValueError(
            f"The table of claims cannot be read ({error}): its columns are claim,value,organisation,role,why."
        ) from error


def _row(said: dict[str, str]) -> Row:
    organisation = re.compile(said["organisation"]) if said["organisation"] else None
    return Row(said["claim"], re.compile(said["value"]), organisation, said["role"])


def asker_of(claims: Claims, *, own: bool, table: tuple[Row, ...] | None = None, base: str = "") -> Asker:
    """Who asks. ``own``: the embedded issuer made the token, whose claims are Asker's fields by name; of another issuer's the
    table says what they mean. ``base`` is our FHIR base: a user under another is a resource of somebody else's, under whose id
    there may be another person here. Raises Refused where no role is found, or a claim is not what it must be."""
    issuer, subject = str(claims["iss"]), str(claims["sub"])
    selected = _selected(claims)
    client = _text(claims, "client_id", _NAME) or _text(claims, "azp", _NAME)
    if client in ENGINE:
        raise Refused("claims")
    organisation = _organisation(claims, selected)
    role = _text(claims, "role", _ROLE) if own else _role(claims, selected, organisation, table if table is not None else rows())
    if not role:
        raise Refused("role")
    feed = _text(claims, "feed", _FEED)
    said = claims.get("fhirUser")
    user = _FHIR_USER.fullmatch(said) if isinstance(said, str) and len(said) < 500 else None
    fhir_user = user[2] if user and (own or user[1] in ("", base and f"{base}/")) else ""
    patient = _text(claims, "patient", _ID)
    if role == "patient":  # whose own record it is says fhirUser: patient is whom an application shows
        themselves = fhir_user.removeprefix("Patient/") if fhir_user.startswith("Patient/") else ""
        if patient and patient != themselves and not (own and said is None):
            raise Refused("claims")
        patient = patient or themselves
    return Asker(
        user="" if subject == client else f"{issuer}|{subject}",
        role=role,
        organisation=organisation,
        client=client,
        purpose=_text(claims, "purpose", _ROLE),
        patient=patient,
        fhir_user=fhir_user,
        scopes=read_scopes(_scope(claims)),
        feed=feed if own or feed != "*" else "",
        session=(_text(claims, "sid", _NAME) if own else "") or _text(claims, "jti", _NAME),
    )


def _text(claims: Claims, name: str, form: re.Pattern[str]) -> str:
    """A claim that is a text of this form, '' where it is not there; raises Refused for any other."""
    said = claims.get(name, "")
    if said in ("", None):
        return ""
    if not isinstance(said, str) or not form.fullmatch(said):
        raise Refused("claims")
    return said


def _scope(claims: Claims) -> str:
    """``scope`` of RFC 9068, or the list that some issuers give as ``scp``."""
    said = claims.get("scope", claims.get("scp", ""))
    if isinstance(said, list):
        said = " ".join(each for each in said if isinstance(each, str))
    return said if isinstance(said, str) else ""


def _selected(claims: Claims) -> Claims:
    """The role of NHS CIS2 that the user has chosen; the only one where there is one. {} for none."""
    listed = claims.get("nhsid_nrbac_roles")
    found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    chosen = claims.get("selected_roleid")
    if chosen:
        found = [each for each in found if each.get("person_roleid") == chosen]
    return found[0] if len(found) == 1 else {}


def _organisation(claims: Claims, selected: Claims) -> str:
    said = selected.get("org_code") if selected else claims.get("organisation", "")
    if said in ("", None):
        return ""
    if not isinstance(said, str) or not _ORGANISATION.fullmatch(said.upper()):
        raise Refused("claims")
    return said.upper()


def _values(claim: str, claims: Claims, selected: Claims) -> list[str]:
    """What a row of the table is held against."""
    if claim == "nrbac":
        return [str(selected.get("role_code", "")).rpartition(":")[2]]
    said = selected.get("activity_codes") if claim == "nrbac-activity" else claims.get(claim)
    listed = said if claim == "nrbac-activity" else [said]
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def _role(claims: Claims, selected: Claims, organisation: str, table: tuple[Row, ...]) -> str:
    for row in table:
        said = next((each for each in _values(row.claim, claims, selected) if each and row.value.fullmatch(each)), "")
        if not said:
            continue
        if row.organisation is not None and not row.organisation.fullmatch(organisation):
            continue
        role = said if row.role == "=" else row.role
        return "" if role == TESTER else role
    return ""
