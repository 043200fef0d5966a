"""What a person sees while a run trains: a view of its events, in a terminal or line by line.

In a terminal (or a notebook) one display that renews itself; elsewhere a plain line now and then, fit for a log.
"""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from faussaire.core.terminal import FAILURES, Terminal, clean, failure
from faussaire.evaluation.forecast import said
from faussaire.evaluation.verdicts.verdict import Verdict, percent
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.views.numbers import EN, clock

LINE_SHARE = 0.05  # without a terminal: a line at least every 5 % of the run …
LINE_SECONDS = 30.0  # … and every half minute
BESIDE_BAR = 36  # columns of the display for its words
LEAST_BAR = 8
TONES = {"good": "green", "open": "default", "bad": "red"}
BLOCKS, ASCII = "█·┃", "#.|"  # of a gauge


class TrainingView:
    """Shows the events of a run as they come. Use it as a context manager around the training.

    Args:
        run: the folder whose events are shown.
        title: one line on what is trained.
        console: where to; standard error if not given, so that standard output stays clean.
    """

    def __init__(self, run: RunFolder, *, title: str, console: Console | None = None) -> None:
        self.run = run
        self.title = clean(title)
        self.console = console or Terminal(stderr=True)
        self._stats: dict[str, Any] = {}
        self._nimg = 0
        self._verdict = ("starting", "starting")
        self._forecast = ""
        self._line = (-1.0, -LINE_SECONDS)
        self._fancy = self.console.is_interactive or self.console.is_jupyter
        # Without a thread of its own: what goes wrong in it is told where it can be caught.
        self._live = Live(console=self.console, auto_refresh=False) if self._fancy else None

    def __enter__(self) -> Self:
        self.run.listeners.append(self.show)
        try:
            self._start()
        except FAILURES as error:
            self.run.give_up(self.show, error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.show in self.run.listeners:
            self.run.listeners.remove(self.show)
        if self._live is not None:
            with suppress(*FAILURES):
                self._live.stop()

    def _start(self) -> None:
        if self._live is not None:
            self._live.start()
            self._live.update(self.display(), refresh=True)
        else:
            self._print(self.title)

    def _print(self, text: str, style: str = "") -> None:
        """Print a line literally, and raise what keeps it from being seen: whoever told the event knows what to do."""
        self.console.print(Text(clean(text), style), soft_wrap=True)
        if (broken := failure(self.console)) is not None:
            raise broken

    def show(self, event: Event) -> None:
        """Take in one event."""
        self._nimg = event.nimg
        if event.kind in ("warning", "rolled_back"):
            self._print(f"warning: {event.data['text']}", style="yellow")
        elif event.kind == "paused":
            self._print("Paused and saved; the clock of the run stands still.")
        elif event.kind == "continued":
            self._print(f"Going on after a pause of {clock(event.data['paused_seconds'])}.")
        elif event.kind == "resumed":
            self._print(f"Going on from {EN.thousands(event.nimg)} thousand images.")
        elif event.kind == "score":
            self._forecast = said(event.data["forecast"]) if "forecast" in event.data else ""
        elif event.kind == "stats":
            self._stats = event.data
            self._verdict = (event.data["verdict"], event.data["verdict_text"])
            if self._live is not None:
                self._live.update(self.display(), refresh=True)
                if (broken := failure(self.console)) is not None:
                    raise broken
            elif self._line_is_due():
                self._print(self.line())

    def _line_is_due(self) -> bool:
        progress, seconds = self._stats["progress"], self._stats["seconds"]
        share, then = self._line
        if progress - share < LINE_SHARE and seconds - then < LINE_SECONDS:
            return False
        self._line = (progress, seconds)
        return True

    def line(self) -> str:
        """Return the last report as one plain line."""
        s = self._stats
        return (
            f"{EN.percent(s['progress']):>5}  {clock(s['seconds_left'])} left  "
            f"{EN.count(s['nimg_per_second'])} images/s  "
            f"D right on real {share(s['accuracy_real'], s['n'])}, on fake {share(s['accuracy_fake'], s['n'])} "
            f"(chance 50 %, n={s['n']}, 95 % intervals)  "
            f"loss D {self._loss('D')} G {self._loss('G')}  {self._verdict[1]}"
            + (f"; {self._forecast}" if self._forecast else "")
        )

    def display(self) -> RenderableType:
        """Return the whole display: at most 80 columns wide, and without bars where there is no room for them."""
        title = Text(self.title, style="bold", overflow="ellipsis", no_wrap=True)
        if not self._stats:
            return Group(title, Text("the first report comes within a few seconds", style="dim"))
        s, width = self._stats, min(80, self.console.width)
        name, text = self._verdict
        words = [Text(text, style=TONES[Verdict(name=name, text=text).tone])]
        words += [Text(self._forecast)] if self._forecast else []
        progress = f"{EN.percent(s['progress']):>5}  {clock(s['seconds_left'])} left"
        rows = [("Progress", s["progress"], progress)]
        for side in ("real", "fake"):
            value = s[f"accuracy_{side}"]
            rows.append((f"D right on {side}", value, share(value, s["n"])))
        facts = Text.assemble(
            f"loss of D {self._loss('D')}, of G {self._loss('G')}",
            (
                f"   {EN.thousands(self._nimg)} thousand images, {EN.count(s['nimg_per_second'])} a second",
                "dim",
            ),
        )
        bar = width - BESIDE_BAR
        if bar < LEAST_BAR:
            lines = [Text(f"{name}: {text.strip()}") for name, _, text in rows]
            return Group(title, *lines, Text("(50 % is chance)", style="dim"), facts, *words)
        table = Table.grid(padding=(0, 2))
        for _ in range(3):
            table.add_column(no_wrap=True)
        for name, value, text in rows:
            bar_of = (
                ProgressBar(total=1.0, completed=value, width=bar) if name == "Progress" else self._gauge(value, bar)
            )
            table.add_row(name, bar_of, text)
        judged = f"of {EN.count(s['n'])} each, 95 %"
        chance = Text(" " * (17 + bar // 2 - 2) + f"50 %: chance{judged:>{width - bar // 2 - 28}}", style="dim")
        return Group(title, table, chance, facts, *words)

    def _loss(self, network: str) -> str:
        return EN.loss(self._stats[f"loss_{network}"], self._stats[f"loss_{network}_half"])

    def _gauge(self, value: float | None, width: int) -> Text:
        return gauge(value, width, letters=BLOCKS if self.console.encoding.startswith("utf") else ASCII)


def gauge(share: float | None, width: int, *, letters: str = BLOCKS) -> Text:
    """Draw a share of 1 as a bar with a mark at one half; `letters`: of the filled part, of the rest, and the mark."""
    filled = round((share or 0.0) * width)
    cells = [letters[0] if i < filled else letters[1] for i in range(width)]
    middle = width // 2
    return Text("".join([*cells[:middle], *letters[2:], *cells[middle + 1 :]])[:width], style="cyan")


def share(value: float | None, n: int) -> str:
    """Write a share of n images in per cent with its 95 % interval."""
    return "not measured" if value is None else percent(value, n)
