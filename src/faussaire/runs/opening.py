"""How a run begins, goes on, is extended or replayed: everything that is decided before the first step.

The same command again goes on where the run stopped. Other settings than those it began with are refused, the
differences listed; only its length may grow. What decides is on the disk: config.json, the plan in events.jsonl, and
the newest whole checkpoint.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

import torch

from faussaire.core.config import LENGTHS, Config, config_from, flag, named
from faussaire.core.devices import CPU
from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.core.processor import processor
from faussaire.core.suggestions import another_run
from faussaire.data import Dataset
from faussaire.data.paths import absolute, found_again, from_folder, joined_once, whole
from faussaire.modalities import SampleSpec
from faussaire.models.augment import policy_for
from faussaire.runs.checkpoint import TrainState, checkpoints, fresh_state, load_newest, run_of_newest
from faussaire.runs.folder import RunFolder
from faussaire.runs.manifest import damaged_files
from faussaire.runs.plan import UNPLANNED_NIMG, Plan, Segment

FREE = (
    "data",
    "cache",
    "pictures",
    "score_minutes",
    "threads",
    "device",
    "shards",
)  # may differ: the fingerprint stands for the data, the rest changes no tensor, or no more than its last bits


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be trained: the settings, and what they mean for this data."""

    config: Config
    spec: SampleSpec
    num_images: int
    fingerprint: str
    num_held_out: int | None = None
    """Images set aside; None where that is not known."""

    fits: Callable[[str], bool] | None = None
    """Say whether a fingerprint of another kind is of the same data: version 0.1 did not change its order."""

    @property
    def end_nimg(self) -> int:
        """Images at which the run ends, a whole number of steps; far away for a time budget not yet planned."""
        wanted = self.config.images_shown(self.num_images)
        if wanted is None:
            return UNPLANNED_NIMG
        step = self.config.batch * self.config.d_steps
        return max(1, math.ceil(wanted / step - 1e-9)) * step


def plan_of(run: RunFolder) -> Plan:
    """Return the plan that a run has recorded."""
    return Plan(
        Segment(
            nimg=event.nimg,
            progress=event.data["progress"],
            end_nimg=event.data["end_nimg"],
            halvings=event.data.get("halvings", 0),
        )
        for event in run.events("plan")
    )


def recorded_fingerprint(run: RunFolder) -> str | None:
    """Return the fingerprint of the images that a run was begun with; None where none was begun."""
    return str(run.record()["fingerprint"]) if run.exists() else None


def recorded_config(run: RunFolder) -> Config:
    """Return the settings that a run was begun with.

    Its data is looked for where it was, and where it would be if it was moved together with the run.

    Raises:
        CheckpointError: config.json is damaged, or of a faussaire newer than this one.
    """
    recorded = run.record()
    try:
        settings, data = recorded["config"], recorded["config"]["data"]
        parts = joined_once(data) if isinstance(data, str) else data
        config = config_from(settings | {"data": found_again(parts, recorded.get("data_from_run", ()), run.path)})
        if config.augment is None:  # up to version 0.1, a choice was not recorded
            sample, num_images = recorded["spec"], recorded["num_images"]
            spec = SampleSpec(modality=sample["modality"], shape=tuple(sample["shape"]), classes=())
            config = dataclasses.replace(config, augment=policy_for(num_images, spec))
        return config
    except (KeyError, TypeError, ConfigError) as error:
        raise CheckpointError(
            f"cannot read {run.config}: it holds no settings that this faussaire knows ({error})"
        ) from None


def run_to_replay(path: str | PathLike[str], recipe: str | None, settings: Mapping[str, Any]) -> RunFolder:
    """Return the run that is to be made again.

    Raises:
        ConfigError: there is none, its plan is not complete, or settings were given besides.
    """
    run = RunFolder(path)
    if not run.exists():
        raise ConfigError(f"no such run: {path}")
    given = ["recipe"] if recipe else [name for name, value in settings.items() if value is not None]
    if given:
        raise ConfigError(f"--replay takes every setting from {path}; leave {flag(given[0])} out")
    segments = plan_of(run).segments
    if not segments or segments[0].nimg > 0:
        raise ConfigError(f"{run.events_file} has lost the plan of the run, which cannot be made again without")
    if segments[-1].end_nimg == UNPLANNED_NIMG:
        raise ConfigError(f"{path} was stopped before its speed was known: it has no plan to follow")
    return run


