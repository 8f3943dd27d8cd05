"""``interop new-adapter``: the skeleton of a source family, complete and working, to be changed into the real one."""

from __future__ import annotations

import json
import keyword
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from interop.cli.shown import json_line, remark, wrong
from interop.mapping.library import adapters
from interop.mapping.reading import families

NAME = re.compile(r"[a-z][a-z0-9]{1,29}")
ENTRY_POINTS = '[project.entry-points."interop.adapters"]\n'


@dataclass(frozen=True, slots=True)
class Form:
    """How a format is read: the words that its skeleton differs in."""

    suffix: str
    unit: str
    start: str
    sign: str
    media_types: str
    reader: str
    check: str
    at: str
    splitting: str
    paths: dict[str, str]


NESTED = {
    "pat_each": "patient",
    "visit_each": "visit",
    "pat_number": "number",
    "nhs": "nhsNumber",
    "family": "familyName",
    "given": "givenName",
    "born": "born",
    "visit_number": "number",
    "begun": "start",
    "ended": "end",
    "number": "patient/number",
    "nhs_number": "patient/nhsNumber",
}
FLAT = {
    "pat_each": "row",
    "visit_each": "row",
    "pat_number": "patient_number",
    "nhs": "nhs_number",
    "family": "family_name",
    "given": "given_name",
    "born": "born",
    "visit_number": "visit_number",
    "begun": "visit_start",
    "ended": "visit_end",
    "number": "row/patient_number",
    "nhs_number": "row/nhs_number",
}
WHOLE = "        yield whole(stream)"
LINES = '''        header, _, rows = whole(stream).partition(b"\\n")
        for row in rows.splitlines():
            if row.strip():
                yield header + b"\\n" + row + b"\\n"'''
FORMS = {
    "xml": Form(
        "xml",
        "document",
        "its root element",
        r"<(?:[\w.-]+:)?{name}[\s/>]",
        '"application/xml", "text/xml"',
        "xml",
        'if root.name != "{name}":',
        "",
        WHOLE,
        NESTED | {"envelope_paths": "/type|/id|/sent|/organisation", "lost": "type"},
    ),
    "json": Form(
        "json",
        "object",
        "the object",
        r'"format"\s*:\s*"{name}"',
        '"application/json"',
        "json",
        'if root.text("format") != "{name}":',
        "",
        WHOLE,
        NESTED | {"envelope_paths": "/format|/type|/id|/sent|/organisation", "lost": "type"},
    ),
    "csv": Form(
        "txt",
        "row",
        "above the rows",
        r"\A(?:\xef\xbb\xbf)?{name}_type,id,sent,",
        '"text/csv"',
        "csv",
        'if root.find("row/id") is None:',
        "row/",
        LINES,
        FLAT | {"envelope_paths": "{name}_type|id|sent|organisation", "lost": "row/{name}_type"},
    ),
}


def new_adapter(name: str, form: str, into: Path, package: bool, *, as_json: bool = False) -> int:
    """Write a skeleton below ``into``: the repository of the engine, or with ``package`` a directory for a package of its own."""
    if refused := _refused(name, form, into, package):
        return wrong(refused)
    made = _package(name, form, into) if package else _within(name, form, into)
    taken = next((path for path in made if path.exists()), None)
    if taken is not None:
        return wrong(f"{taken} is there already; nothing was written: name another family, or another directory with --into.")
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        if as_json:
            json_line({"file": str(path)})
        else:
            print(path)
    if package:
        remark(f"Next: pip install --no-deps --no-build-isolation -e {into / f'interop-{name}'}")
    else:
        _register(name, into / "pyproject.toml")
        remark("Next: scripts/setup --dev, which makes it known")
    tables = "" if package else f"mappings/{name}"
    remark(f"Then: interop tables {name}, and change {tables or 'its tables'} until they say what your messages mean.")
    return 0


