"""What becomes of a training that is killed, frozen, starved of disk, or whose files or numbers go wrong (issue K).

    python benchmarks/faults.py                          # every fault, 200 kills, 100 of each other, 20 of numbers
    python benchmarks/faults.py kill --n 20 --seed 3     # one of them

    kill    SIGKILL while it prepares, trains, saves and evaluates: at a random time, or before a random touch of any
            file, of a prepared one, or of a checkpoint's. The same command again must go on; it is killed again, until
            it is through, and must end with the same bytes as one that was left alone.
    full    a disk (tmpfs; where none may be mounted, a limit on the size of files) that is full at some write: one
            line. With more room the same command must go on, until there is enough, to the same bytes.
    flip    a byte of a random file of a stopped run is another: `faussaire runs --verify` must name the file, and the
            same command must go on from the newest checkpoint that is whole, to the same bytes.
    freeze  SIGSTOP for a random time, then SIGCONT: the same bytes.
    numbers NaN in a loss, a gradient, the data, a parameter or the average at a random step: rolled back, told, and to
            its end with finite numbers.
    models  folders of generators with something wrong: an error in one line or a generator, in bounded memory.

Everything is the default recipe on a folder of colour images in two classes: two shards, bf16, augmented, conditional.
Each line of numbers is a count with its Wilson interval; exit code 1 where one of them is not full. All of it takes a
quarter of an hour of one core (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from _hostile import spoilt_models
from _program import (
    ANYWHERE,
    CHECKPOINTS,
    PREPARED,
    Child,
    Ended,
    emptied,
    files_of,
    recipe,
    warm_up,
    write_pictures,
)
from faussaire.core.intervals import wilson
from faussaire.runs.checkpoint import LEFT_BEHIND, checkpoints, damage_of

KIMG = 0.4
INJECTED = ("loss", "gradient", "data", "parameter", "average")
NEVER_FLIPPED = (".lock", ".owner.json")
FULL = ("No space left on device", "File too large")
"""What a run says that met a full disk, though it may have gone on without some picture."""


class Scene:
    """A scratch folder with data, and a run that was left alone, to compare with.

    Args:
        scratch: a folder for everything.
        kimg: length of each run.
    """

    def __init__(self, scratch: Path, *, kimg: float) -> None:
        self.scratch, self.kimg = scratch, kimg
        self.data = write_pictures(scratch / "pictures")
        warm_up(self.data, emptied(scratch / "warm"))
        self.whole = self.train(emptied(scratch / "whole"))
        self.expected = files_of(scratch / "whole" / "run", "generator")
        print(f"left alone: {self.whole.seconds:.1f} s, {self.whole.touches[ANYWHERE]} touches of files", flush=True)
        must(self.whole.code == 0, self.whole)

    def start(self, folder: Path, **options: object) -> Child:
        """Begin the training whose run and cache are in a folder, or go on with it."""
        command = recipe(self.data, folder / "run", folder / "cache", kimg=self.kimg)
        return Child(command, folder, **options)  # type: ignore[arg-type]

    def train(self, folder: Path, **options: object) -> Ended:
        """Train to the end."""
        return self.start(folder, **options).wait()

    def is_same(self, folder: Path) -> bool:
        """Say whether the generator of a run is that of the one that was left alone."""
        with suppress(OSError):
            return files_of(folder / "run", "generator") == self.expected
        return False


def must(holds: bool, ended: Ended) -> None:
    """End the benchmark where the program fails that everything rests on."""
    if not holds:
        sys.exit(f"exit code {ended.code}: {ended.said[-2000:]}")


def is_clear(ended: Ended) -> bool:
    """Say whether a failure was told in one line, by an exit code of ours."""
    last = ended.said.splitlines()[-1] if ended.said else ""
    return ended.code in (1, 2) and last.startswith("faussaire: ") and "unexpected" not in last


def kill(scene: Scene, n: int, draw: random.Random) -> int:
    """Kill `n` times; return how many were survived. A run is killed again and again until it is complete."""
    survived, done, struck = 0, 0, Counter[str]()
    while done < n:
        folder, pending = emptied(scene.scratch / "killed"), 0
        while (ended := kill_once(scene, folder, draw) if done < n else scene.train(folder)).code == -signal.SIGKILL:
            pending, done = pending + 1, done + 1
            struck[stage_of(folder / "run")] += 1
        good = ended.code == 0 and scene.is_same(folder)
        survived += pending if good else 0
        if not good:
            print(f"NOT SURVIVED by one of {pending} kills: exit code {ended.code}: {ended.said[-500:]}", flush=True)
        elif pending and draw.random() < 0.2 and done < n:
            lost = kill_evaluation(folder, draw)
            survived, done = survived + (not lost), done + 1
            struck["evaluating"] += 1
    print("killed while " + ", ".join(f"{stage}: {count}" for stage, count in sorted(struck.items())), flush=True)
    return survived


def kill_once(scene: Scene, folder: Path, draw: random.Random) -> Ended:
    """Begin or go on with a training, and kill it at a random instant; it may be through before."""
    part = draw.choice([None, ANYWHERE, PREPARED, CHECKPOINTS])
    if part is not None:
        return scene.start(folder, kill_at=(part, draw.randint(1, scene.whole.touches[part]))).wait()
    child = scene.start(folder)
    time.sleep(draw.uniform(0, scene.whole.seconds))
    with suppress(ProcessLookupError):
        child.signal(signal.SIGKILL)
    return child.wait()


def stage_of(run: Path) -> str:
    """Say what a run that was killed was at."""
    if not (run / "config.json").is_file():
        return "preparing"
    saved = run / "checkpoints"
    in_midst = saved.is_dir() and any(LEFT_BEHIND.fullmatch(path.name) for path in saved.iterdir())
    return "writing a checkpoint" if in_midst else "training"


def kill_evaluation(folder: Path, draw: random.Random) -> bool:
    """Kill `faussaire evaluate` and do it again; say whether that failed."""
    command = ["evaluate", str(folder / "run"), "--protocol", "fd2000-pixels-dct"]
    child = Child(command, folder, kill_at=(ANYWHERE, draw.randint(1, 60)))
    child.wait()
    ended = Child(command, folder).wait()
    if ended.code:
        print(f"NOT SURVIVED, an evaluation: exit code {ended.code}: {ended.said[-500:]}", flush=True)
    return ended.code != 0


def full(scene: Scene, n: int, draw: random.Random) -> int:
    """Fill the disk `n` times; return how many were survived. A run gets more and more room until it is complete."""
    sizes = [file.stat().st_size for file in (scene.scratch / "whole").rglob("*") if file.is_file()]
    survived = done = 0
    while done < n:
        folder, pending, room = emptied(scene.scratch / "full"), 0, 1 << 16
        mounted = mount(folder, room)
        wanted = sum(sizes) if mounted else max(sizes)  # what is limited is a disk, or else each file
        try:
            while True:
                room += int(wanted * (draw.uniform(0.02, 0.3) if done < n else 10))
                ended = train_within(scene, folder, room, mounted=mounted)
                met = ended.code != 0 or any(sign in ended.said for sign in FULL)
                pending, done = pending + met, done + met
                if not met or (ended.code != 0 and not is_clear(ended)):
                    break
            good = ended.code == 0 and scene.is_same(folder)
            survived += pending if good else 0
            if not good:
                print(f"NOT SURVIVED, the last of {pending}: {ended.code}: {ended.said[-500:]}", flush=True)
        finally:
            if mounted:
                subprocess.run(["umount", str(folder)], check=True)
    return survived


def train_within(scene: Scene, folder: Path, room: int, *, mounted: bool) -> Ended:
    """Train, or go on, where a disk that is mounted on the folder, or else every file, may hold so many bytes."""
    if not mounted:
        return scene.train(folder, prepare=partial(limit_files, room))
    if not mount(folder, room, again=True):
        sys.exit(f"cannot give {folder} another size")
    return scene.train(folder)


def mount(folder: Path, num_bytes: int, *, again: bool = False) -> bool:
    """Mount a small disk on a folder, or give it another size; say whether that could be done."""
    options = f"size={num_bytes}" + (",remount" if again else "")
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return shutil.which("mount") is not None and subprocess.run(command, capture_output=True).returncode == 0


def limit_files(num_bytes: int) -> None:
    """Let no file of this process grow beyond a size."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, num_bytes))


