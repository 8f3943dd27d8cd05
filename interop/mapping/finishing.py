"""The end of a message: every resource gets its id, every reference its target, and the contributions are handed over."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from interop.ids import NHS_NUMBER, NhsNumber, Standing
from interop.mapping.contribution import Contribution, Mapped, Relink
from interop.mapping.instances import Instance, Key, OwnedKey
from interop.mapping.joined import join, name_once
from interop.mapping.naming import LOCAL
from interop.mapping.runtime import FLAGS, Run

_GMC = "https://fhir.hl7.org.uk/Id/gmc-number"
_ROLE = "https://fhir.nhs.uk/Id/sds-role-profile-id"
"""Of a role that somebody has: another one when he changes it."""
_REGISTERS = (
    "https://fhir.nhs.uk/Id/ods-organization-code",
    "https://fhir.nhs.uk/Id/ods-site-code",
    _GMC,
    *(f"https://fhir.hl7.org.uk/Id/{name}-number" for name in ("gmp", "nmc", "gdc", "gphc", "hcpc")),
    "https://fhir.nhs.uk/Id/sds-user-id",
)
_NOBODY = re.compile(r"[CDGHMNX]9{6}8|[GR]9{5}81|CD9{5}8", re.ASCII)
"""Default codes of the NHS Data Dictionary for clinicians who are not known or have no code."""
_CONSULTANT = re.compile(r"C\d{7}", re.ASCII)


def finish(run: Run, digest: str, cancellable: frozenset[tuple[str, str]]) -> Mapped:
    """Give every resource its id, resolve references, and hand over the contributions. ``cancellable``: (type, event)."""
    for one in run.own:
        if one.type == "Patient":
            _flag_numbers(one)
        if one.effect == "contained":
            one.id = f"{one.name}-{run.instances.index(one)}".replace("_", "-")
        else:
            _identify(run, one)
    for reference, to in run.references:
        reference["reference"] = f"#{to.id}" if to.effect == "contained" else f"{to.type}/{to.id}"
    contributions: dict[tuple[str, str, bool], Contribution] = {}
    relinks: list[Relink] = []
    joined = False
    for one in run.instances:
        if one.shared is not None:
            shared = one.shared
            if contributions.setdefault(shared.slot, shared.contribution) is not shared.contribution:
                _add(contributions, shared.slot, shared.contribution)
            continue
        if one.effect == "contained":
            _contain(one)
            continue
        if one.relink is not None:
            into = one.relink.id if isinstance(one.relink, Instance) else run.mint.id("Patient", *_of_source(run, one.relink))
            if into != one.id and one.effect in ("link", "unlink"):
                relinks.append(Relink(one.id, into, one.row, paired=True))
                _pair(run, one, into)
            elif into != one.id:
                relinks.append(Relink(one.id, into, one.row))
                one.registers[f"link:merge-{into}"] = [{"other": {"reference": f"Patient/{into}"}, "type": "replaced-by"}]
            one.effect = "upsert"
        if one.type == "Patient" or one.tags:
            one.registers["meta.tag:flags"] = [{"system": FLAGS, "code": tag} for tag in one.tags]
        effect, _, cancels = one.effect.partition(":")
        event = run.trigger if (one.type, run.trigger) in cancellable else ""
        made = Contribution(one.type, one.id, one.registers, one.deleted, effect, cancels, event, one.tags, one.name)
        if effect == "join":
            made.effect, slot = "upsert", (one.type, one.id, True)
            joined = joined or slot in contributions
            contributions[slot] = join(contributions[slot], made) if slot in contributions else made
            continue
        run.keep(one, made)
        _add(contributions, (one.type, one.id, effect == "upsert"), made)
    if joined:
        for made in contributions.values():
            name_once(made)
    return Mapped(list(contributions.values()), relinks, run.losses, run.carried, digest)


def _pair(run: Run, one: Instance, into: str) -> None:
    """Both Patients say that they are, or are not, the person of the other: a register for each pair."""
    for side in run.instances:
        if side.type != "Patient" or side.id not in (one.id, into):
            continue
        other = into if side.id == one.id else one.id
        register = f"link:with-{other}"
        if one.effect == "link":
            side.registers[register] = [{"other": {"reference": f"Patient/{other}"}, "type": "seealso"}]
        else:
            side.deleted.append(register)


def _identify(run: Run, one: Instance) -> None:
    own = (_by_identifier(run, one) or one.key) if one.by_identifier else one.key
    key = own.settle() if isinstance(own, OwnedKey) else own
    if key is None:
        same = [other for other in run.instances if other.name == one.name]
        number = next(place for place, other in enumerate(same) if other is one)
        key = "urn:interop:message", f"{run.envelope.digest.hex()}|{one.name}|{number}"
        one.tags.append("unlinked")
    one.key = key
    one.id = run.mint.id(one.type, *(_of_source(run, key) if one.type == "Patient" else key))


def _by_identifier(run: Run, one: Instance) -> Key | None:
    """The preferred identifier: of a Patient the local one, else the NHS number; of others a national one, else local."""
    found: list[Key] = []
    for register in sorted(_identifiers(tuple(one.registers))):
        for identifier in one.registers[register]:
            system, value = identifier.get("system"), identifier.get("value")
            if value and system:
                found.append((system, value))
    if one.type != "Patient":
        national = one.by_identifier == "national"
        return _preferred([key for key in found if key[0] in _REGISTERS] if national else found)
    for key in found:
        if key[0] != NHS_NUMBER:
            return key
    return _by_number(run, one, found[0][1]) if found else None


def _preferred(found: list[Key]) -> Key | None:
    """Of several identifiers the one that other sources are likeliest to give: a registration, then a national number, then a
    sender's own. Default codes name nobody; a consultant code is the GMC number behind a C (NHS Data Dictionary)."""
    named = [key for key in found if not _NOBODY.fullmatch(key[1])]
    if not named:
        return None
    system, value = named[0] if len(named) == 1 else min(named, key=_rank)
    return (system, value[1:] if system == _GMC and _CONSULTANT.fullmatch(value) else value)


