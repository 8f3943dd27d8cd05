"""Organisations, wards, clinics and the people who work in them. All invented; so are their ODS, GMC and GMP codes."""

from __future__ import annotations

from typing import NamedTuple


class Organisation(NamedTuple):
    """An organisation: its ODS code, name, one-line address, postcode and telephone."""

    ods: str
    name: str
    street: str
    town: str
    postcode: str
    phone: str


class Clinician(NamedTuple):
    """A professional. ``code`` is a GMC code (C and seven digits), a GMP code (G and seven digits) or a local one."""

    code: str
    title: str
    given: str
    family: str
    role: str

    @property
    def spoken(self) -> str:
        """As one would say it: ``Dr Ada Blenkarn``."""
        return f"{self.title} {self.given} {self.family}".strip()


class Ward(NamedTuple):
    """A ward or clinic: point of care, room code, TREATMENT FUNCTION code, name, consultant."""

    code: str
    name: str
    specialty: str
    consultant: Clinician


TRUST = Organisation("RZ9", "Eastmere General Hospital", "Infirmary Road", "Eastmere", "QX1 1EG", "01632960001")
SITE = "RZ901"
AMBULANCE = Organisation("RZA", "Mereshire Ambulance and 111 Service", "Beacon House", "Stonebeck", "QX2 9AM", "01632960099")
AMBULANCE_SITE = "RZA01"
COMMUNITY = Organisation("RZC", "Mereshire Community Health", "Weir Street", "Wetherham", "QX4 2CH", "01632960070")

PRACTICES = (
    Organisation("G99901", "Oakshaw Surgery", "2 Orchard Gate", "Eastmere", "QX1 4OS", "01632960011"),
    Organisation("G99902", "The Weir Practice", "40 Weir Street", "Wetherham", "QX4 2WP", "01632960012"),
    Organisation("G99903", "Stonebeck Health Centre", "1 Kiln Rise", "Stonebeck", "QX2 3SH", "01632960013"),
    Organisation("G99904", "Lower Quay Medical Group", "9 Lower Quay", "Port Ansley", "QX5 6LQ", "01632960014"),
    Organisation("G99905", "Beacon & Ropewalk Partnership", "12 Ropewalk", "Farrowgate", "QX8 7BR", "01632960015"),
)
GPS = (
    Clinician("G9990011", "Dr", "Ruth", "Ansley", "General Medical Practitioner"),
    Clinician("G9990027", "Dr", "Tariq", "Mahmoud", "General Medical Practitioner"),
    Clinician("G9990033", "Dr", "Eluned", "Pryce", "General Medical Practitioner"),
    Clinician("G9990049", "Dr", "Conor", "Delahunt", "General Medical Practitioner"),
    Clinician("G9990055", "Dr", "Sunita", "Raghavan", "General Medical Practitioner"),
)
NURSES = (
    Clinician("N9990101", "Mrs", "Grace", "Tillotson", "Practice Nurse"),
    Clinician("N9990102", "Mr", "Piotr", "Zielak", "Practice Nurse"),
    Clinician("N9990103", "Ms", "Dawn", "Hartnoll", "Community Matron"),
)
CONSULTANTS = (
    Clinician("C9990201", "Dr", "Ada", "Blenkarn", "Consultant"),
    Clinician("C9990202", "Mr", "Hugh", "Carrowmore", "Consultant"),
    Clinician("C9990203", "Dr", "Nkechi", "Obiora", "Consultant"),
    Clinician("C9990204", "Miss", "Leonie", "Strand", "Consultant"),
    Clinician("C9990205", "Prof", "Anil", "Deshmukh", "Consultant"),
    Clinician("C9990206", "Dr", "Björn", "Askeland", "Consultant"),
)
WARDS = (
    Ward("AMU", "Acute Medical Unit", "300", CONSULTANTS[0]),
    Ward("ELM", "Elm Ward", "430", CONSULTANTS[2]),
    Ward("HAZ", "Hazel Ward", "110", CONSULTANTS[1]),
    Ward("ROW", "Rowan Ward", "100", CONSULTANTS[3]),
    Ward("BIR", "Birch Ward", "320", CONSULTANTS[4]),
    Ward("LIN", "Linden Ward", "340", CONSULTANTS[5]),
)
CLINICS = (
    Ward("CARDOP", "Cardiology Outpatients", "320", CONSULTANTS[4]),
    Ward("FRACOP", "Fracture Clinic", "110", CONSULTANTS[1]),
    Ward("ENTOP", "Ear, Nose & Throat Clinic", "120", CONSULTANTS[3]),
    Ward("DIABOP", "Diabetes & Endocrine Clinic", "307", CONSULTANTS[5]),
    Ward("RESPOP", "Respiratory Clinic", "340", CONSULTANTS[5]),
    Ward("PHYSOP", "Physiotherapy Department", "650", CONSULTANTS[2]),
)
OPERATORS = (
    Clinician("U10041", "Mrs", "Noreen", "Stapley", "Ward Clerk"),
    Clinician("U10052", "Mr", "Kofi", "Amponsah", "Ward Clerk"),
    Clinician("U10063", "Miss", "Tegan", "Rowe", "Clinic Clerk"),
)
CALL_ADVISORS = (
    Clinician("HA2031", "", "Marcus", "Edgehill", "Health Advisor"),
    Clinician("HA2044", "", "Shabnam", "Qureshi", "Health Advisor"),
    Clinician("HA2057", "", "Lowri", "Beddoes", "Clinical Advisor"),
)


def practice_gp(practice: Organisation) -> Clinician:
    """The GP with whom a practice's patients are registered."""
    return GPS[PRACTICES.index(practice)]