def refuse_other_images(original: RunFolder, dataset: Dataset) -> None:
    """Raise ConfigError where a run was trained on other images, or in another order."""
    then = recorded_fingerprint(original)
    if then is None or not dataset.fits(then):
        raise ConfigError(f"{dataset.name} holds other images than those that {original.path} was trained on")
    if then != dataset.fingerprint:
        raise ConfigError(
            f"{original.path} was trained by version 0.1, with the images of {dataset.name} in another order: "
            "it cannot be made again, but with that version"
        )


def _recorded(run: RunFolder, config: Config) -> dict[str, Any]:
    """Return settings as config.json holds them, fit to be read from any folder."""
    paths = {"data": [whole(part) for part in config.data], "cache": config.cache and absolute(config.cache)}
    beside = [from_folder(part, run.path) for part in config.data]
    return {"config": config.as_dict() | paths, "data_from_run": beside}


def open_run(
    run: RunFolder,
    task: Task,
    *,
    replay: Plan | None = None,
    device: torch.device = CPU,
    mended: Sequence[str] = (),
) -> tuple[TrainState, Plan]:
    """Begin a run, or take it up where it stopped; the folder must be locked. `mended` is what was found damaged of it.

    Returns:
        The state after the last whole checkpoint, and the plan; `plan.finished(state.nimg)` says if nothing is left.

    Raises:
        ConfigError: settings or data differ from those that the run began with.
        CheckpointError: what is there cannot be loaded.
    """
    state = fresh_state(task.config, task.spec, device)
    if not run.exists():
        _refuse_to_forget(run)
        first = Segment(nimg=0, progress=0.0, end_nimg=task.end_nimg)
        plan = replay or Plan([first])
        for segment in plan.segments:
            run.emit("plan", durable=True, **asdict(segment))
        _record(run, task)
        return state, plan

    before = recorded_config(run)
    _refuse_differences(run, task, before)
    found, damaged = load_newest(state, run.checkpoints)
    if found is None:
        _refuse_to_begin_again(run, damaged)
    damaged = [*mended, *damaged]
    plan = _plan_to_go_on(run, task, state, damaged)
    if task.config.length() != before.length():
        _extend(run, task, state, plan)
    if not plan.finished(state.nimg):
        run.emit("resumed", nimg=state.nimg, seconds=state.seconds)
        _warn_of_another_machine(run, state, task.config)
        if run.record()["fingerprint"] != task.fingerprint:
            text = "this run was begun by version 0.1, with its images in another order: it goes on, but in the new one"
            run.emit("warning", nimg=state.nimg, text=text)
    for line in damaged:
        run.emit("warning", nimg=state.nimg, text=line)
    return state, plan


def _plan_to_go_on(run: RunFolder, task: Task, state: TrainState, damaged: list[str]) -> Plan:
    """Return the plan that the run has recorded; where its events are damaged, as the checkpoint holds it.

    A line on that is added to `damaged`.
    """
    name, plan = run.events_file.name, plan_of(run)
    problem = damaged_files(run.path).get(name, "")
    lost = not plan.segments or plan.segments[0].nimg > state.nimg
    if not problem and not lost:
        return plan
    why = "it has lost the plan of the run" if lost else f"it is damaged: {problem}"
    told = run_of_newest(run.checkpoints)[1].get("plan", [])
    if told:
        damaged.append(f"{name}: {why}; the plan was put back from the checkpoint")
        plan = Plan(Segment(**segment) for segment in told)
        for segment in plan.segments:
            run.emit("plan", durable=True, **asdict(segment))
    elif lost:
        damaged.append(f"{name}: {why}; the run is planned anew from here")
        _plan_from_here(run, task, state, plan)
    else:
        damaged.append(f"{name}: {why}")
    return plan


def _refuse_to_forget(run: RunFolder) -> None:
    """Raise CheckpointError where a run whose config.json is gone has checkpoints."""
    if any(int(path.name) > 0 for path in checkpoints(run.checkpoints)):
        raise CheckpointError(
            f"{run.path} holds checkpoints, but no config.json to say of what: put it back, "
            f"or begin in another folder: {another_run(run.path)}"
        )


