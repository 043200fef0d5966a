"""What lies inside an HTML page that stands alone: its scripts, styles and data, each fit for its element."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from typing import Any


def joined(package: str, folder: str, *names: str) -> str:
    """Return the texts of files of a package, one after the other."""
    found = files(package).joinpath(folder)
    return "\n".join(found.joinpath(name).read_text("utf-8") for name in names)


def source_hash(text: str) -> str:
    """Return how a content security policy names a script or a style that is in the page itself."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def element_json(value: Any) -> str:
    """Return JSON that no text in it can end the script element of."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def data_address(kind: str, content: bytes) -> str:
    """Return a `data:` address of some bytes of a media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
