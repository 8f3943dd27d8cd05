"""The tables of the extract, told by the columns in their headers: these differ by version, and names of files are not at hand."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Final, NamedTuple


class Table(NamedTuple):
    """A table: its name as in the names of the files, the columns that no other table has together, the column that names a row
    ('' where rows have no key)."""

    name: str
    columns: frozenset[str]
    key: str


TABLES: Final = tuple(
    Table(name, frozenset(columns.split()), key)
    for name, columns, key in (
        ("Admin_Location", "LocationGuid LocationName", "LocationGuid"),
        ("Admin_Organisation", "OrganisationGuid OrganisationName ODSCode", "OrganisationGuid"),
        ("Admin_OrganisationLocation", "OrganisationGuid LocationGuid IsMainLocation", ""),
        ("Admin_Patient", "PatientGuid DateOfBirth NhsNumber", "PatientGuid"),
        ("Admin_UserInRole", "UserInRoleGuid JobCategoryCode", "UserInRoleGuid"),
        ("Agreements_SharingOrganisation", "OrganisationGuid IsActivated", "OrganisationGuid"),
        ("Appointment_Session", "AppointmentSessionGuid StartDate", "AppointmentSessionGuid"),
        ("Appointment_SessionUser", "SessionGuid UserInRoleGuid", "SessionGuid"),
        ("Appointment_Slot", "SlotGuid AppointmentDate", "SlotGuid"),
        ("Audit_PatientAudit", "ItemGuid ItemType ModeType", ""),
        ("Audit_RegistrationAudit", "PatientGuid ModifiedDate ModeType", ""),
        ("CareRecord_Consultation", "ConsultationGuid ConsultationSourceTerm", "ConsultationGuid"),
        ("CareRecord_Diary", "DiaryGuid DurationTerm", "DiaryGuid"),
        ("CareRecord_Observation", "ObservationGuid ObservationType", "ObservationGuid"),
        ("CareRecord_ObservationReferral", "ObservationGuid ReferralUrgency", "ObservationGuid"),
        ("CareRecord_Problem", "ObservationGuid ParentProblemObservationGuid", "ObservationGuid"),
        ("Coding_ClinicalCode", "CodeId SnomedCTConceptId", "CodeId"),
        ("Coding_DrugCode", "CodeId DmdProductCodeId", "CodeId"),
        ("Prescribing_DrugRecord", "DrugRecordGuid NumberOfIssuesAuthorised", "DrugRecordGuid"),
        ("Prescribing_IssueRecord", "IssueRecordGuid DrugRecordGuid", "IssueRecordGuid"),
    )
)
_CORRECTED: Final = {
    "ClinicanUserInRoleGuid": "ClinicianUserInRoleGuid",
    "ExternalUsusalGP": "ExternalUsualGP",
    "ExternalUsusalGPOrganisation": "ExternalUsualGPOrganisation",
}
"""Columns that versions 5.0 and 5.1 misspell."""
_NAME: Final = re.compile(r"[A-Z][A-Za-z]*(?:Guid|CodeId)|CodeId", re.ASCII)
"""What the first column of every table is called, unless a sender has them in another order."""


def table_of(columns: Sequence[str]) -> Table | None:
    """The table with these columns; None for what is no table of the extract."""
    there = frozenset(columns)
    return next((table for table in TABLES if table.columns <= there), None)


def header(line: bytes) -> list[str]:
    """The columns of a line that is a header, as the latest version spells them; empty for any other line."""
    if len(line) > 4_096:
        return []
    try:
        [cells] = csv.reader([line.removeprefix(b"\xef\xbb\xbf").decode().rstrip("\r\n")])
    except (ValueError, csv.Error):
        return []
    names = [_CORRECTED.get(cell.strip(), cell.strip()) for cell in cells]
    return names if names and (_NAME.fullmatch(names[0]) or table_of(names) is not None) else []
