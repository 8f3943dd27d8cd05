"""A person's shared record as the FHIR API gives it, sorted into what a reader looks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from conformance.generate.people import Person

NHS = "https://fhir.nhs.uk/Id/nhs-number"
Resource = dict[str, Any]


@dataclass(slots=True)
class PersonRecord:
    """What is known of a person, from every source; ``names`` are the displays of what is referred to."""

    person: Person
    patients: list[Resource] = field(default_factory=list)
    plans: list[Resource] = field(default_factory=list)
    triage: list[Resource] = field(default_factory=list)
    appointments: list[Resource] = field(default_factory=list)
    contacts: list[Resource] = field(default_factory=list)
    conditions: list[Resource] = field(default_factory=list)
    allergies: list[Resource] = field(default_factory=list)
    medicines: list[Resource] = field(default_factory=list)
    referrals: list[Resource] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)


def source(resource: Resource) -> str:
    """The feed that made the present version, from ``meta.source``; '' where it does not say."""
    made: str = resource.get("meta", {}).get("source", "")
    return made.removeprefix("urn:interop:feed:").partition("#")[0]


def sources(record: PersonRecord) -> set[str]:
    """The feeds that know the person."""
    return {source(patient) for patient in record.patients}


def read_record(client: httpx.Client, person: Person) -> PersonRecord:
    """Find the Patient by NHS number (POST, so that it stands in no URL), then read everything of the person's group."""
    record = PersonRecord(person)
    found = client.post("/fhir/Patient/_search", data={"identifier": f"{NHS}|{person.nhs_number}"}).json()
    entries = found.get("entry", [])
    if not entries:
        return record
    url: str | None = f"/fhir/Patient/{entries[0]['resource']['id']}/$everything?_count=200"
    while url:
        page = client.get(url).json()
        for entry in page.get("entry", []):
            _sort(record, entry["resource"])
        url = next((link["url"] for link in page.get("link", []) if link["relation"] == "next"), None)
    _name(client, record)
    return record


def _sort(record: PersonRecord, resource: Resource) -> None:
    kind = resource["resourceType"]
    if kind == "CarePlan":
        codes = {coding.get("code") for category in resource.get("category", []) for coding in category.get("coding", [])}
        tags = {tag.get("code") for tag in resource.get("meta", {}).get("tag", [])}
        if "umbrella" not in tags:
            (record.triage if "triage-outcome" in codes else record.plans).append(resource)
        return
    lists = {
        "Patient": record.patients,
        "Appointment": record.appointments,
        "Encounter": record.contacts,
        "Condition": record.conditions,
        "AllergyIntolerance": record.allergies,
        "MedicationStatement": record.medicines,
        "ServiceRequest": record.referrals,
    }
    if kind in lists:
        lists[kind].append(resource)


def _name(client: httpx.Client, record: PersonRecord) -> None:
    """Read the practitioners, places and services that the record refers to, once each."""
    wanted = sorted(
        {
            reference
            for part in (record.plans, record.triage, record.appointments, record.contacts)
            for one in part
            for reference in _references(one)
        }
    )
    for reference in wanted:
        answer = client.get(f"/fhir/{reference}")
        if answer.is_success:
            record.names[reference] = display(answer.json())


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = value.get("reference")
        named = ("Practitioner/", "Location/", "Organization/", "HealthcareService/")
        found = [own] if isinstance(own, str) and own.startswith(named) else []
        return found + [reference for part in value.values() for reference in _references(part)]
    if isinstance(value, list):
        return [reference for part in value for reference in _references(part)]
    return []


def display(resource: Resource) -> str:
    """What one calls a practitioner, place, organisation or service; '' where it has no name."""
    name = resource.get("name")
    if isinstance(name, str):
        return name
    if isinstance(name, list) and name:
        parts = [*name[0].get("prefix", []), *name[0].get("given", []), name[0].get("family", "")]
        return name[0].get("text") or " ".join(part for part in parts if part)
    return ""
