"""The verb `faussaire plan`."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from faussaire.cli.flags import Whole
from faussaire.core.config import Config, resolve
from faussaire.core.errors import ConfigError
from faussaire.core.terminal import printing, say, show

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
    gpus: Annotated[list[Whole] | None, Parameter(negative=())] = None,
    nodes: Annotated[list[Whole] | None, Parameter(negative=())] = None,
    price: float | None = None,
    recipe: str | None = None,
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

    config = resolve(recipe, {"kimg": KIMG, "data": data or ("images",), **settings})
    for count in (*(gpus or ()), *(nodes or ())):
        if count < 1:
            raise ConfigError(f"--gpus and --nodes must be 1 or more, not {count}")
    config, spec = _what(config, with_data=bool(data))
    work = planning.work_of(config, spec)
    gpu = planning.GPU if price is None else replace(planning.GPU, money_per_hour=price)
    images = config.images_shown(1)
    assert images is not None
    chosen = [(gpu, gpus or ([] if nodes else GPUS)), (planning.CPU_NODE, nodes or ([] if gpus else NODES))]
    found = [planning.forecast(work, kind, count, images=images) for kind, counts in chosen for count in counts]
    with printing() as console:
        _show_work(console, config, work, spec.shape)
        _show_forecasts(console, found, images)
        for kind, counts in chosen:
            if counts:
                _show_assumptions(console, kind)


def _what(config: Config, *, with_data: bool) -> tuple[Config, Any]:
    """Return the settings with a width and a kind, and what a sample would be."""
    from faussaire.data import prepare
    from faussaire.modalities import SampleSpec, of_files, of_spec
    from faussaire.models.architectures import architecture

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


def _show_work(console: Console, config: Config, work: Work, shape: tuple[int, ...]) -> None:
    size = " × ".join(map(str, shape))
    say(
        console,
        f"{config.architecture}, width {config.width}, samples of {size}, batches of {work.batch_size}:\n"
        f"  {work.flops_per_image / 1e9:,.3f} GFLOP for each image shown to D (counted), "
        f"{work.operations:,.0f} operations a step\n"
        f"  G {work.parameters_G:,} and D {work.parameters_D:,} parameters; "
        f"{work.gradient_bytes / 1e6:,.2f} MB added up over all processes in each step",
    )


def _show_forecasts(console: Console, found: list[Forecast], images: float) -> None:
    table = Table("workers", "images/s", "adding up", f"{images / 1e6:,.3g} M images", "money", "read", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in found:
        plural = "s" if one.count > 1 else ""
        table.add_row(
            f"{one.count} {one.machine.name}{plural}",
            f"{one.images_per_second:,.0f}",
            f"{100 * one.adding_share:.1f} %",
            f"{one.hours:,.2f} h",
            f"{one.money:,.2f}",
            f"{one.read_bytes_per_second / 1e6:,.1f} MB/s",
        )
    show(console, table)


def _show_assumptions(console: Console, machine: Machine) -> None:
    parts = [f"{field.name} {getattr(machine, field.name):g}" for field in fields(machine) if field.name != "name"]
    say(console, f"Assumed of a {machine.name}: {', '.join(parts)}.")
