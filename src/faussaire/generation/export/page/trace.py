"""From a torch module to a program: torch.export writes down what a generator does, and each line is translated.

Layers that `layers.LAYERS` has not are taken apart by torch's own decompositions first; what is unknown even then ends
the export with a sentence, and the conformance suite of the architecture that uses it.
"""

from __future__ import annotations

import operator
import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from faussaire.core.errors import ExportError
from faussaire.generation.export.page.layers import FOLDING, IGNORED, LAYERS
from faussaire.generation.export.page.program import Program, Value
from faussaire.models.truncation import Truncated


def program_of(module: nn.Module, z_dim: int, num_classes: int) -> Program:
    """Return what a generator in evaluation does, as a program that makes one sample `[1, *shape]`.

    Args:
        module: maps z `[N, z_dim]`, and labels `[N]` where there are classes, to samples; the program takes a
            truncation `[]` between them.
        num_classes: 0 where there are none.

    Raises:
        ExportError: it does something that the page cannot do, or that depends on its numbers.
    """
    inputs = (torch.zeros(1, z_dim), torch.ones(()), torch.zeros(1, dtype=torch.int64))[: 3 if num_classes else 2]
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch has to say to its own developers
            exported = torch.export.export(Truncated(module).eval(), inputs)
            if any(_name(node) not in LAYERS for node in exported.graph.nodes if _calls(node)):
                exported = exported.run_decompositions(_decompositions())
    except Exception as error:  # torch has many kinds, and none for all
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ExportError(f"this generator cannot be written down step by step: {reason}") from None
    return _translated(exported)


def _calls(node: torch.fx.Node) -> bool:
    return node.op == "call_function" and node.target is not operator.getitem and _name(node) not in IGNORED


def _name(node: torch.fx.Node) -> str:
    """Return the name of what a node calls, without its overload: `conv2d`."""
    packet = getattr(node.target, "overloadpacket", None)
    return str(getattr(packet, "__name__", node.target))


def _decompositions() -> Any:
    """Return torch's decompositions of all that LAYERS has not."""
    table = torch.export.default_decompositions()
    for overload in list(table):
        if str(overload).split(".")[1] in LAYERS:
            del table[overload]
    return table


def _translated(exported: ExportedProgram) -> Program:
    program = Program()
    found: dict[torch.fx.Node, Any] = {}
    signature = exported.graph_signature
    known = {**exported.state_dict, **exported.constants}
    targets = {spec.arg.name: spec.target for spec in signature.input_specs if spec.target is not None}
    for node in exported.graph.nodes:
        if node.op == "placeholder":
            if node.name in targets:
                found[node] = known[targets[node.name]]
            else:
                found[node] = program.value(node.meta["val"].shape)
                program.inputs.append(found[node].number)
        elif node.op == "output":
            program.output = _value(program, found[node.args[0][0]]).number
        elif node.op == "call_function":
            found[node] = _called(program, node, found)
        else:
            raise ExportError(f"this generator has a {node.op} in its graph, which the page does not know")
    return program


def _called(program: Program, node: torch.fx.Node, found: dict[torch.fx.Node, Any]) -> Any:
    """Translate one line; of constants alone, compute it."""
    args: Any = torch.fx.map_arg(node.args, lambda other: found[other])
    options: Any = torch.fx.map_arg(node.kwargs, lambda other: found[other])
    if node.target is operator.getitem:
        return args[0][args[1]]
    name = _name(node)
    if name in IGNORED:
        return args[0] if args else None
    if not any(isinstance(arg, Value) for arg in _leaves((args, options))):
        with torch.no_grad():
            return node.target(*args, **options)  # type: ignore[operator]
    if name not in LAYERS:
        raise ExportError(
            f"this generator uses the layer {name!r}, which the page cannot run: generation/export/page/layers has none"
        )
    unknown = ExportError(f"this generator uses the layer {name!r} in a form that the page does not know: {node.args}")
    try:
        made = LAYERS[name](program, *_values(program, name, args), **options)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):  # arguments that the layer does not take
        raise unknown from None
    if not _fits(node.meta["val"], made):
        raise unknown
    return made


def _leaves(args: Any) -> list[Any]:
    if isinstance(args, dict):
        return _leaves(list(args.values()))
    return [leaf for arg in args for leaf in _leaves(arg)] if isinstance(args, list | tuple) else [args]


def _values(program: Program, name: str, args: Any) -> list[Any]:
    """Turn tensors among the arguments into constants; layers that fold theirs get them as they are."""
    if name in FOLDING:
        return list(args)
    return [
        [_value(program, one) for one in arg] if isinstance(arg, list | tuple) else _value(program, arg) for arg in args
    ]


def _value(program: Program, arg: Any) -> Any:
    return program.constant(arg.detach().cpu().float().numpy()) if isinstance(arg, Tensor) else arg


def _fits(expected: Any, made: Any) -> bool:
    """Say whether a value has, or several have, the shape that torch gives."""
    if isinstance(made, list | tuple):
        return len(made) == len(expected) and all(map(_fits, expected, made))
    return not isinstance(made, Value) or made.shape == tuple(expected.shape)
