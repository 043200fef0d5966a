"""What computes: what is asked for is taken or refused in one line, and what is there is never passed over unsaid."""

from __future__ import annotations

import re

import pytest
import torch

from faussaire.core.devices import (
    CPU,
    META,
    Cards,
    choose,
    device_of,
    fits,
    is_built_for,
    is_host,
    multiplying,
    pinned,
    wait_for,
)
from faussaire.core.errors import ConfigError

NO_GPU = not (torch.cuda.is_available() or torch.backends.mps.is_available() or torch.xpu.is_available())
BUILT = ("sm_70", "sm_80", "compute_90")


@pytest.mark.skipif(not NO_GPU, reason="there is a GPU here")
def test_without_a_gpu_the_processor_is_taken_and_the_reason_said() -> None:
    chosen = choose("auto")
    assert chosen.device == CPU
    assert chosen.reason.startswith("the processor, as ")


@pytest.mark.skipif(not NO_GPU, reason="there is a GPU here")
@pytest.mark.parametrize("asked", ["cuda", "cuda:1", "xpu", "mps"])
def test_a_device_that_is_not_there_is_refused_with_the_way_out(asked: str) -> None:
    with pytest.raises(ConfigError, match=f"--device {asked}: .*, or compute on the processor: --device cpu$"):
        choose(asked)


@pytest.mark.parametrize("asked", ["gpu", "cuda:", "cuda:-1", "cpu:0", "auto:1", "CUDA", ""])
def test_what_is_no_device_is_refused(asked: str) -> None:
    with pytest.raises(ConfigError, match="--device: unknown"):
        choose(asked)


def test_the_processor_can_be_asked_for() -> None:
    assert choose("cpu").device == CPU


@pytest.mark.parametrize(
    ("capability", "runs"),
    [((7, 0), True), ((7, 5), True), ((6, 1), False), ((8, 6), True), ((9, 0), True), ((12, 0), True)],
)
def test_code_runs_on_its_own_generation_and_ptx_on_every_later_one(capability: tuple[int, int], runs: bool) -> None:
    assert is_built_for(capability, BUILT) is runs


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        (Cards(kind="cuda", is_built=False), "was built without cuda: install a build with it"),
        (Cards(kind="cuda", is_built=True), "torch finds no cuda device here"),
        (
            Cards(kind="cuda", is_built=True, complaint="The NVIDIA driver on your system is too old", is_present=True),
            "too old.*: update the driver",
        ),
        (
            Cards(kind="cuda", is_built=True, names=("K80",), capabilities=((3, 7),), built_for=BUILT),
            r"cuda:0 \(K80\) is of architecture sm_37, .* built for sm_70, sm_80, compute_90: install a build",
        ),
        (Cards(kind="cuda", is_built=True, names=("A", "B"), built_for=BUILT), ""),
    ],
)
def test_why_a_card_is_of_no_use_is_said_with_the_remedy(cards: Cards, said: str) -> None:
    assert re.search(said, cards.problem(0))
    assert said or cards.problem(0) == ""


def test_a_number_beyond_the_last_card_is_refused_with_those_there_are() -> None:
    cards = Cards(kind="cuda", is_built=True, names=("A", "B"))
    assert cards.problem(2) == "there is no cuda:2: torch finds cuda:0 to cuda:1"
    assert cards.problem(1) == ""


def test_a_card_with_a_driver_that_is_too_old_is_not_passed_over() -> None:
    too_old = Cards(
        kind="cuda", is_built=True, complaint="The NVIDIA driver on your system is too old", is_present=True
    )
    assert not too_old.is_passed_over
    assert Cards(kind="cuda", is_built=True).is_passed_over
    assert not Cards(kind="cuda", is_built=True, names=("A",)).is_passed_over


def test_bf16_is_for_products_alone_and_only_where_it_is_the_precision() -> None:
    a = torch.ones(2, 2)
    for precision, dtype in (("fp32", torch.float32), (None, torch.float32), ("bf16", torch.bfloat16)):
        with multiplying(CPU, precision):
            assert (a @ a).dtype == dtype


def test_the_processor_needs_no_copies_and_no_waiting() -> None:
    tensor = torch.ones(2)
    assert pinned(tensor, CPU) is tensor
    assert not fits(1, CPU)
    assert is_host(CPU)
    assert not is_host(META)
    wait_for(CPU)
    wait_for(META)
    assert device_of(torch.nn.Linear(2, 2, device=META)) == META
