"""The sentences in the source: every string of two words or more, but docstrings, as the catalogue spells it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import faussaire

SOURCE = Path(faussaire.__file__).parent
WORD = re.compile(r"[A-Za-zÀ-ÿ]{2,}")


def template_of(node: ast.Constant | ast.JoinedStr) -> str:
    """Return a string as the catalogue spells it: `{}` for a value, `{!r}` quoted, `{:,}` a number, `{:%}` a share."""
    if isinstance(node, ast.Constant):
        return str(node.value).replace("{", "{{").replace("}", "}}")
    parts = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            spec = "" if part.format_spec is None else ast.unparse(part.format_spec)[2:-1]
            kind = "!r" if part.conversion == ord("r") else ":%" if spec.endswith("%") else ""
            parts.append("{%s}" % (kind or (":," if re.search(r"[,.]|[defg]$", spec) else "")))
        else:
            assert isinstance(part, ast.Constant)
            parts.append(template_of(part))
    return "".join(parts)


def sentences_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and template of each string in a file that has two words."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))  # a docstring
        if isinstance(node, ast.Dict) and {"en", "fr"} <= {ast.unparse(key).strip("'") for key in node.keys if key}:
            skipped |= {id(part) for value in node.values for part in ast.walk(value)}  # in both languages on the spot
        if isinstance(node, ast.FunctionDef) and node.name in ("__repr__", "_repr_html_"):
            skipped |= {id(part) for part in ast.walk(node)}  # Python's own words, as code is
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values if isinstance(part, ast.Constant)}
            specs = [p.format_spec for p in node.values if isinstance(p, ast.FormattedValue) and p.format_spec]
            skipped |= {id(inner) for spec in specs for inner in ast.walk(spec)}
    for node in ast.walk(tree):
        if id(node) in skipped or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            continue
        found = template_of(node)
        if len(WORD.findall(re.sub(r"\{[^}]*\}", " ", found))) >= 2 and re.search(r"\w[,;:]? |[,;:]? \w", found):
            yield node.lineno, found
