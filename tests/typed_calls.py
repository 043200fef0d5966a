"""What an editor and mypy say of calls from Python: read by mypy in `make test`, and run by nobody.

A line that is wrong is marked so: mypy refuses this file if it finds nothing wrong there, as if anything is elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import faussaire

if TYPE_CHECKING:
    run: faussaire.Run = faussaire.train("mnist", classes=["7"], minutes=2, batch_size=32, conditional=None)
    faussaire.train(Path("photos"), classes=7, fit="crop", penalties="none", lr=1, run=run)
    faussaire.train("mnist", minuts=2)  # type: ignore[call-arg]
    faussaire.train("mnist", minutes="two")  # type: ignore[arg-type]
    faussaire.train("mnist", fit="squeeze")  # type: ignore[arg-type]
    faussaire.train("mnist", data="again")  # type: ignore[misc]

    faussaire.evaluate(run, protocols=["fd2000-pixels-dct"]).rows()
    faussaire.evaluate(run, protocol="fd2000-pixels-dct")  # type: ignore[call-arg]
    print([comparison.better for comparison in faussaire.compare("runs/one", run)])
    print(faussaire.Generator.load(run).sample(20, seed=0, label="7").shape, run.columns()["loss_D"])
