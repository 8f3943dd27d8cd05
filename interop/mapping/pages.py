"""The tables of a family and each of its types of message as pages for a clinical safety officer to read and sign.

python -m interop.mapping.pages [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

from interop.mapping.library import adapters, traced_family
from interop.mapping.markdown import code, table
from interop.mapping.message_pages import file_name, message_pages
from interop.mapping.places import mappings_root
from interop.mapping.reading import families, read_tables
from interop.mapping.refusal import Refusals
from interop.mapping.sites import GONE, SiteCode, deviations
from interop.mapping.table_files import Reader
from interop.mapping.tables import ElementRow, ResourceRow, Tables

PAGES = Path(__file__).parents[2] / "docs" / "mappings"
LABELS = "labels.md"
EFFECTS = {
    "whole": "It tells all that there is of the resource: what the same rows said before and it does not say is gone.",
    "delete": "It withdraws the resource.",
    "contained": "It stands within the resource around it.",
    "join": "What occurs again under the same key is put together, line by line.",
    "cancel": "It undoes what was said of the resource by",
    "relink": "The person of this record is from then on that of",
    "link": "The person of this record is also that of",
    "unlink": "It undoes the link of this record with",
}


ROW_OF_SITE = ("row", "holds", "of", "source", "when", "target", "how", "codes", "why")
CODE_OF_SITE = ("source", "holds", "system", "code", "display", "why")
DOES = {"instead": "in place of the family's", "more": "in addition", "away": "the family's does not hold"}


def page(tables: Tables, sites: Iterable[Tables] = ()) -> str:
    """The whole page of a family, with what its sites say otherwise."""
    lines = [*_lines(tables), *(line for site in sites for line in _site(tables, site))]
    return "\n".join(lines).rstrip() + "\n"


def _lines(tables: Tables) -> Iterator[str]:
    yield f"# {tables.family}: what its messages mean"
    yield ""
    yield f"Generated from `mappings/{tables.family}` by `scripts/generate`; digest of the tables `{tables.digest}`."
    yield "The columns are those of [the mapping language](../mapping-language.md)."
    yield ""
    yield "## Messages"
    yield ""
    routes = ((_message(tables, row.message), ", ".join(row.resources), row.why) for row in tables.routes)
    yield from table(("message", "makes", "why"), routes)
    if tables.snapshots:
        yield "## Scopes"
        yield ""
        yield "A message that tells all of a scope takes back what its feed said there before and it does not say."
        yield ""
        rows = ((row.scope, row.per, ", ".join(sorted(row.resources)), row.by, ", ".join(sorted(row.complete)), row.why)
                for row in tables.snapshots)  # fmt: skip
        yield from table(("scope", "of a", "resources", "complete says the", "where it made", "why"), rows)
    for resource in tables.resources:
        yield from _resource(tables, resource)
    names = {resource.resource for resource in tables.resources}
    for name in dict.fromkeys(name for row in tables.elements for name in row.of if name not in names):
        yield f"## Table {name}"
        yield ""
        yield from _rows(tables, name)
    for name in sorted({row.codes for row in tables.elements if row.codes} & set(tables.codes)):
        yield f"## Codes {name}"
        yield ""
        codes = ((source, code.system, _own(code.code), code.display) for source, code in tables.codes[name].items())
        yield from table(("source", "system", "code", "display"), codes)


def _message(tables: Tables, message: str) -> str:
    return f"[{message}]({tables.family}/{file_name(message)})"


def _resource(tables: Tables, row: ResourceRow) -> Iterator[str]:
    yield f"## {row.resource}: {row.type or 'a context only'}"
    yield ""
    effect, _, argument = row.effect.partition(":")
    told = (
        ("In", " or ".join(row.within)),
        ("For each", row.each),
        ("When", row.when),
        ("Known by", row.key),
        ("Effect", f"{EFFECTS[effect]} {argument}".strip() if effect in EFFECTS else ""),
        ("Why", row.why),
    )
    for name, text in told:
        if text:
            yield f"- {name}: {text if name in ('Effect', 'Why') else code(text)}"
    yield ""
    yield from _rows(tables, row.resource)


def _site(family: Tables, tables: Tables) -> Iterator[str]:
    """What one sender says otherwise."""
    said = tables.deviations
    does = {(one.file, one.row): DOES[one.does] for one in deviations(family, said)}
    yield f"## Site {said.site}"
    yield ""
    yield f"What `mappings/{tables.family}/{said.folder}` says otherwise of what {said.site} sends; digest `{tables.digest}`."
    yield ""
    if said.elements:
        rows = sorted(said.elements, key=lambda row: row.row)
        yield from table(ROW_OF_SITE, (_site_cells(row, does[row.file, row.row]) for row in rows))
    for name, codes in said.codes.items():
        yield f"### Codes {name} of {said.site}"
        yield ""
        file = f"{said.folder}/codes/{name}.csv"
        yield from table(CODE_OF_SITE, (_code_cells(source, does[file, source], one) for source, one in codes.items()))


def _site_cells(row: ElementRow, does: str) -> tuple[str, ...]:
    name, source, when, target, how, codes, why = _cells(row)
    of = "" if row.of == (GONE,) else ", ".join(row.of)
    return name, does, of, source, when, target, how, codes, why


def _code_cells(source: str, does: str, said: SiteCode) -> tuple[str, ...]:
    code = said.code
    return source, does, *((code.system, _own(code.code), code.display) if code else ("", "", "")), said.why


def _rows(tables: Tables, name: str) -> Iterator[str]:
    rows = sorted((row for row in tables.elements if name in row.of), key=lambda row: row.row)
    if rows:
        columns = ("row", "source", "when", "target", "how", "codes", "why")
        yield from table(columns, (_cells(row) for row in rows))


def _cells(row: ElementRow) -> tuple[str, ...]:
    source = f"{row.each}: {row.source}" if row.each else row.source
    target = "not carried" if row.to == "-" else code(row.to)
    return row.row, code(source), code(row.when), target, code(row.using), row.codes, row.why


def _own(code: str) -> str:
    return "the source's own" if code == "=" else code


def labels_page(root: Traversable | None = None) -> str:
    """The sets of sensitive codes, with their labels, as a page for a privacy officer to read and sign."""
    reader = Reader(Tables(""), Refusals(), root or mappings_root())
    codes = [row for name in reader.names("labels") if name != "sets.csv" for row in reader.rows(f"labels/{name}", "labels")]
    lines = ["# What is sensitive", "", "Generated from `mappings/labels` by `scripts/generate`."]
    lines += ["What the labels do: [security labels](../decisions/0025-security-labels.md).", ""]
    for of in reader.rows("labels/sets.csv", "sets"):
        lines += [f"## {of['set']}", "", f"- Label: {' '.join((of['confidentiality'], of['sensitivity'])).strip()}"]
        lines += [f"- Why: {of['why']}", ""]
        rows = ((row["system"], row["match"], row["code"], row["display"], row["why"]) for row in codes if row["set"] == of["set"])
        lines += table(("system", "match", "code", "display", "why"), sorted(rows))
    return "\n".join(lines).rstrip() + "\n"


def pages() -> dict[Path, str]:
    """The page of every family that has an adapter and that of the labels, by file; raises TablesRefused."""
    made = {PAGES / LABELS: labels_page()}
    for name in families():
        if name in adapters():
            refusals = Refusals()
            tables = read_tables(name, refusals)
            sites = [read_tables(name, refusals, site=site) for site in sorted(tables.sites)]
            refusals.settle()
            made[PAGES / f"{name}.md"] = page(tables, sites)
            of_messages = message_pages(tables, traced_family(name), adapters()[name])
            made |= {PAGES / name / file: text for file, text in of_messages.items()}
    return made


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` tell which differ; 1 where any does."""
    made = pages()
    if arguments != ["--check"]:
        PAGES.mkdir(parents=True, exist_ok=True)
        for path, text in made.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for gone in set(PAGES.rglob("*.md")) - set(made):
            gone.unlink()
        return 0
    there = set(PAGES.rglob("*.md"))
    differ = [path for path in there | set(made) if path not in there or path.read_text(encoding="utf-8") != made.get(path)]
    for name in sorted(path.relative_to(PAGES).as_posix() for path in differ):
        print(f"docs/mappings/{name} differs: scripts/generate writes it", file=sys.stderr)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
