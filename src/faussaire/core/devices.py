"""Where tensors live: the one place that knows a processor, or a graphics card, by its name.

`--device auto` takes the first of DEVICES that works here, and the processor where none does. What is asked for by name
is taken or refused with the way out; a card that is there and of no use to this torch (an architecture that it was not
built for, a driver too old for it) is never passed over in silence. `CUDA_VISIBLE_DEVICES` is torch's to read: cards
are counted as it counts them. Of several processes on one machine each takes the card of its own number.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from faussaire.core.errors import ConfigError
from faussaire.core.suggestions import did_you_mean

CPU = torch.device("cpu")
META = torch.device("meta")
"""Shapes without numbers: what a network would do is counted there."""

DEVICES = ("cuda", "xpu", "mps")
"""Those that are tried by themselves, in this order."""

BUILT_FOR: dict[str, Callable[[], bool]] = {
    "cuda": lambda: torch.version.cuda is not None or torch.version.hip is not None,
    "xpu": lambda: torch.version.xpu is not None,
    "mps": torch.backends.mps.is_built,
}
"""Whether this torch was built for a kind."""

_ASKED = re.compile(r"(auto|cpu|cuda|xpu|mps)(?::(\d+))?")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A device, and why it is this one."""

    device: torch.device
    reason: str
    """Half a sentence for the console: `the GPU NVIDIA H100, the first of 8`."""


@dataclass(frozen=True, kw_only=True)
class Cards:
    """What torch says of the cards of one kind."""

    kind: str
    """cuda, xpu, mps."""

    is_built: bool
    """Whether this torch was built for them."""

    names: tuple[str, ...] = ()
    """Of those that can be used, by number."""

    capabilities: tuple[tuple[int, int], ...] = ()
    """Of each, where the kind has such."""

    built_for: tuple[str, ...] = ()
    """The architectures that this torch holds code for: sm_80, compute_90."""

    complaint: str = ""
    """What torch said as it looked for them."""

    is_present: bool = False
    """Whether the machine has one, as far as can be told without torch."""

    def problem(self, index: int) -> str:
        """Say why the card of that number cannot be used, and what to do; empty where it can."""
        built = f"torch {torch.__version__}"
        if not self.is_built:
            return f"this {built} was built without {self.kind}: install a build with it"
        if "driver" in self.complaint and not self.names:
            return f"the driver of the GPU is not one that this {built} can use ({self.complaint}): update the driver"
        if not self.names:
            return f"torch finds no {self.kind} device here"
        if index >= len(self.names):
            last = len(self.names) - 1
            return f"there is no {self.kind}:{index}: torch finds {self.kind}:0{f' to {self.kind}:{last}' * (last > 0)}"
        if self.capabilities and not is_built_for(self.capabilities[index], self.built_for):
            major, minor = self.capabilities[index]
            return (
                f"{self.kind}:{index} ({self.names[index]}) is of architecture sm_{major}{minor}, and this {built} was "
                f"built for {', '.join(self.built_for)}: install a build of torch for it"
            )
        return ""

    @property
    def is_passed_over(self) -> bool:
        """Whether there are none to be had, and nobody who asked for no device would have expected one."""
        return not self.names and not ("driver" in self.complaint and self.is_present)


def is_built_for(capability: tuple[int, int], built_for: Sequence[str]) -> bool:
    """Say whether code for some architectures runs on a card: machine code of its own generation and no newer than the
    card, or PTX of its own or an earlier one, which its driver compiles.
    """
    for name in built_for:
        kind, _, digits = name.partition("_")
        number = re.match(r"\d+", digits)
        if number is None:
            continue
        major, minor = divmod(int(number[0]), 10)
        if (kind == "compute" and (major, minor) <= capability) or (major == capability[0] and minor <= capability[1]):
            return True
    return False


def choose(asked: str, *, place: int = 0) -> Chosen:
    """Return the device that `--device` asks for.

    Args:
        asked: auto, cpu, or a kind of DEVICES with or without a number.
        place: of this process among those of its machine: it takes the card of that number where none was named.

    Raises:
        ConfigError: there is no such device, or this torch cannot use it; one line says what to do.
    """
    kind, index = _parsed(asked)
    if kind == CPU.type:
        return Chosen(device=CPU, reason=f"the processor, as --device {CPU.type} asks for")
    if kind != "auto":
        return _card(look_for(kind), place if index is None else index, asked)
    found = [look_for(kind) for kind in DEVICES]
    for cards in found:
        if not cards.is_passed_over:
            return _card(cards, place, asked)
    unused = next((cards for cards in found if cards.is_present), None)
    why = "as torch finds nothing else here"
    if unused is not None:
        why = f"as {unused.problem(0)}"
    return Chosen(device=CPU, reason=f"the processor, {why}")


