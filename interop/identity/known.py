"""What is known of a Patient that comparing goes by, read from the resource or from the identity that the store keeps.

``WITHDRAWN`` on an identifier: the national service says that this NHS number, which the Patient had or seemed to have, is no
longer anybody's (``superseded``, ``invalidated``). Such a number is no number of the Patient's; it is told for whoever still states
it, as the service is the only one who knows.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from interop.fhir.shapes import dicts, text, texts
from interop.identity.names import PLACEHOLDERS, plain, words
from interop.ids import NHS_NUMBER, NhsNumber, Standing

Patient = dict[str, Any]
MOST: Final = 6
"""Names, addresses and contacts of a Patient that are compared: so the cost of a comparison is bounded."""
VERIFIED: Final = "01"
WITHDRAWN: Final = "urn:interop:extension:nhs-number-withdrawn"
_STATUS: Final = "NHSNumberVerificationStatus"
_SEXES: Final = {"male": "m", "female": "f"}


class Known(NamedTuple):
    """``number`` is the one valid NHS number, '' for none or several; ``status`` v = stated as verified, n = as something else, p =
    by the national service itself, '' = not stated. ``birth`` as in FHIR, in part too. Names are plain
    (``interop.identity.names``), ``families`` with their parts hyphenated; ``given`` are first names, ``middle`` further ones;
    ``placeholder``: a first name that names nobody; ``mistyped``: ten digits that fail modulus 11; ``former``: numbers that the
    national service has withdrawn."""

    number: str = ""
    status: str = ""
    birth: str = ""
    families: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    middle: frozenset[str] = frozenset()
    gender: str = ""
    postcodes: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    telecoms: frozenset[str] = frozenset()
    identifiers: frozenset[tuple[str, str]] = frozenset()
    placeholder: bool = False
    mistyped: str = ""
    former: frozenset[str] = frozenset()

    @property
    def alone(self) -> bool:
        """Whether the number is all that is known."""
        return bool(self.number) and not (self.birth or self.families or self.given or self.placeholder)


def known_of(patient: Patient, *, test_numbers: bool, verified: bool = False) -> Known:
    """Read a Patient; ``test_numbers``: numbers of the 999 range count as valid; ``verified``: one without a status counts as
    verified (``interop.identity.sources``)."""
    number, status, mistyped = _number(patient, test_numbers)
    status = "v" if verified and number and not status else status
    families, given, middle, placeholder = _names(patient)
    addresses = dicts(patient, "address")[:MOST]
    lines = (plain(line) for each in addresses for line in texts(each, "line")[:1])
    return Known(
        number,
        status,
        text(patient, "birthDate")[:10],
        frozenset(families),
        frozenset(given),
        frozenset(middle),
        _SEXES.get(text(patient, "gender"), ""),
        frozenset(code for each in addresses if (code := plain(text(each, "postalCode")))),
        frozenset(line for line in lines if line),
        frozenset(value for each in dicts(patient, "telecom")[:MOST] if (value := plain(text(each, "value")))),
        frozenset(pair for pair in _identifiers(patient) if pair[0] and pair[0] != NHS_NUMBER),
        placeholder,
        mistyped,
        frozenset(number for one in dicts(patient, "identifier") if is_withdrawn(one) and (number := text(one, "value"))),
    )


def is_withdrawn(identifier: Patient) -> bool:
    """Whether it is an NHS number that the national service has withdrawn."""
    return text(identifier, "system") == NHS_NUMBER and any(
        text(each, "url") == WITHDRAWN for each in dicts(identifier, "extension")
    )


def valid(value: str, test_numbers: bool) -> bool:
    """Whether a number may name one person: its check digit is right, its ten digits are not equal, and it is no test number save
    where those count."""
    number = NhsNumber.read(value)
    return number is not None and number.standing in ((Standing.USABLE, Standing.TEST) if test_numbers else (Standing.USABLE,))


def _number(patient: Patient, test_numbers: bool) -> tuple[str, str, str]:
    """The number and what is stated of it, or one that is mistyped; a Patient that has two says of neither which is right."""
    numbers = [one for one in dicts(patient, "identifier") if text(one, "system") == NHS_NUMBER and not is_withdrawn(one)]
    values = {text(one, "value") for one in numbers}
    if len(values) != 1:
        return "", "", ""
    read = NhsNumber.read(values.pop())
    if read is None or not valid(read, test_numbers):
        return "", "", str(read) if read is not None and read.standing is Standing.INVALID else ""
    said = {stated(one) for one in numbers} - {""}
    return str(read), "n" if "n" in said else "v" if said else "", ""


def stated(identifier: Patient) -> str:
    """What is stated of an NHS number: ``v`` verified, ``n`` something else, '' nothing. NHS Data Dictionary, NHS NUMBER STATUS
    INDICATOR CODE: 01 alone is verified."""
    for extension in dicts(identifier, "extension"):
        if _STATUS in text(extension, "url"):
            concept = extension.get("valueCodeableConcept")
            codes = {text(coding, "code") for coding in dicts(concept, "coding")}
            return "v" if codes & {VERIFIED, "number-present-and-verified"} else "n"
    return ""


def _names(patient: Patient) -> tuple[set[str], set[str], set[str], bool]:
    families: set[str] = set()
    given: set[str] = set()
    middle: set[str] = set()
    placeholder = False
    for name in dicts(patient, "name")[:MOST]:
        if family := "-".join(words(text(name, "family"))):
            families.add(family)
        said = [word for each in texts(name, "given")[:MOST] for word in words(each)][:MOST]
        if said and (said[0] in PLACEHOLDERS or not said[0].isalpha()):
            placeholder = True
        elif said:
            given.add(said[0])
            middle.update(said[1:])
            if len(said) > 1:
                given.add(said[0] + said[1])
    return families, given, middle, placeholder


def _identifiers(patient: Patient) -> list[tuple[str, str]]:
    return [(text(each, "system"), text(each, "value")) for each in dicts(patient, "identifier") if text(each, "value")]
