"""The graph of a generator in ONNX: made by torch's exporter, given its facts, and compared with torch.

Inputs: z float32 `[N, z_dim]`, truncation float32 `[]` (`models.truncation`), and of a conditional generator class
int64 `[N]`. Output: samples float32 `[N, *shape]` in [-1, 1]. N is free. Everything that it takes to generate stands in
the metadata, each value as JSON: `generation.runtime` reads it.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from faussaire import __version__
from faussaire.core.decimals import plain
from faussaire.core.errors import ConfigError, ExportError
from faussaire.core.files import write_atomically
from faussaire.core.rng import numpy_generator_for
from faussaire.generation.export._exporter import Progress, Source
from faussaire.generation.generator import Generator
from faussaire.generation.latents import latents
from faussaire.generation.runtime import FORMAT, LABELS, SAMPLES, TRUNCATION, Z
from faussaire.models.truncation import Truncated

OPSET = 18
COMPARED = 1000  # latents
MOST = {False: 1e-4, True: 1e-1}
"""How far a sample may lie from torch's, in [-1, 1]: with weights of fp32, and of fp16, which have 11 bits."""
NO_EXPORTER = "the ONNX exporter of torch needs onnx and onnxscript: pip install 'faussaire[onnx]'"


def write_onnx(source: Source, out: Path, *, half: bool, progress: Progress) -> list[str]:
    """Write the generator as a file, once it is known to make what torch makes; return what there is to say.

    Raises:
        ConfigError: onnx, onnxscript or ONNX Runtime is not installed, or the generator was exported already.
        ExportError: its layers cannot be exported, or the graph makes something else.
    """
    generator = source.generator
    progress("tracing the generator", 0, 3)
    model = graph(generator)
    if half:
        store_halves(model)
    progress("comparing it with torch", 1, 3)
    found = difference(model.SerializeToString(), generator)
    if not found.is_small(half=half):
        raise ExportError(
            f"the exported generator makes other samples than torch does ({found.others:,} of {COMPARED:,}, by up to "
            f"{plain(found.largest, 2)} in [-1, 1]): nothing was written; "
            + ("take --precision fp32" if half else "please report it, with the architecture")
        )
    progress("writing it", 2, 3)
    state_facts(model, source, half=half, difference=found.largest)
    content = model.SerializeToString()
    write_atomically(out, content, remedy="nothing of it is left there; make room, or choose another --out")
    return [
        f"an ONNX graph (opset {OPSET}, {'fp16' if half else 'fp32'} weights, {len(content) / 1000:,.0f} kB)",
        f"It makes {found}.",
    ]


