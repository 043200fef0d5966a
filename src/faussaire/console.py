"""What a person sees while a run trains: a view of its events, in a terminal or line by line.

In a terminal (or a notebook) one display that renews itself; elsewhere a plain line now and then, fit for a log.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from faussaire.health import percent
from faussaire.run import RunFolder
from faussaire.runs.events import Event

LINE_SHARE = 0.05  # without a terminal: a line at least every 5 % of the run …
LINE_SECONDS = 30.0  # … and every half minute
GOOD = ("learning", "converged")  # shown in green; what is not good, in red


class TrainingView:
    """Shows the events of a run as they come. Use it as a context manager around the training.

    Args:
        run: the folder whose events are shown.
        title: one line on what is trained.
        console: where to; standard error if not given, so that standard output stays clean.
    """

    def __init__(self, run: RunFolder, *, title: str, console: Console | None = None) -> None:
        self.run = run
        self.title = title
        self.console = console or Console(stderr=True)
        self._stats: dict[str, Any] = {}
        self._nimg = 0
        self._verdict = ("starting", "starting")
        self._line = (-1.0, -LINE_SECONDS)
        self._fancy = self.console.is_terminal or self.console.is_jupyter
        self._live = Live(console=self.console, refresh_per_second=4, transient=False) if self._fancy else None

    def __enter__(self) -> Self:
        self.run.listeners.append(self.show)
        if self._live is not None:
            self._live.start()
            self._live.update(self.display())
        else:
            self.console.print(self.title, highlight=False, soft_wrap=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run.listeners.remove(self.show)
        if self._live is not None:
            self._live.stop()

    def show(self, event: Event) -> None:
        """Take in one event."""
        self._nimg = event.nimg
        if event.kind == "warning":
            self.console.print(f"warning: {event.data['text']}", style="yellow", highlight=False, soft_wrap=True)
        elif event.kind == "paused":
            self.console.print("Paused and saved; the clock of the run stands still.", highlight=False)
        elif event.kind == "continued":
            self.console.print(f"Going on after a pause of {clock(event.data['paused_seconds'])}.", highlight=False)
        elif event.kind == "resumed":
            at = f"{event.nimg / 1000:.1f} thousand images"
            self.console.print(f"Going on from {at}.", highlight=False)
        elif event.kind == "stats":
            self._stats = event.data
            self._verdict = (event.data["verdict"], event.data["verdict_text"])
            if self._live is not None:
                self._live.update(self.display())
            elif self._line_is_due():
                self.console.print(self.line(), highlight=False, soft_wrap=True)

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
            f"{100 * s['progress']:3.0f} %  {clock(s['seconds_left'])} left  {s['nimg_per_second']:,.0f} images/s  "
            f"D right on real {share(s['accuracy_real'], s['n'])}, on fake {share(s['accuracy_fake'], s['n'])} "
            f"(chance 50 %, n={s['n']}, 95 % intervals)  "
            f"loss D {_loss(s, 'loss_D')} G {_loss(s, 'loss_G')}  {self._verdict[1]}"
        )

    def display(self) -> RenderableType:
        """Return the whole display, at most 80 columns wide."""
        width = min(80, self.console.width)
        title = Text(self.title, style="bold", overflow="ellipsis", no_wrap=True)
        if not self._stats:
            return Group(title, Text("the first report comes within a few seconds", style="dim"))
        s = self._stats
        table = Table.grid(padding=(0, 2))
        for _ in range(3):
            table.add_column(no_wrap=True)
        bar = width - 36
        table.add_row(
            "Progress",
            ProgressBar(total=1.0, completed=s["progress"], width=bar),
            f"{100 * s['progress']:3.0f} %  {clock(s['seconds_left'])} left",
        )
        for side in ("real", "fake"):
            value = s[f"accuracy_{side}"]
            table.add_row(f"D right on {side}", gauge(value, bar), share(value, s["n"]))
        facts = Text.assemble(
            f"loss of D {_loss(s, 'loss_D')}, of G {_loss(s, 'loss_G')}",
            (f"   {self._nimg / 1000:,.1f} thousand images, {s['nimg_per_second']:,.0f} a second", "dim"),
        )
        judged = f"of {s['n']:,} each, 95 %"
        chance = Text(" " * (17 + bar // 2 - 2) + f"50 %: chance{judged:>{width - bar // 2 - 28}}", style="dim")
        verdict = Text(self._verdict[1], style="green" if self._verdict[0] in GOOD else "red")
        return Group(title, table, chance, facts, verdict)


def gauge(share: float | None, width: int) -> Text:
    """Draw a share of 1 as a bar with a mark at one half."""
    filled = round((share or 0.0) * width)
    cells = ["█" if i < filled else "·" for i in range(width)]
    cells[width // 2] = "┃"
    return Text("".join(cells), style="cyan")


def clock(seconds: float) -> str:
    """Write a duration as 0:07, 12:34 or 3:04:05."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def share(value: float | None, n: int) -> str:
    """Write a share of n images in per cent with its 95 % interval."""
    return "not measured" if value is None else percent(value, n)


def _loss(stats: dict[str, Any], name: str) -> str:
    """Write the mean of a loss over the steps of a report, with half of its 95 % interval where there are two steps."""
    if stats[name] is None:
        return "not finite"
    half = stats[f"{name}_half"]
    return f"{stats[name]:.3f}" + ("" if half is None else f" ± {half:.3f}")