def _rank(key: Key) -> int:
    system = key[0]
    if system in _REGISTERS:
        return _REGISTERS.index(system)
    return len(_REGISTERS) + (2 if system.startswith(LOCAL) else system == _ROLE)


def _of_source(run: Run, key: Key) -> Key:
    """A Patient of whom a source knows the NHS number alone is that source's own Patient: whether those of two sources are one
    person is for ``interop.identity``, which looks at more than the number."""
    return (key[0], f"{key[1]}|{run.source}") if key[0] == NHS_NUMBER and run.source else key


def _by_number(run: Run, one: Instance, text: str) -> Key | None:
    """An NHS number names the Patient of its source; a bad or repeated-digit one names nobody: with birth date, family and first
    given name (twins) it holds one sender's messages about one person together, without them it does not even do that."""
    number = NhsNumber.read(text)
    if number is not None and number.standing in (Standing.USABLE, Standing.TEST):
        return NHS_NUMBER, number
    born = one.registers.get("birthDate", "")
    names = [value for register, value in sorted(one.registers.items()) if register.startswith("name:")]
    name = names[0][0] if names and names[0] else {}
    family, given = name.get("family", ""), name.get("given")
    first = str(given[0]) if isinstance(given, list) and given else ""
    who = f"{text}|{born}|{family.casefold()}|{first.casefold()}"
    return (run.local("unverified-nhs-number"), who) if born and family else None


def _flag_numbers(one: Instance) -> None:
    for register in _identifiers(tuple(one.registers)):
        for identifier in one.registers[register]:
            if identifier.get("system") == NHS_NUMBER:
                number = NhsNumber.read(identifier.get("value", ""))
                standing = number.standing if number is not None else Standing.INVALID
                if standing is Standing.INVALID and "nhs-number-invalid" not in one.tags:
                    one.tags.append("nhs-number-invalid")
                if standing is Standing.REPEATED and "nhs-number-repeated-digits" not in one.tags:
                    one.tags.append("nhs-number-repeated-digits")


def _contain(one: Instance) -> None:
    holder = one.up
    while holder is not None and not holder.type:
        holder = holder.up
    if holder is not None:
        from interop.mapping.assemble import assemble

        holder.registers.setdefault(f"contained:{one.name}", []).append({**assemble(one.type, one.registers), "id": one.id})


@lru_cache(maxsize=4_096)
def _identifiers(registers: tuple[str, ...]) -> tuple[str, ...]:
    """The registers that hold identifiers."""
    return tuple(name for name in registers if name.startswith("identifier:"))


def _add(contributions: dict[tuple[str, str, bool], Contribution], slot: tuple[str, str, bool], made: Contribution) -> None:
    """Add what is said of a resource; where it was spoken of before in this message, only what is new."""
    before = contributions.get(slot)
    if before is None:
        contributions[slot] = made
    elif made.registers is not before.registers and made.registers.keys() - before.registers.keys():
        contributions[slot] = replace(before, registers={**made.registers, **before.registers}, derived=None)
