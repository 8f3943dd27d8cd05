"""The OpenAPI document as pages to read, print and try: plain HTML, no script, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import quote

from interop.api.links import query
from interop.api.openapi.parts import Part

ADDRESS: Final = "/api"
TRY: Final = "/api/try"
AT: Final = "at"
"""The parameter of ``/api/try`` that holds the address as the document writes it."""
GENERAL: Final = ("System", "Engine", "Other protocols")
STYLE: Final = """
:root{--blue:#005eb8;--dark:#212b32;--line:#d8dde0;--pale:#f0f4f5}
*{box-sizing:border-box}
body{font:1rem/1.5 Arial,sans-serif;margin:0;color:var(--dark)}
header{background:var(--blue);color:#fff;padding:1rem 2rem}header a{color:#fff}header h1{margin:0;font-size:1.5rem}
main{max-width:70rem;margin:0 auto;padding:1rem 2rem 4rem}
h2{border-bottom:2px solid var(--blue);padding-bottom:.25rem;margin-top:2.5rem}
.types{columns:4 12rem;list-style:none;padding:0}
article{border:1px solid var(--line);border-radius:4px;margin:1rem 0;padding:.75rem 1rem;break-inside:avoid}
article h3{font-size:1rem;margin:0;font-weight:400}
code,.at{font-family:Consolas,Menlo,monospace}.at{font-weight:700;overflow-wrap:anywhere}
.method{display:inline-block;min-width:4.5rem;text-align:center;color:#fff;border-radius:3px;font-size:.8rem;font-weight:700;
padding:.1rem .4rem;margin-right:.5rem;background:#425563}
.get{background:#005eb8}.post{background:#00703c}.put{background:#8a5a00}.patch{background:#5d3f92}.delete{background:#b3101f}
p{margin:.4rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-top:1px solid var(--line)}th{font-weight:400;width:16rem}
input,select{font:inherit;width:100%;padding:.2rem .35rem;border:1px solid #768692;border-radius:2px;background:#fff}
button{font:inherit;font-weight:700;color:#fff;background:#00703c;border:0;border-radius:3px;padding:.4rem 1rem}
button{margin-top:.5rem;cursor:pointer}
a{color:var(--blue)}a:focus,input:focus,select:focus,button:focus,summary:focus{outline:3px solid #ffeb3b;outline-offset:0}
summary{cursor:pointer;color:var(--blue)}.must{color:#b3101f}
@media(max-width:40rem){header{padding:1rem}main{padding:1rem 1rem 4rem}
table{table-layout:fixed}th{width:30%}th,td{overflow-wrap:anywhere}}
@media print{header{background:none;color:inherit;padding:0 2rem}header a,button,.try{display:none}main{max-width:none}
article{border-width:0 0 1px}}
"""


def index(document: Part) -> str:
    """What belongs to no type, and the types."""
    types = [each["name"] for each in document["tags"] if each["name"] not in GENERAL]
    listed = "".join(f'<li><a href="{ADDRESS}/{name}">{name}</a></li>' for name in types)
    parts = "".join(f"<h2>{name}</h2>{_operations(document, name)}" for name in GENERAL)
    about = (
        f"<p>{escape(document['info']['description'])}</p><p>The same for machines: "
        '<a href="/openapi.json">OpenAPI 3.1</a>, <a href="/fhir/metadata">CapabilityStatement</a>, '
        '<a href="/fhir/metadata?mode=terminology">TerminologyCapabilities</a>.</p>'
    )
    return _page("What the API does", about + f'<h2>FHIR resources</h2><ul class="types">{listed}</ul>' + parts, "/")


def of_type(document: Part, name: str) -> str | None:
    """The page of a resource type; None where there is no such."""
    if name in GENERAL or all(each["name"] != name for each in document["tags"]):
        return None
    link = f'<p><a href="http://hl7.org/fhir/R4/{name.lower()}.html" rel="noreferrer">{name} in the standard</a></p>'
    return _page(name, link + _operations(document, name), ADDRESS)


def tried(document: Part, pairs: list[tuple[str, str]]) -> str | None:
    """The address that a form of these pages means; None for one that the document does not have."""
    given = [(name, value) for name, value in pairs if value]
    at = dict(given).get(AT, "")
    operation = document["paths"].get(at, {}).get("get")
    if operation is None:
        return None
    places = {each["name"]: each["in"] for each in _parameters(document, operation)}
    for name, value in given:
        if places.get(name) == "path":
            at = at.replace(f"{{{name}}}", quote(value, safe="*"))
    return at + query(pair for pair in given if places.get(pair[0]) == "query")


def _operations(document: Part, tag: str) -> str:
    return "".join(
        _operation(document, at, method, operation)
        for at, path in document["paths"].items()
        for method, operation in path.items()
        if tag in operation["tags"]
    )


def _operation(document: Part, at: str, method: str, operation: Part) -> str:
    parameters = [
        each for each in _parameters(document, operation) if method == "get" or each["in"] != "query" or each.get("required")
    ]
    rows = "".join(_row(each, method == "get") for each in parameters)
    table = f"<table>{rows}</table>" if rows else ""
    if method == "get":
        table = (
            f'<form method="get" action="{TRY}" target="_blank"><input type="hidden" name="{AT}" value="{escape(at)}">'
            f"{table}<button>Try</button></form>"
        )
    if len(parameters) > 4:
        table = f"<details open><summary>{len(parameters)} parameters</summary>{table}</details>"
    body = _body(operation)
    return (
        f'<article><h3><span class="method {method}">{method.upper()}</span><span class="at">{escape(at)}</span></h3>'
        f"<p>{escape(operation['summary'])}</p>{body}{table}</article>"
    )


def _body(operation: Part) -> str:
    media = operation.get("requestBody", {}).get("content", {})
    return f"<p>Body: {', '.join(f'<code>{escape(each)}</code>' for each in media)}</p>" if media else ""


def _row(each: Part, form: bool) -> str:
    name, schema = escape(each["name"]), each["schema"]
    must = ' <span class="must">required</span>' if each.get("required") else ""
    field = ""
    if form and each["in"] != "header":
        options = "".join(f"<option>{escape(str(one))}</option>" for one in schema.get("enum", ()))
        required = " required" if each.get("required") else ""
        label = f'name="{name}" aria-label="{name}"{required}'
        field = f"<select {label}><option></option>{options}</select>" if options else f"<input {label}>"
        field = f'<td class="try">{field}</td>'
    elif form:
        field = '<td class="try">as a header</td>'
    return f'<tr><th scope="row"><code>{name}</code>{must}</th><td>{escape(each["description"])}</td>{field}</tr>'


def _parameters(document: Part, operation: Part) -> list[Part]:
    shared = document["components"]["parameters"]
    found = operation.get("parameters", ())
    return [shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in found]


def _page(title: str, content: str, back: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f'<body><header><a href="{back}">Back</a><h1>{escape(title)}</h1></header><main>{content}</main></body></html>'
    )
