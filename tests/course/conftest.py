"""A notebook chooses the language of its process; a test gives it back."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what `words.speak` sets within a test."""
    monkeypatch.setenv("LC_MESSAGES", "C")
    monkeypatch.setenv("LC_ALL", "C")