def graph(generator: Generator) -> Any:
    """Return an onnx.ModelProto of a generator.

    Raises:
        ConfigError: onnx or onnxscript is not installed.
        ExportError: a layer cannot be exported.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise ConfigError(NO_EXPORTER) from None
    batch = torch.export.Dim("N")
    z = torch.zeros(2, generator.z_dim)  # of one sample, the batch would be taken for a constant
    inputs: tuple[torch.Tensor, ...] = (z, torch.ones(()))
    names, shapes = [Z, TRUNCATION], [{0: batch}, None]
    module = Truncated(generator.module)
    if generator.class_shares:
        inputs = (*inputs, torch.tensor([0, 0]))
        names, shapes = [*names, LABELS], [*shapes, {0: batch}]
    try:
        with _quiet():
            program = torch.onnx.export(
                module.eval(),
                inputs,
                input_names=names,
                output_names=[SAMPLES],
                dynamic_shapes=tuple(shapes),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except Exception as error:
        reason = (str(error) or type(error).__name__).strip().splitlines()[0]
        raise ExportError(
            f"the architecture {generator.architecture!r} has a layer that cannot be exported: {reason}"
        ) from error
    assert program is not None
    return _bare(program.model_proto)


def _bare(model: Any) -> Any:
    """Take out of a graph what the exporter noted of its making: paths of this machine, and more bytes than weights."""
    for part in (model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    del model.graph.value_info[:]
    del model.metadata_props[:]
    return model


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far the samples of a graph lie from torch's, on 1,000 latents."""

    largest: float
    """In [-1, 1], at most."""

    others: int
    """Samples that differ by more than 1e-4."""

    discrete: bool
    """Whether samples are made of choices, as letters are: where two are nearly level, either may be taken."""

    def is_small(self, *, half: bool) -> bool:
        """Whether the graph makes the same samples: of choices, all but one in a hundred."""
        return self.largest <= MOST[half] or (self.discrete and self.others <= COMPARED // 100)

    def __str__(self) -> str:
        if self.discrete:
            return f"the same samples as torch's on {COMPARED - self.others:,} of {COMPARED:,} latents"
        return (
            f"the same samples as torch's on {COMPARED:,} latents: the largest difference is "
            f"{plain(self.largest, 2)} in [-1, 1]"
        )


def difference(model: bytes, generator: Generator) -> Difference:
    """Compare the samples of a graph with torch's, on 1,000 latents in batches of several sizes and truncations.

    Raises:
        ConfigError: ONNX Runtime is not installed.
        ExportError: the graph cannot be run.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ConfigError("the graph is compared with torch by ONNX Runtime: pip install 'faussaire[onnx]'") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    z = latents(COMPARED, generator.z_dim, seed=0, stream="export")
    numbers = numpy_generator_for(0, "export classes").integers(0, max(1, len(generator.class_shares)), COMPARED)
    largest, discrete = [], True
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        for truncation, first, size in _parts():
            part, labels = z[first : first + size], numbers[first : first + size]
            inputs = {Z: part.numpy(), TRUNCATION: np.asarray(truncation, np.float32)}
            if generator.class_shares:
                inputs[LABELS] = labels
            there = session.run([SAMPLES], inputs)[0]
            given = torch.from_numpy(labels) if generator.class_shares else None
            here = generator(part, given, truncation).numpy()
            if there.shape != here.shape:
                raise ExportError(f"the graph makes {list(there.shape)} of {len(part)} latents, not {list(here.shape)}")
            largest.append(np.abs(there - here).reshape(size, -1).max(1))
            discrete = discrete and bool((here == np.rint(here)).all())
    except ExportError:
        raise
    except Exception as error:  # the classes of ONNX Runtime's errors are not public
        raise ExportError(f"the exported graph cannot be run: {str(error).splitlines()[0]}") from None
    each = np.concatenate(largest)
    return Difference(largest=float(each.max()), others=int((each > MOST[False]).sum()), discrete=discrete)


def _parts() -> Iterator[tuple[float, int, int]]:
    """Give truncation, first latent and number of latents of batches of several sizes, 1,000 in all."""
    yield 0.5, 0, 1
    yield 2.0, 1, 99
    for first in range(100, COMPARED, 100):
        yield 1.0, first, 100


def state_facts(model: Any, source: Source, *, half: bool, difference: float) -> None:
    """Write into the metadata of a graph what it takes to generate, and where it comes from."""
    generator = source.generator
    facts = {
        "format": FORMAT,
        "name": generator.name,
        "spec": asdict(generator.spec),
        "modality": generator.spec.modality,
        "classes": list(generator.spec.classes),
        "class_shares": list(generator.class_shares),
        "z_dim": generator.z_dim,
        "architecture": generator.architecture,
        "width": generator.width,
        "nimg": generator.nimg,
        "recipe": source.settings,
        "digest": source.digest,
        "precision": "fp16" if half else "fp32",
        "opset": OPSET,
        "compared_on": COMPARED,
        "largest_difference": difference,
        "faussaire": __version__,
    }
    for name, value in facts.items():
        model.metadata_props.add(key=name, value=json.dumps(value, ensure_ascii=False))
    model.producer_name, model.producer_version = "faussaire", __version__
    model.doc_string = f"{generator.modality.describe(generator.spec.shape)}, learnt from {generator.name}"


def store_halves(model: Any) -> None:
    """Store the larger weights of a graph as fp16, and bring them back to fp32 where it begins."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 16:
            continue
        array = numpy_helper.to_array(weight)
        name, stored = weight.name, f"{weight.name}.fp16"
        weight.CopyFrom(numpy_helper.from_array(array.astype(np.float16), stored))
        casts.append(helper.make_node("Cast", [stored], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what torch's exporter prints, warns and logs: what is wrong is raised, and the result compared."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        told = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
