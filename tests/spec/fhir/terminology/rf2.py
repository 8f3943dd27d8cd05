"""A made-up SNOMED CT release in RF2: identifiers of a namespace of our own (1999999), terms of a garden."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from interop.fhir.sctid import check_digit

SPACE = "1999999"
TIME = "20260401"
IS_A, SYNONYM, FULL = "116680003", "900000000000013009", "900000000000003001"
PREFERRED, ACCEPTABLE = "900000000000548007", "900000000000549004"
GB, US = "900000000000508004", "900000000000509007"


def sctid(number: int, partition: str) -> str:
    digits = f"{number}{SPACE}{partition}"
    return digits + check_digit(digits)


def concept(number: int) -> str:
    return sctid(number, "10")


MODULE = concept(90)
ROOT, FRUIT, APPLE, COX, PEAR, MEDLAR, TOOL, BASKET, SET, EMPTY_SET = (concept(number) for number in range(1, 11))
CONCEPTS = [ROOT, FRUIT, APPLE, COX, PEAR, MEDLAR, TOOL, BASKET, SET, EMPTY_SET]
INACTIVE = {MEDLAR}
LINKS = [(FRUIT, ROOT), (APPLE, FRUIT), (COX, APPLE), (PEAR, FRUIT), (TOOL, ROOT), (BASKET, TOOL), (COX, TOOL), (SET, ROOT)]
"""Cox has two parents: it is a tool as well, for the sake of the hierarchy."""
TEXTS = {
    ROOT: ["Garden concept (garden)", "Garden concept"],
    FRUIT: ["Fruit (fruit)", "Fruit"],
    APPLE: ["Apple (fruit)", "Malus", "Apple", "US apple"],
    COX: ["Cox's Orange Pippin (fruit)", "Cox"],
    PEAR: ["Pear (fruit)", "Pear"],
    MEDLAR: ["Medlar (fruit)", "Medlar"],
    TOOL: ["Tool (tool)", "Tool"],
    BASKET: ["Basket (tool)", "Basket"],
    SET: ["Fruits for the table (reference set)", "Fruits for the table"],
    EMPTY_SET: ["Fruits for nobody (reference set)", "Fruits for nobody"],
}
"""First the fully specified name; the preferred synonym of Britain is the last but for the apple, where it is the third."""
BRITISH = {code: 2 if code == APPLE else len(texts) - 1 for code, texts in TEXTS.items()}

CONCEPT_HEAD = "id effectiveTime active moduleId definitionStatusId"
DESCRIPTION_HEAD = "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId"
LINK_HEAD = "id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId"
REFSET_HEAD = "id effectiveTime active moduleId refsetId referencedComponentId"


def table(head: str, rows: Iterable[Sequence[str]]) -> str:
    return "".join("\t".join(row) + "\r\n" for row in [head.split(), *rows])


def files() -> dict[str, str]:
    """Path within the release -> content."""
    descriptions: list[list[str]] = []
    language: list[list[str]] = []
    for code, texts in TEXTS.items():
        for place, term in enumerate(texts):
            own = sctid(len(descriptions) + 1, "11")
            kind = SYNONYM if place else FULL
            descriptions.append([own, TIME, "1", MODULE, code, "en", kind, term, "900000000000448009"])
            british = PREFERRED if place in (0, BRITISH[code]) else ACCEPTABLE
            language.append([f"b-{own}", TIME, "1", MODULE, GB, own, british])
            american = PREFERRED if place in (0, len(texts) - 1) else ACCEPTABLE
            language.append([f"a-{own}", TIME, "1", MODULE, US, own, american])
    gone = sctid(99, "11")
    descriptions.append([gone, TIME, "0", MODULE, PEAR, "en", SYNONYM, "A term that was withdrawn", "900000000000448009"])
    concepts = [[code, TIME, str(int(code not in INACTIVE)), MODULE, "900000000000074008"] for code in CONCEPTS]
    links = [
        [sctid(number, "12"), TIME, "1", MODULE, below, above, "0", IS_A, "900000000000011006", "900000000000451002"]
        for number, (below, above) in enumerate(LINKS, 1)
    ]
    links.append([sctid(50, "12"), TIME, "0", MODULE, PEAR, TOOL, "0", IS_A, "900000000000011006", "900000000000451002"])
    links.append([sctid(51, "12"), TIME, "1", MODULE, PEAR, TOOL, "0", "363698007", "900000000000011006", "900000000000451002"])
    members = [[f"m{place}", TIME, "1", MODULE, SET, code] for place, code in enumerate((PEAR, COX))]
    members.append(["m9", TIME, "0", MODULE, SET, APPLE])
    modules = [["d1", TIME, "1", MODULE, "900000000000534007", "900000000000207008", TIME, "20260101"]]
    where = "Snapshot/"
    return {
        f"{where}Terminology/sct2_Concept_GardenSnapshot_GB{SPACE}_{TIME}.txt": table(CONCEPT_HEAD, concepts),
        f"{where}Terminology/sct2_Description_GardenSnapshot-en_GB{SPACE}_{TIME}.txt": table(DESCRIPTION_HEAD, descriptions),
        f"{where}Terminology/sct2_Relationship_GardenSnapshot_GB{SPACE}_{TIME}.txt": table(LINK_HEAD, links),
        f"{where}Refset/Language/der2_cRefset_LanguageGardenSnapshot-en_GB{SPACE}_{TIME}.txt": table(
            REFSET_HEAD + " acceptabilityId", language
        ),
        f"{where}Refset/Content/der2_Refset_SimpleGardenSnapshot_GB{SPACE}_{TIME}.txt": table(REFSET_HEAD, members),
        f"{where}Refset/Metadata/der2_ssRefset_ModuleDependencyGardenSnapshot_GB{SPACE}_{TIME}.txt": table(
            REFSET_HEAD + " sourceEffectiveTime targetEffectiveTime", modules
        ),
    }


def write(root: Path, content: dict[str, str]) -> Path:
    for name, text in content.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return root


def packed(path: Path, content: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(f"SnomedCT_Garden_{TIME}/{name}", text)
    return path
