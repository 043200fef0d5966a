"""What a page is made of, before any browser: programs, weights, the document, and what is refused in a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from faussaire.core.errors import ConfigError, ExportError
from faussaire.generation.export import export
from faussaire.generation.export.page.packing import choose_bits, pack
from faussaire.generation.export.page.program import OPERATIONS, Program
from faussaire.generation.export.page.trace import program_of
from generators import generator_of, saved_in
from toy import POINTS, image_spec

BROWSER = Path(__file__).parents[3] / "src" / "faussaire" / "generation" / "export" / "page" / "browser"


class Odd(nn.Module):
    """A generator with a layer that no page knows."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Sort the numbers."""
        return z.sort(1).values


class Branching(nn.Module):
    """A generator whose way depends on its numbers."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Go one way or the other."""
        return z if z.sum() > 0 else -z


def test_an_unknown_layer_ends_the_export_with_its_name() -> None:
    with pytest.raises(ExportError, match="uses the layer 'sort'"):
        program_of(Odd(), 8, 0)


def test_a_generator_that_branches_on_its_numbers_ends_the_export_with_a_sentence() -> None:
    with pytest.raises(ExportError, match="cannot be written down"):
        program_of(Branching(), 8, 0)


def test_the_evaluator_has_a_function_for_every_operation_and_for_nothing_else() -> None:
    script = (BROWSER / "evaluator.js").read_text("utf-8")
    assert set(re.findall(r"^  (\w+)\(step", script, re.MULTILINE)) | {"reshape"} == set(OPERATIONS) | {"prepared"}


def test_weights_are_halves_where_no_pixel_moves_by_more_than_one() -> None:
    generator = generator_of("dense", image_spec(8, 1))
    assert choose_bits(generator) == (16, 1)
    for layer in generator.module.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.mul_(1e6)  # beyond what a half can hold
    assert choose_bits(generator) == (32, 0)


def test_packed_weights_lie_where_they_are_said_to() -> None:
    import base64

    program = Program()
    large, small = np.linspace(-3, 3, 1200, dtype=np.float32).reshape(40, 30), np.float32([1.1, 2.2, 3.3])
    program.constant(small), program.constant(large)
    places, packed = pack(program, 16)
    content = base64.b64decode(packed)
    assert [(place["at"], place["count"], place["half"]) for place in places] == [(0, 3, False), (12, 1200, True)]
    assert np.array_equal(np.frombuffer(content, "<f4", 3), small)
    assert np.abs(np.frombuffer(content, "<f2", 1200, 12).reshape(40, 30) - large).max() < 2e-3


def test_a_page_asks_for_nothing_from_anywhere(tmp_path: Path) -> None:
    folder = saved_in(
        tmp_path / "</script><b>", generator_of("dense", image_spec(8, 1, ("a</script>", "b")), conditional=True)
    )
    path, told = export(folder, "page", tmp_path / "p.html")
    page = path.read_text("utf-8")
    assert "MB" in told[0]
    assert "default-src 'none'" in page
    assert re.findall(r"(?:https?:)?//[\w-]+\.\w+", re.sub(r"http://www.w3.org/2000/svg", "", page)) == []
    assert page.count("</script>") == len(re.findall(r"<script\b", page))


def test_real_images_and_a_title_go_into_a_page_where_that_is_asked_for(tmp_path: Path, squares_run: Path) -> None:
    without, _ = export(squares_run, "page", tmp_path / "without.html", title="This <cat> does not exist")
    with_them, told = export(squares_run, "page", tmp_path / "with.html", with_reals=True)
    assert 'id="reals"' not in without.read_text("utf-8").partition("<script>")[0]
    assert '<script type="text/plain" id="reals">' in with_them.read_text("utf-8")
    assert "48 of the real samples" in told[1]
    titles = [path.read_text("utf-8").partition("<title>")[2].partition("</title>")[0] for path in (with_them, without)]
    assert titles == ["This image does not exist", "This &lt;cat&gt; does not exist"]


def test_what_cannot_be_a_page_is_refused_in_one_line(tmp_path: Path) -> None:
    points = saved_in(tmp_path / "points", generator_of("dense", POINTS))
    with pytest.raises(ConfigError, match="a page cannot show"):
        export(points, "page", tmp_path / "p.html")
    alone = saved_in(tmp_path / "alone", generator_of("dense", image_spec(8, 1)))
    with pytest.raises(ConfigError, match=r"reals\.png"):
        export(alone, "page", tmp_path / "p.html", with_reals=True)
    assert not (tmp_path / "p.html").exists()
