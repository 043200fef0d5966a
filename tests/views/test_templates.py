"""What every page keeps to, wherever its markup stands: templates, scripts, Python."""

from __future__ import annotations

import re
from pathlib import Path

import faussaire

SOURCE = Path(faussaire.__file__).parent


def test_no_picture_of_a_page_or_a_report_is_without_its_size() -> None:
    """So nothing moves when it comes; one that a script makes is shown where it is given words that stand for it."""
    tags = {}
    for path in (path for path in SOURCE.rglob("*") if path.suffix in (".j2", ".py", ".js")):
        text = path.read_text("utf-8")
        tags |= {f"{path.name}: {tag}": tag for tag in re.findall(r"<img\b[^>]*>", text)}
        unsized = re.findall(r"const (\w+) = new Image\(\)", text)
        assert [name for name in unsized if re.search(rf"\b{name}\.alt\b", text)] == [], path
    assert len(tags) >= 12
    assert [place for place, tag in tags.items() if not ("width=" in tag and "height=" in tag)] == []
