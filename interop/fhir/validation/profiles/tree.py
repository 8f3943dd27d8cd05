"""The elements of a snapshot as a tree: children under their parent, slices beside the element that they slice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from interop.fhir import facts
from interop.fhir.shapes import Json
from interop.fhir.validation.profiles.sound import fault

PART = "http://hl7.org/fhir/StructureDefinition/elementdefinition-profile-element"


@dataclass(slots=True, eq=False)
class Definition:
    """One ElementDefinition: ``name`` as in a path (``value[x]``), ``slice`` the slice's name or ''.

    ``slices`` are those of this element in the snapshot's order; a slice of a slice (``a/b``) stands among those of ``a``.
    ``url`` is the profile's, at its root.
    """

    name: str
    slice: str
    element: Json
    parent: Definition | None = None
    children: dict[str, Definition] = field(default_factory=dict)
    slices: list[Definition] = field(default_factory=list)
    url: str = ""

    @property
    def types(self) -> list[Json]:
        """The allowed types; [] where the definition says nothing."""
        found = self.element.get("type")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    @property
    def codes(self) -> tuple[str, ...]:
        """The names of the allowed types; FHIRPath's own types are given as those of FHIR."""
        return tuple(dict.fromkeys(code_of(each) for each in self.types))

    def each(self) -> Iterator[Definition]:
        """This, its children and its slices, all the way down."""
        pending = [self]
        while pending:
            one = pending.pop()
            yield one
            pending.extend(reversed((*one.slices, *one.children.values())))


def code_of(kind: Json) -> str:
    """The name of a type: ``http://hl7.org/fhirpath/System.String`` and the URL of a type of FHIR are told by their last word."""
    code = str(kind.get("code", ""))
    return code.rpartition("/")[2].removeprefix("System.").lower() if "fhirpath" in code else code.rpartition("/")[2]


def profiles_of(kind: Json, key: str = "profile") -> list[str]:
    """The profiles (or ``targetProfile``) of a type; one that means a part of a profile as ``url#element``."""
    said = kind.get(key)
    urls = [each if isinstance(each, str) else "" for each in said] if isinstance(said, list) else []
    beside = kind.get("_" + key)
    for place, each in enumerate(beside if isinstance(beside, list) else ()):
        inner = each.get("extension") if isinstance(each, dict) else None
        for extension in inner if isinstance(inner, list) else ():
            if (
                isinstance(extension, dict)
                and extension.get("url") == PART
                and place < len(urls)
                and isinstance(extension.get("valueString"), str)
            ):
                urls[place] = f"{urls[place]}#{extension['valueString']}"
    return [each for each in urls if each]


def grow(elements: Sequence[Json]) -> Definition:
    """The tree of a snapshot's elements; raises ValueError where one is unsound or has no parent before it."""
    for each in elements:
        if wrong := fault(each):
            raise ValueError(f"an element's {wrong} is of the wrong kind")
    if not elements or not isinstance(elements[0], dict) or "." in str(elements[0].get("path", ".")):
        raise ValueError("the snapshot does not begin with the type")
    root = Definition(str(elements[0]["path"]), "", elements[0])
    last: dict[str, Definition] = {root.name: root}
    for element in elements[1:]:
        path = str(element.get("path", ""))
        above, _, name = path.rpartition(".")
        parent = last.get(above) or last.get(_as_choice(above, last))
        if parent is None:
            raise ValueError(f"{path} has no parent")
        said = str(element.get("sliceName") or "")
        name, said = _form(parent, name, said)
        made = Definition(name, said, element, parent)
        if said:
            owner = parent.children.get(name)
            if owner is None:
                owner = parent.children[name] = Definition(name, "", {"path": path}, parent)
            _hang(owner, made)
        else:
            parent.children[name] = made
        last[path] = made
        if name.endswith("[x]") and not path.endswith("[x]"):
            last[f"{above}.{name}"] = made
    return root


def _hang(owner: Definition, made: Definition) -> None:
    """Below the slice of which it is a slice, else below the element."""
    while True:
        deeper = next((each for each in owner.slices if made.slice.startswith(each.slice + "/")), None)
        if deeper is None:
            owner.slices.append(made)
            return
        owner = deeper


def _form(parent: Definition, name: str, said: str) -> tuple[str, str]:
    """``valueQuantity`` beside or instead of ``value[x]`` is a slice of it (so written in older profiles)."""
    if name.endswith("[x]"):
        return name, said
    for stem in (each[:-3] for each in parent.children if each.endswith("[x]")):
        form = name[len(stem) :]
        if name.startswith(stem) and form[:1].isupper() and (facts.kind(form) or facts.kind(form[0].lower() + form[1:])):
            return stem + "[x]", said or name
    return name, said


def _as_choice(path: str, last: Iterable[str]) -> str:
    above, _, name = path.rpartition(".")
    for each in last:
        if each.endswith("[x]") and each.rpartition(".")[0] == above and name.startswith(each.rpartition(".")[2][:-3]):
            return each
    return ""