def _refused(name: str, form: str, into: Path, package: bool) -> str:
    """Why there will be no skeleton; '' where nothing stands against it."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        return f"{name!r} cannot be the name of a family: lower-case letters and digits, a letter first, 2 to 30 of them."
    if name in adapters() or name in families():
        return f"There is a family {name} already."
    if form == "er7":
        return "HL7 v2 needs no adapter: what a sender says otherwise stands in mappings/hl7v2/sites (docs/mapping-language.md)."
    if form not in FORMS:
        return f"There is no format {form}; there are {', '.join(FORMS)}."
    if not package and ENTRY_POINTS not in (_text(into / "pyproject.toml")):
        return f"{into} is not the repository of the engine; with --package the adapter becomes a package of its own."
    return ""


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _package(name: str, form: str, into: Path) -> dict[Path, str]:
    """A distribution of its own: the adapter and its tables in one top-level package."""
    root = into / f"interop-{name}"
    module = f"interop_{name}"
    made = _filled(name, form, module, f"{module}.mappings", root / module, root / module / "mappings" / name, root / "tests")
    made[root / "pyproject.toml"] = _template("pyproject.toml", name, form, module, f"{module}.mappings")
    made[root / module / "mappings" / "__init__.py"] = ""
    return made


def _within(name: str, form: str, into: Path) -> dict[Path, str]:
    """In the repository: adapters/NAME, mappings/NAME and its tests."""
    folders = into / "adapters" / name, into / "mappings" / name, into / "tests" / "spec" / "families"
    return _filled(name, form, f"adapters.{name}", "mappings", *folders)


def _filled(name: str, form: str, module: str, tables: str, adapter: Path, folder: Path, tests: Path) -> dict[Path, str]:
    def text(template: str) -> str:
        return _template(template, name, form, module, tables)

    suffix = FORMS[form].suffix
    return {
        **{adapter / each: text(each) for each in ("__init__.py", "adapter.py", "envelope.py")},
        **{folder / each: text(each) for each in ("routes.csv", "resources.csv", "elements.csv")},
        folder / "source.csv": _source(text(f"first.{form}"), form, name),
        **{folder / "examples" / f"{each}.{suffix}": text(f"{each}.{form}") for each in ("first", "second")},
        **{folder / "examples" / f"{each}.csv": text(f"{each}.expected") for each in ("first", "second")},
        tests / f"test_{name}.py": text("test.py"),
    }


def _template(template: str, name: str, form: str, module: str, tables: str) -> str:
    words = FORMS[form]
    said = {
        "name": name,
        "title": name.capitalize(),
        "class_": name.capitalize(),
        "module": module,
        "tables": tables,
        "form": form,
        "suffix": words.suffix,
        "unit": words.unit,
        "start": words.start,
        "sign": words.sign.replace("{name}", name).replace('"', '\\"'),
        "media_types": words.media_types,
        "reader": words.reader,
        "check": words.check.replace("{name}", name),
        "at": words.at,
        "splitting": words.splitting,
    } | {what: path.replace("{name}", name) for what, path in words.paths.items()}
    text = files("interop.cli").joinpath("skeleton", f"{template}.txt").read_text("utf-8")
    filled = Template(text).substitute(said)
    return filled.replace('root.text("row/type")', f'root.text("row/{name}_type")') if form == "csv" else filled


def _source(first: str, form: str, name: str) -> str:
    """source.csv: every name that the example has."""
    if form == "csv":
        names = set(first.partition("\n")[0].split(",")) | {"row"}
    elif form == "json":
        message = json.loads(first)
        names = {*message, *message["patient"], *message["visit"]}
    else:
        names = set(re.findall(r"<(\w+)>", first)) - {name}
    return "name,fields,clinical,why\n" + "".join(f"{each},0,,\n" for each in sorted(names))


def _register(name: str, project: Path) -> None:
    """The entry point, after those that there are."""
    before, head, after = project.read_text("utf-8").partition(ENTRY_POINTS)
    points, blank, rest = after.partition("\n\n")
    project.write_text(f'{before}{head}{points}\n{name} = "adapters.{name}:adapter"{blank}{rest}', "utf-8")