def _parsed(asked: str) -> tuple[str, int | None]:
    match = _ASKED.fullmatch(asked)
    if match is None or (match[2] and match[1] in ("auto", CPU.type, "mps")):
        known = ("auto", CPU.type, *DEVICES)
        raise ConfigError(f"--device: unknown {asked!r}{did_you_mean(asked.partition(':')[0], known)}")
    return match[1], None if match[2] is None else int(match[2])


def _card(cards: Cards, index: int, asked: str) -> Chosen:
    """Return a card that works.

    Raises:
        ConfigError: it does not; the message says what to do.
    """
    problem = cards.problem(index)
    device = torch.device(cards.kind) if cards.kind == "mps" else torch.device(cards.kind, index)
    if not problem:
        try:
            torch.ones(2, device=device).sum().item()  # whatever else is wrong shows here and not in the first step
        except RuntimeError as error:
            problem = f"{device} ({cards.names[index]}) cannot compute: {str(error).splitlines()[0]}"
    if problem:
        raise ConfigError(f"--device {asked}: {problem}, or compute on the processor: --device {CPU.type}")
    count = len(cards.names)
    of_many = f", one of {count}" if count > 1 else ""
    return Chosen(device=device, reason=f"{device}, a {cards.names[index]}{of_many}")


def look_for(kind: str) -> Cards:
    """Ask torch for the cards of a kind of DEVICES."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        if kind == "mps":
            is_there = torch.backends.mps.is_available()
            return Cards(kind=kind, is_built=BUILT_FOR[kind](), names=("GPU of Apple",) if is_there else ())
        module = torch.cuda if kind == "cuda" else torch.xpu
        count = module.device_count() if module.is_available() else 0
    is_nvidia = kind == "cuda" and torch.version.hip is None
    return Cards(
        kind=kind,
        is_built=BUILT_FOR[kind](),
        names=tuple(module.get_device_name(index) for index in range(count)),
        capabilities=tuple(torch.cuda.get_device_capability(i) for i in range(count)) if is_nvidia else (),
        built_for=tuple(torch.cuda.get_arch_list()) if is_nvidia and count else (),
        complaint=" ".join(str(warning.message) for warning in told).partition(" (")[0],
        is_present=kind == "cuda" and Path("/dev/nvidia0").exists(),
    )


def is_host(device: torch.device) -> bool:
    """Say whether numbers there can be read without waiting for a device."""
    return device.type == CPU.type


def on_host(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors by name as the processor reads them."""
    return {name: tensor.to(CPU).contiguous() for name, tensor in tensors.items()}


def device_of(module: torch.nn.Module) -> torch.device:
    """Return where a network lives."""
    return next(module.parameters()).device


def multiplying(device: torch.device, precision: str | None) -> AbstractContextManager[object]:
    """Multiply in bf16 for a while where that is the precision; sums, and what is fragile, stay in fp32."""
    if precision != "bf16" or device == META:  # there it would change nothing that is counted
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def use_tensor_cores(device: torch.device, precision: str | None) -> None:
    """Let fp32 products on an NVIDIA card be made in TF32 (10 bits instead of 23), unless fp32 is asked for."""
    if device.type == "cuda":
        torch.set_float32_matmul_precision("highest" if precision == "fp32" else "high")
        torch.backends.cudnn.allow_tf32 = precision != "fp32"


def pinned(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor of the processor in memory that a device copies from by itself, where it has a way to."""
    return tensor.pin_memory() if device.type in ("cuda", "xpu") else tensor


def records(device: torch.device) -> bool:
    """Say whether work there can be recorded and played back: `core.captured`."""
    return device.type == "cuda"


def wait_for(device: torch.device) -> None:
    """Wait until a device has done what it was asked to: before a clock is read."""
    if device.type != META.type and not is_host(device):
        torch.accelerator.synchronize(device)


def fits(num_bytes: int, device: torch.device) -> bool:
    """Say whether data shall lie on a device altogether: where it takes a quarter of what is free there, or less."""
    free = None if is_host(device) else free_bytes(device)
    return free is not None and 4 * num_bytes <= free


def free_bytes(device: torch.device) -> int | None:
    """Return the memory that is free on a device; None where it does not say."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    return free
