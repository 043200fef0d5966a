"""The networks. The folder is the registry: each module here whose name has no leading underscore is one pair.

To add one, write `name.py` with an `ARCHITECTURE`; the conformance suite finds it by itself.
"""

from __future__ import annotations

import importlib
import pkgutil

from torch import nn

from faussaire.core.devices import CPU, META
from faussaire.core.errors import ConfigError
from faussaire.core.rng import generator_for
from faussaire.core.suggestions import did_you_mean
from faussaire.modalities import SampleSpec, of_spec
from faussaire.models.architectures._blocks import Network, seed_dropout, statistics_frozen
from faussaire.models.architectures._registry import Architecture

__all__ = [
    "Architecture",
    "architecture",
    "architectures",
    "build_discriminator",
    "build_generator",
    "check_architecture",
    "seed_dropout",
    "sketched",
    "statistics_frozen",
]


def architectures() -> dict[str, Architecture]:
    """Return every architecture by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return {name: importlib.import_module(f"{__name__}.{name}").ARCHITECTURE for name in names}


def architecture(name: str | None, spec: SampleSpec) -> Architecture:
    """Return the architecture of that name, or that of the kind of data, having checked that it can make such samples.

    Raises:
        ConfigError: it does not exist, or cannot make them; the message names the way out.
    """
    name = of_spec(spec).defaults["architecture"] if name is None else name
    found = check_architecture(name, spec.modality)
    found.check(spec)
    return found


def check_architecture(name: str, modality: str | None = None) -> Architecture:
    """Return the architecture of that name, having checked that it can make samples of a modality, if that is known.

    Raises:
        ConfigError: it does not exist, or cannot make them.
    """
    known = architectures()
    if name not in known:
        raise ConfigError(f"unknown architecture {name!r}{did_you_mean(name, known)}")
    found = known[name]
    if modality is not None and found.modalities and modality not in found.modalities:
        able = ", ".join(n for n, a in known.items() if not a.modalities or modality in a.modalities)
        raise ConfigError(f"architecture {name!r} makes no samples of modality {modality!r}; {able} can")
    return found


def build_generator(
    name: str | None, spec: SampleSpec, *, z_dim: int, seed: int, num_classes: int = 0, width: int | None = None
) -> nn.Module:
    """Build G, its parameters a function of `seed` alone; the global random state is neither read nor moved.

    Args:
        num_classes: of a conditional G, which takes the class of each sample besides its latent; 0 for none.
        width: what its layers' widths are counted in; the architecture's own if not given.
    """
    found = architecture(name, spec)
    with META:
        G = found.generator(spec, z_dim, num_classes, found.width_or(width))
    return _initialised(G, seed, "init_G")


def build_discriminator(
    name: str | None, spec: SampleSpec, *, seed: int, num_classes: int = 0, width: int | None = None
) -> nn.Module:
    """Build D in the same way; a conditional one judges a sample as one of its class."""
    found = architecture(name, spec)
    with META:
        D = found.discriminator(spec, num_classes, found.width_or(width))
    return _initialised(D, seed, "init_D")


def sketched(
    name: str | None, spec: SampleSpec, *, z_dim: int, num_classes: int = 0, width: int | None = None
) -> tuple[nn.Module, nn.Module]:
    """Return G and D without numbers, on the device "meta": of what kind they are, and what they would do, is known."""
    found = architecture(name, spec)
    width = found.width_or(width)
    with META:
        return found.generator(spec, z_dim, num_classes, width), found.discriminator(spec, num_classes, width)


def _initialised(module: nn.Module, seed: int, stream: str) -> nn.Module:
    """Give memory to a module built without any, and fill it."""
    if not isinstance(module, Network):
        raise TypeError(f"{type(module).__name__} has no initialise(generator)")
    module.to_empty(device=CPU)
    module.initialise(generator_for(seed, stream))
    return module
