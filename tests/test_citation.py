"""How the package is to be cited: what CITATION.cff says is what the package and the changelog say."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import yaml

import faussaire

ROOT = Path(__file__).parent.parent
KEYS = {
    "abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi", "identifiers", "keywords",
    "license", "license-url", "message", "preferred-citation", "references", "repository", "repository-artifact",
    "repository-code", "title", "type", "url", "version",
}  # fmt: skip
"""Of the Citation File Format 1.2.0 (Druskat et al. 2021, doi 10.5281/zenodo.5171937)."""

NEEDED = {"authors", "cff-version", "message", "title"}
TOLD = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))


def test_a_citation_has_the_keys_of_its_format() -> None:
    assert NEEDED <= set(TOLD) <= KEYS
    assert TOLD["cff-version"] == "1.2.0"
    assert TOLD["type"] == "software"
    for author in TOLD["authors"]:
        assert set(author) <= {"name", "website", "email", "orcid"} or {"family-names"} <= set(author)


def test_a_citation_is_of_this_version_and_dated_only_when_that_is_out() -> None:
    assert TOLD["version"] == faussaire.__version__
    newest = re.search(r"(?m)^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert newest is not None
    assert faussaire.__version__ in newest[1]
    dated = re.search(r"\d{4}-\d\d-\d\d", newest[1])
    assert TOLD.get("date-released") == (date.fromisoformat(dated[0]) if dated else None)


def test_a_citation_names_the_licence_of_the_package() -> None:
    assert TOLD["license"] == tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["license"]