def flip(scene: Scene, n: int, draw: random.Random) -> int:
    """Change a byte in `n` copies of a stopped run; return how many were found and survived."""
    from faussaire.runs.folder import RunFolder

    touches = scene.whole.touches[CHECKPOINTS]
    for at in (touches // 2, touches // 4):  # on a busy machine it may touch them less often, and end unasked
        stopped = emptied(scene.scratch / "stopped")
        ended = scene.train(stopped, kill_at=(CHECKPOINTS, at), by=signal.SIGTERM)
        if ended.code != 0:
            break
    must(ended.code == 128 + signal.SIGTERM, ended)
    survived = 0
    for _ in range(n):
        folder = scene.scratch / "flipped"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(stopped, folder)
        run = folder / "run"
        there = [p for p in sorted(run.rglob("*")) if p.is_file() and p.name not in NEVER_FLIPPED and p.stat().st_size]
        path = draw.choice(there)
        content = bytearray(path.read_bytes())
        content[draw.randrange(len(content))] ^= draw.randint(1, 255)
        path.write_bytes(content)
        name = path.relative_to(run).as_posix()
        newest = next(p for p in checkpoints(run / "checkpoints") if not damage_of(p))
        verified = Child(["runs", str(run), "--verify"], folder).wait()
        named = name.rpartition("/")[0] if name.startswith("checkpoints/") else name
        ended = scene.train(folder)
        resumed = [event.nimg for event in RunFolder(run).events("resumed")][-1:]
        good = verified.code == 1 and named in verified.said and ended.code == 0 and scene.is_same(folder)
        good = good and resumed == [int(newest.name)]
        if not good:
            print(f"NOT SURVIVED: {name}: {verified.said[-300:]}; then {ended.code}: {ended.said[-300:]}; {resumed}")
        survived += good
    return survived


def freeze(scene: Scene, n: int, draw: random.Random) -> int:
    """Freeze `n` trainings for a while; return how many ended the same."""
    survived = 0
    for _ in range(n):
        folder = emptied(scene.scratch / "frozen")
        child = scene.start(folder)
        time.sleep(draw.uniform(0, scene.whole.seconds))
        with suppress(ProcessLookupError):
            child.signal(signal.SIGSTOP)
            time.sleep(draw.uniform(0.1, 1.0))
            child.signal(signal.SIGCONT)
        survived += child.wait().code == 0 and scene.is_same(folder)
    return survived


def numbers(scene: Scene, n: int, draw: random.Random) -> int:
    """Inject NaN `n` times; return how many were rolled back, told, and led to a finite end."""
    from safetensors.torch import load_file

    from faussaire.runs.folder import RunFolder

    survived = 0
    for i in range(n):
        what, at = INJECTED[i % len(INJECTED)], draw.randint(2, int(1000 * scene.kimg / 16) - 1)
        folder = emptied(scene.scratch / "numbers")
        ended = scene.train(folder, prepare=partial(inject, what, at))
        run = RunFolder(folder / "run")
        told = [event.data["text"] for event in run.events("rolled_back")]
        files = list(run.path.rglob("*.safetensors"))
        finite = all(bool(t.isfinite().all()) for file in files for t in load_file(file).values())
        good = ended.code == 0 and len(told) == 1 and told[0] in ended.said and finite and len(files) > 1
        if not good:
            print(f"NOT SURVIVED: {what} at step {at}: {ended.code}: {told} {ended.said[-500:]}")
        survived += good
    return survived


def inject(what: str, at: int) -> None:
    """Let something be NaN in the step of that number of this process, and in that one alone."""
    from dataclasses import replace

    import torch

    from faussaire.runs.plan import UNPLANNED_NIMG
    from faussaire.training.trainer import Trainer

    step, made = Trainer.step, 0

    def spoilt(trainer: Trainer) -> object:
        nonlocal made
        made += trainer.plan.at(0).end_nimg != UNPLANNED_NIMG  # the probe of the speed is no training
        if made != at:
            return step(trainer)
        state, loss, real = trainer.state, trainer.passes.loss, trainer.batches.real
        if what in ("parameter", "average"):
            tensors = [*(state.G if what == "parameter" else state.G_ema).parameters()]
            with torch.no_grad():
                tensors[at % len(tensors)].view(-1)[0] = torch.nan
            return step(trainer)
        if what == "loss":
            trainer.passes.loss = replace(loss, generator=lambda r, f: loss.generator(r, f) + torch.nan)
        elif what == "data":
            trainer.batches.real = lambda *of: real(*of) * torch.nan  # type: ignore[method-assign]
        hook = next(state.G.parameters()).register_hook(lambda g: g * torch.nan if what == "gradient" else g)
        try:
            return step(trainer)
        finally:
            trainer.passes.loss = loss
            trainer.batches.real = real  # type: ignore[method-assign]
            hook.remove()

    Trainer.step = spoilt  # type: ignore[assignment, method-assign]


def models(scene: Scene, n: int, draw: random.Random) -> int:
    """Load `n` spoilt folders of generators; return how many gave a clear error or a generator."""
    return spoilt_models(scene.scratch / "whole" / "run" / "generator", scene.scratch / "spoilt", n, draw)


FAULTS: dict[str, tuple[int, Callable[[Scene, int, random.Random], int]]] = {
    "kill": (200, kill),
    "full": (100, full),
    "flip": (100, flip),
    "freeze": (20, freeze),
    "numbers": (20, numbers),
    "models": (5000, models),
}
"""Each with how many of it there are if nothing else is asked for."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", choices=[*FAULTS, []], help="which [all]")
    parser.add_argument("--n", type=int, help="how many of each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kimg", type=float, default=KIMG)
    arguments = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="faussaire-faults-") as scratch:
        scene = Scene(Path(scratch), kimg=arguments.kimg)
        for name in arguments.faults or FAULTS:
            default, fault = FAULTS[name]
            n, began = arguments.n or default, time.monotonic()
            survived = fault(scene, n, random.Random(f"{arguments.seed} {name}"))
            failed += survived < n
            share = wilson(survived, n)
            interval = f"[{share.low:.3f}, {share.high:.3f}]"
            print(f"{name}: {survived} of {n} survived {interval}, in {time.monotonic() - began:.0f} s", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
