"""The verb `faussaire plan`."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from faussaire.cli.flags import Number, Reader, Wholes
from faussaire.core.config import Config, resolve
from faussaire.core.errors import ConfigError
from faussaire.core.quantities import refused
from faussaire.core.terminal import printing, say, show
from faussaire.views.words import ENGLISH, Words

if TYPE_CHECKING:
    from faussaire.training.planning import Forecast, Machine, Work

GPUS, NODES = (1, 8, 64), (1, 2, 4, 8, 16)
KIMG = 10_000.0
SETTINGS = (
    *("resolution", "channels", "classes", "conditional", "architecture", "width", "batch_size"),
    *("penalties", "penalty_every", "penalty_one_in", "d_steps", "g_steps", "kimg"),
)
"""The settings of a training that decide on what it takes."""


def plan(
    *data: str,
    gpus: Wholes = None,
    nodes: Wholes = None,
    price: Number | None = None,
    recipe: str | None = None,
    words: Reader = ENGLISH,
    **settings: Any,
) -> None:
    """Say what a training on DATA would take on GPUs and CPU nodes that are not here: time, bytes, money.

    Operations are counted; what else it rests on is printed below the table.

    Parameters
    ----------
    data
        What `faussaire train` would learn from; if not given, colour images of --resolution.
    gpus
        How many GPUs; repeat the flag for several. [1, 8, 64]
    nodes
        How many CPU nodes; repeat the flag for several. [1, 2, 4, 8, 16]
    price
        Of an hour of a GPU. [3.00, of a CPU node 0.70]
    recipe
        Name of a recipe (`faussaire list recipes`), or a .toml file.
    """
    from faussaire.training import planning

    _check([*(gpus or ()), *(nodes or ())], price)
    config = resolve(recipe, {"kimg": KIMG, "data": data or ("images",), **settings})
    config, spec = _what(config, with_data=bool(data))
    work = planning.work_of(config, spec)
    gpu = planning.GPU if price is None else replace(planning.GPU, money_per_hour=price)
    images = config.images_shown(1)
    assert images is not None
    chosen = [(gpu, gpus or ([] if nodes else GPUS)), (planning.CPU_NODE, nodes or ([] if gpus else NODES))]
    found = [planning.forecast(work, kind, count, images=images) for kind, counts in chosen for count in counts]
    with printing() as console:
        _show_work(console, config, work, spec.shape, words)
        _show_forecasts(console, found, images, words)
        for kind, counts in chosen:
            if counts:
                _show_assumptions(console, kind, words)


def _check(counts: list[int], price: float | None) -> None:
    """Raise ConfigError for machines that there cannot be."""
    if price is not None and price < 0:
        raise refused("--price", "price", price)
    for count in counts:
        if count < 1:
            raise ConfigError(f"--gpus and --nodes must be 1 or more, not {count}")


def _what(config: Config, *, with_data: bool) -> tuple[Config, Any]:
    """Return the settings with a width and a kind, and what a sample would be."""
    from faussaire.data import prepare
    from faussaire.modalities import SampleSpec, of_files, of_spec
    from faussaire.models.architectures import architecture, check_architecture

    if config.architecture is not None:
        check_architecture(config.architecture)
    if with_data:
        spec = prepare(config.data, **config.preparation()).spec
    elif config.resolution is None:
        raise ConfigError("name the data, or say how large its images are: faussaire plan --resolution 256")
    else:
        shape = (config.channels or 3, config.resolution, config.resolution)
        spec = SampleSpec(modality=of_files([]).name, shape=shape)  # of what no other kind takes
    name = config.architecture or of_spec(spec).defaults["architecture"]
    width = architecture(name, spec).width_or(config.width)
    return replace(config, architecture=name, width=width, conditional=bool(config.conditional), augment=()), spec


def _show_work(console: Console, config: Config, work: Work, shape: tuple[int, ...], words: Words) -> None:
    numbers = words.numbers
    text = words(
        "console.plan.work",
        architecture=str(config.architecture),
        width=str(config.width),
        shape=" × ".join(map(str, shape)),
        batch=work.batch_size,
        gflop=numbers.count(work.flops_per_image / 1e9, 3),
        operations=numbers.count(work.operations),
        G=work.parameters_G,
        D=work.parameters_D,
        gradients=numbers.count(work.gradient_bytes / 1e6, 2),
    )
    say(console, text)


def _show_forecasts(console: Console, found: list[Forecast], images: float, words: Words) -> None:
    numbers = words.numbers
    length = words("console.plan.length", millions=numbers.figure(images / 1e6, 3))
    heads = [words(f"console.plan.{name}") for name in ("workers", "speed", "adding")]
    table = Table(*heads, length, words("console.plan.money"), words("console.plan.read"), box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in found:
        table.add_row(
            words(f"console.plan.{'gpu' if one.machine.name == 'GPU' else 'cpu'}", n=one.count),
            numbers.count(one.images_per_second),
            numbers.of(numbers.count(100 * one.adding_share, 1), "%"),
            numbers.of(numbers.count(one.hours, 2), "h"),
            numbers.count(one.money, 2),
            words("console.plan.bytes", n=numbers.count(one.read_bytes_per_second / 1e6, 1)),
        )
    show(console, table)


def _show_assumptions(console: Console, machine: Machine, words: Words) -> None:
    names = [field.name for field in fields(machine) if field.name != "name"]
    parts = ", ".join(
        words(f"console.plan.machine.{name}", n=words.numbers.figure(getattr(machine, name), 6)) for name in names
    )
    say(console, words("console.plan.assumed", machine=words.said(machine.name), parts=parts))
