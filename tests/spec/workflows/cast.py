"""Who is in the stories, and the district that they live in: organisations, their feeds, their people and where these are told."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from conformance.generate.places import AMBULANCE, AMBULANCE_SITE, COMMUNITY, PRACTICES, SITE, TRUST
from interop.ids import ODS_ORGANISATION
from interop.ports import Feed

OAKSHAW, WEIR = PRACTICES[0].ods, PRACTICES[1].ods
HOSPICE = "RZH"
HOSPITAL, CREWS, LOCALITY = TRUST.ods, AMBULANCE.ods, COMMUNITY.ods
ENGINE = "Shared record"


class Actor(NamedTuple):
    """Somebody, or a system: what the diagram calls them, the role and organisation of their token, a patient's own record, the
    feed under which a system sends, and their mailbox."""

    name: str
    role: str = ""
    organisation: str = ""
    feed: str = ""
    mail: str = ""
    patient: str = ""

    @property
    def user(self) -> str:
        """What their token calls them."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


PRACTICE_SYSTEM = Actor("Oakshaw Surgery", "feed", OAKSHAW, "gp")
HOSPITAL_SYSTEM = Actor("Eastmere General", "feed", HOSPITAL, "hospital")
LETTERS = Actor("Eastmere letters", "feed", HOSPITAL, "letters")
AMBULANCE_SYSTEM = Actor("Ambulance service", "feed", CREWS, "ambulance")
DISPATCH = Actor("Ambulance dispatch", "feed", CREWS, "dispatch")
LOCALITY_SYSTEM = Actor("Community trust", "feed", LOCALITY, "community")
TELEHEALTH = Actor("Telehealth hub", "feed", LOCALITY, "telehealth")

DOCTOR = Actor("Dr Ansley (GP)", "gp", OAKSHAW, mail="ansley@oakshaw.example")
MATRON = Actor("Dawn Hartnoll (matron)", "hospital-clinician", LOCALITY, mail="hartnoll@locality.example")
TEAM = Actor("Locality team", "hospital-clinician", LOCALITY, mail="team@locality.example")
DESK = Actor("Co-ordination desk", "coordinator", LOCALITY)
CREW = Actor("Ambulance crew", "ambulance-clinician", CREWS)
WARD = Actor("Ward", "hospital-clinician", HOSPITAL)
HOSPICE_TEAM = Actor("Hospice team", "hospital-clinician", HOSPICE, mail="team@hospice.example")
PHARMACY = Actor("Pharmacy", "system", "FZZ01")
STRANGER = Actor("The Weir Practice", "gp", WEIR, mail="stranger@weir.example")
OPERATOR = Actor("Operator", "operator")
FEEDS = {
    each.name: each
    for each in (
        Feed("gp", "openhr", organisation=OAKSHAW, test_numbers=True),
        Feed("hospital", "hl7v2", organisation=HOSPITAL, also=((SITE, HOSPITAL),), test_numbers=True),
        Feed("letters", "documents", organisation=HOSPITAL, test_numbers=True),
        Feed("ambulance", "nhs111", organisation=CREWS, also=((AMBULANCE_SITE, CREWS),), test_numbers=True),
        Feed("dispatch", "bars", organisation=CREWS, test_numbers=True),
        Feed("telehealth", "hl7v2", organisation=LOCALITY, test_numbers=True),
        Feed("community", "r4", organisation=LOCALITY, also=(("https://community.example/R4", LOCALITY),), test_numbers=True),
    )
}


def by(code: str) -> dict[str, Any]:
    """A reference to an organisation by its ODS code."""
    return {"identifier": {"system": ODS_ORGANISATION, "value": code}}