def _refuse_to_begin_again(run: RunFolder, damaged: list[str]) -> None:
    """Raise CheckpointError where no checkpoint is whole, and the run had come further than its beginning."""
    at_least = max((event.nimg for event in run.events("checkpoint")), default=0)
    at_least = max([at_least, *(int(path.name) for path in checkpoints(run.checkpoints))])
    if at_least == 0:
        return
    what = f"none of its checkpoints is whole ({'; '.join(damaged[:2])})" if damaged else "its checkpoints are gone"
    raise CheckpointError(
        f"{run.path} had seen {at_least:,} images, and {what}: it cannot go on. Put a checkpoint back, or begin anew "
        f"in another folder: {another_run(run.path)}; the generator that was saved last is still in "
        f"{run.generator_folder}"
    )


def _record(run: RunFolder, task: Task) -> None:
    """Write config.json, which makes the folder a run."""
    from faussaire import __version__

    content: dict[str, Any] = {
        "faussaire": __version__,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processor": processor(),
        **_recorded(run, task.config),
        "spec": asdict(task.spec),
        "num_images": task.num_images,
        "num_held_out": task.num_held_out,
        "fingerprint": task.fingerprint,
    }
    run.write_json(run.config, content)
    run.emit("config", nimg=0, **content)


def _refuse_differences(run: RunFolder, task: Task, before: Config) -> None:
    """Raise ConfigError, every difference named, where the run would not be the same; it may only be longer."""
    then, now = asdict(before), asdict(task.config)
    names = [f.name for f in dataclasses.fields(Config) if f.name not in (*FREE, *LENGTHS)]
    other = [name for name in names if then[name] != now[name]]
    lines = [f"{flag(name)} was {_format_setting(then[name])}, now {_format_setting(now[name])}" for name in other]
    was, wanted = before.length(), task.config.length()
    if was.keys() != wanted.keys():
        lines.append(f"its length was {_format_setting(was)}, now {_format_setting(wanted)}")
    elif any(wanted[name] < was[name] for name in was):
        lines.append(f"its length was {_format_setting(was)}, now {_format_setting(wanted)}: it can only grow")
    fingerprint = run.record()["fingerprint"]
    same = fingerprint == task.fingerprint or (task.fits is not None and task.fits(fingerprint))
    if not same and not lines:
        lines.append(f"the images are others than then (was {named(before.data)}, now {named(task.config.data)})")
    if lines:
        raise ConfigError(
            f"{run.path} was begun otherwise: {'; '.join(lines)}. Give the same settings to go on, "
            f"or another folder: {another_run(run.path)}"
        )


def _format_setting(value: Any) -> str:
    if value is None:
        return "not given"
    if isinstance(value, dict):
        return " ".join(f"{flag(name)} {number:g}" for name, number in value.items())
    return (", ".join(value) or "none") if isinstance(value, tuple) else str(value)


def _extend(run: RunFolder, task: Task, state: TrainState, plan: Plan) -> None:
    """Make a run longer."""
    # The plan first: between the two, a kill leaves a longer plan, which the same command makes again.
    _plan_from_here(run, task, state, plan)
    run.write_json(run.config, run.record() | _recorded(run, task.config))


def _plan_from_here(run: RunFolder, task: Task, state: TrainState, plan: Plan) -> None:
    """Plan the rest of a run: from where it stands, progress is what it would be of its length."""
    if task.config.minutes is not None:
        progress = min(1.0, state.seconds / (task.config.minutes * 60))
    else:
        progress = min(1.0, state.nimg / task.end_nimg)
    halvings = plan.halvings(state.nimg)
    segment = Segment(nimg=state.nimg, progress=progress, end_nimg=task.end_nimg, halvings=halvings)
    run.emit("plan", durable=True, **asdict(segment))
    plan.add(segment)


def _warn_of_another_machine(run: RunFolder, state: TrainState, config: Config) -> None:
    """Say so where a bit-exact continuation cannot be promised."""
    recorded = run.record()
    shards_then = recorded["config"].get("shards")
    pairs: list[tuple[str, Any, Any]] = [("torch", recorded["torch"], torch.__version__)]
    pairs.append(("the processor", recorded.get("processor", processor()), processor()))  # version 0.2 recorded none
    if shards_then is None or shards_then == config.shards == 1:
        pairs.append(("threads", recorded["threads"], torch.get_num_threads()))
    else:  # each is computed by one thread, whoever takes it
        pairs.append(("the number of shards of a batch", shards_then, config.shards))
    for what, then, now in pairs:
        if then != now:
            text = f"{what} was {then}, is {now}: the run goes on, but not bit for bit as it would have"
            run.emit("warning", nimg=state.nimg, text=text)
