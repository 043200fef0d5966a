"""A file of weights says its own SHA-256, and the same state gives the same bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from faussaire.core.errors import CheckpointError
from faussaire.generation.generator import Generator
from faussaire.generation.weights import serialised


def test_the_same_content_gives_the_same_bytes() -> None:
    tensors = {"b": torch.ones(3), "a": torch.zeros(2, 2)}
    assert len({serialised(tensors, 64) for _ in range(8)}) == 1  # the library writes metadata in any order


@pytest.mark.parametrize("place", [-5, 60])
def test_a_flipped_bit_is_found(tmp_path: Path, squares_run: Path, place: int) -> None:
    shutil.copytree(squares_run / "generator", tmp_path / "generator")
    path = tmp_path / "generator" / "generator.safetensors"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        Generator.load(tmp_path)


def test_weights_that_another_program_has_saved_again_without_a_word_on_the_run_are_refused(
    tmp_path: Path, squares_run: Path
) -> None:
    shutil.copytree(squares_run / "generator", tmp_path / "generator")
    path = tmp_path / "generator" / "generator.safetensors"
    save_file(load_file(path), path)
    with pytest.raises(CheckpointError, match=r"generator\.safetensors does not say how many images its run had seen"):
        Generator.load(tmp_path)
