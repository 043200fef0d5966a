"""`--to onnx`: one file for ONNX Runtime, in which the graph and all that it takes to generate lie together.

The graph is compared with torch on 1,000 latents before the file is kept, and the largest difference is printed. With
`--precision fp16` the weights are stored in half the bytes and computed with in fp32: a CPU has no fp16 of its own.
int8 is not offered: docs/LAB.md has what it costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from faussaire.core.errors import ConfigError
from faussaire.generation.export._exporter import Exporter, Progress, Source

FP32, FP16 = "fp32", "fp16"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user may choose."""

    precision: str = FP32
    """Numbers that weights are stored in: fp32, or fp16 for half of the bytes."""

    def __post_init__(self) -> None:
        """Check it."""
        if self.precision not in (FP32, FP16):
            raise ConfigError(f"--precision is fp32 or fp16, not {self.precision!r}")


def _export(source: Source, out: Path, options: Options, progress: Progress) -> list[str]:
    """Write the file."""
    from faussaire.generation.export._graph import write_onnx

    return write_onnx(source, out, half=options.precision == FP16, progress=progress)


EXPORTER = Exporter(
    name="onnx",
    description="one file for ONNX Runtime, which needs no torch",
    suffix=".onnx",
    options=Options,
    export=_export,
)
