"""What a view has in memory before it opens a run."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("view", ["console", "report", "curves", "tables", "web.app", "web.api.stream"])
def test_a_view_of_a_run_imports_no_torch_and_draws_nothing_yet(view: str) -> None:
    heavy = "{'torch', 'matplotlib', 'plotly'}"
    program = f"import sys, faussaire.views.{view}; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
