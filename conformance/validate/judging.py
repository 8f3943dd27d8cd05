"""A judge: definitions, terminology and a validator made from the options, and what it says of a piece of work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from conformance.validate.checked import Checked
from conformance.validate.inputs import Piece
from conformance.validate.loading import Unusable, definitions_of, releases_of, unknown_profile
from interop.fhir.definitions import Definitions
from interop.fhir.definitions import Unusable as Undefined
from interop.fhir.documents import Document, read
from interop.fhir.findings import ERROR, INFORMATION, WARNING, Finding
from interop.fhir.terminology import Terminology
from interop.fhir.validation.validator import Validator


@dataclass(frozen=True, slots=True)
class Options:
    """What to judge by: packages and releases on disk, profiles by canonical URL, and how grave some findings are."""

    packages: tuple[Path, ...] = ()
    profiles: tuple[str, ...] = ()
    terminology: tuple[Path, ...] = ()
    must_support: bool = False
    unknown_extensions: str = INFORMATION
    wrong_display: str = WARNING


class Judge:
    """Made once a process. Raises Unusable for a package or release that cannot be read and for a profile that nothing defines."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.definitions = definitions_of(options.packages)
        releases = releases_of(options.terminology)
        for profile in options.profiles:
            if self.definitions.structure(profile) is None:
                raise Unusable(unknown_profile(profile, self.definitions))
            try:
                self.definitions.snapshot(profile)
            except Undefined as problem:
                raise Unusable(f"The profile {profile} cannot be used: {problem.reason}; look at the package.") from problem
        self._validator = Validator(
            self.definitions,
            Terminology(self.definitions, releases),
            must_support=options.must_support,
            unknown_extensions=options.unknown_extensions,
            wrong_display=options.wrong_display,
        )
        self._types = {profile: _type_of(profile, self.definitions) for profile in options.profiles}

    @property
    def problems(self) -> list[tuple[str, str]]:
        """What of the packages could not be used: file and reason."""
        return self.definitions.problems

    def judged(self, piece: Piece) -> Iterator[Checked]:
        """Each resource of a piece; a file that cannot be read is one finding."""
        body = piece.body
        if body is None:
            try:
                body = Path(piece.name).read_bytes()
            except OSError as error:
                finding = Finding(ERROR, "", "exception", f"cannot be read: {error.strerror or 'input error'}", "document")
                yield Checked("", "", (), [finding])
                return
        for label, document in _documents(body, piece):
            resource = document.resource
            findings = list(document.findings)
            if resource is None:
                yield Checked(label, "", (), findings)
                continue
            kind = resource.get("resourceType")
            given = self._given(kind)
            try:
                findings += self._validator.validate(resource, given)
            except Exception as error:  # one resource must not end the run; that it was not judged is an error
                findings.append(Finding(ERROR, "", "exception", f"could not be judged ({type(error).__name__})", "document"))
            profiles = tuple(dict.fromkeys([*given, *_claims(resource)]))
            yield Checked(label, kind if isinstance(kind, str) else "", profiles, findings)

    def given(self, path: Path) -> tuple[str, ...] | None:
        """The profiles of the options that the one resource of a file has to keep; None where it holds none, or several."""
        try:
            documents = list(islice(read(path.read_bytes(), str(path)), 2))
        except OSError:
            return None
        if len(documents) != 1 or documents[0].resource is None:
            return None
        return self._given(documents[0].resource.get("resourceType"))

    def _given(self, kind: Any) -> tuple[str, ...]:
        return tuple(profile for profile, of in self._types.items() if of == kind) or tuple(self._types)


def _documents(body: bytes, piece: Piece) -> Iterator[tuple[str, Document]]:
    """What a piece holds, each with where it stands in the file: ``line 7``, '' where it is all of it."""
    for document in read(body, piece.name, line=piece.line):
        place = document.label.removeprefix(piece.name).removeprefix(":")
        yield f"line {place}" if place else "", document


def _claims(resource: dict[str, Any]) -> list[str]:
    """The profiles that a resource says it keeps."""
    meta = resource.get("meta")
    claims = meta.get("profile") if isinstance(meta, dict) else None
    return [each for each in claims if isinstance(each, str)] if isinstance(claims, list) else []


def _type_of(profile: str, definitions: Definitions) -> str:
    structure = definitions.structure(profile)
    return str(structure.get("type", "")) if structure else ""
