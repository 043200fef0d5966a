"""Inception-v3 as in the FID literature: the only extractor whose Fréchet distance may be called FID.

The network of Szegedy et al. 2015, arXiv 1512.00567, in the variant of 2015-12-05 that Heusel et al. 2017 used: average
pools that leave the padding out, and a maximum pool in the last block. Weights are the TensorFlow ones as ported by
mseitzer/pytorch-fid, `pt_inception-2015-12-05-6726825d.pth` (95.6 MB); modules bear that file's names, so that it loads
strictly. They cannot ship with faussaire: put the file into the cache folder, or its path into FAUSSAIRE_INCEPTION.
Images go through the bilinear resize to 299 x 299, not antialiased, of pytorch-fid.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from faussaire.core.errors import ExtractorError
from faussaire.core.paths import cache_homes
from faussaire.evaluation.extractors.spec import embed_in_batches, load_pinned, resized

WEIGHTS_FILE = "pt_inception-2015-12-05-6726825d.pth"
_Kernel = int | tuple[int, int]
_Branches = dict[str, list[tuple[str, int, _Kernel]]]


class _Conv(nn.Module):
    """Convolution, batch norm, ReLU; "same" padding unless `valid`."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: _Kernel, *, stride: int = 1, valid: bool = False
    ) -> None:
        super().__init__()
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (0, 0) if valid else (sides[0] // 2, sides[1] // 2)
        self.conv = nn.Conv2d(channels_in, channels_out, sides, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(channels_out, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """Return [N, C', H', W']."""
        return functional.relu(self.bn(self.conv(x)))


class _Mixed(nn.Module):
    """Parallel branches, concatenated. A branch is a list of steps (name, channels, kernel): each applied to the last
    one's output, but names ending in a and b are applied to the same input, and concatenated.

    With `halve`, the last step of each branch has stride 2 and no padding, and the pool branch has no convolution.
    """

    def __init__(
        self,
        channels_in: int,
        branches: _Branches,
        *,
        pool: int = 0,
        pool_kind: str = "average",
        halve: bool = False,
    ) -> None:
        super().__init__()
        self.pool_kind, self.halve = pool_kind, halve
        self.paths: list[list[str]] = []
        self.channels_out = pool or channels_in
        for prefix, steps in branches.items():
            channels, path = channels_in, []
            for position, (suffix, channels_out, kernel) in enumerate(steps):
                last = halve and position == len(steps) - 1
                conv = _Conv(channels, channels_out, kernel, stride=2 if last else 1, valid=last)
                self.add_module(prefix + suffix, conv)
                path.append(prefix + suffix)
                if not suffix.endswith("a"):  # b has the same input as a
                    channels = channels_out
            self.paths.append(path)
            self.channels_out += channels * (2 if path[-1].endswith("b") else 1)
        if pool:
            self.branch_pool = _Conv(channels_in, pool, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches' outputs, the pool's last: [N, C', H', W']."""
        outputs = [self._follow(path, x) for path in self.paths]
        if self.halve:
            outputs.append(functional.max_pool2d(x, 3, 2))
        elif self.pool_kind == "maximum":
            outputs.append(self.branch_pool(functional.max_pool2d(x, 3, 1, 1)))
        else:
            outputs.append(self.branch_pool(functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)))
        return torch.cat(outputs, 1)

    def _follow(self, path: list[str], x: Tensor) -> Tensor:
        split = [name for name in path if name[-1] in "ab"]
        for name in path[: len(path) - len(split)]:
            x = self.get_submodule(name)(x)
        return torch.cat([self.get_submodule(name)(x) for name in split], 1) if split else x


def _mixed_5(channels_in: int, pool: int) -> _Mixed:
    return _Mixed(
        channels_in,
        {
            "branch1x1": [("", 64, 1)],
            "branch5x5": [("_1", 48, 1), ("_2", 64, 5)],
            "branch3x3dbl": [("_1", 64, 1), ("_2", 96, 3), ("_3", 96, 3)],
        },
        pool=pool,
    )


def _mixed_6(width: int) -> _Mixed:
    across, along = (1, 7), (7, 1)
    return _Mixed(
        768,
        {
            "branch1x1": [("", 192, 1)],
            "branch7x7": [("_1", width, 1), ("_2", width, across), ("_3", 192, along)],
            "branch7x7dbl": [
                ("_1", width, 1), ("_2", width, along), ("_3", width, across), ("_4", width, along), ("_5", 192, across)
            ],
        },
        pool=192,
    )  # fmt: skip


def _mixed_7(channels_in: int, pool_kind: str) -> _Mixed:
    across, along = (1, 3), (3, 1)
    return _Mixed(
        channels_in,
        {
            "branch1x1": [("", 320, 1)],
            "branch3x3": [("_1", 384, 1), ("_2a", 384, across), ("_2b", 384, along)],
            "branch3x3dbl": [("_1", 448, 1), ("_2", 384, 3), ("_3a", 384, across), ("_3b", 384, along)],
        },
        pool=192,
        pool_kind=pool_kind,
    )


class InceptionV3(nn.Module):
    """The network, up to the 2048 pooled features; `fc` is there so that the file's every entry has its place."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Conv(3, 32, 3, stride=2, valid=True)
        self.Conv2d_2a_3x3 = _Conv(32, 32, 3, valid=True)
        self.Conv2d_2b_3x3 = _Conv(32, 64, 3)
        self.Conv2d_3b_1x1 = _Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = _Conv(80, 192, 3, valid=True)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _mixed_5(192, 32), _mixed_5(256, 64), _mixed_5(288, 64)
        narrowing: _Branches = {
            "branch3x3": [("", 384, 3)],
            "branch3x3dbl": [("_1", 64, 1), ("_2", 96, 3), ("_3", 96, 3)],
        }
        self.Mixed_6a = _Mixed(288, narrowing, halve=True)
        self.Mixed_6b, self.Mixed_6c = _mixed_6(128), _mixed_6(160)
        self.Mixed_6d, self.Mixed_6e = _mixed_6(160), _mixed_6(192)
        narrowing = {
            "branch3x3": [("_1", 192, 1), ("_2", 320, 3)],
            "branch7x7x3": [("_1", 192, 1), ("_2", 192, (1, 7)), ("_3", 192, (7, 1)), ("_4", 192, 3)],
        }
        self.Mixed_7a = _Mixed(768, narrowing, halve=True)
        # The maximum is TensorFlow's departure from the paper, and part of what FID means.
        self.Mixed_7b, self.Mixed_7c = _mixed_7(1280, "average"), _mixed_7(2048, "maximum")
        self.fc = nn.Linear(2048, 1008)
        self.requires_grad_(False).eval()

    def forward(self, x: Tensor) -> Tensor:
        """Return the pooled features [N, 2048] of images [N, 3, 299, 299] in [-1, 1]."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(functional.max_pool2d(x, 3, 2)))
        x = functional.max_pool2d(x, 3, 2)
        for letter in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"):
            x = self.get_submodule(f"Mixed_{letter}")(x)
        return x.mean((2, 3))


class InceptionExtractor:
    """The extractor `inception-v3`."""

    name = "inception-v3"
    version = "2015-12-05"
    modalities = ("image",)
    sha256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
    input_size = 299
    dimension = 2048
    resize = "bilinear, not antialiased, to 299 x 299"

    def __init__(self, path: Path | None = None) -> None:
        """Load the weights from `path`, by default from $FAUSSAIRE_INCEPTION or the cache folder.

        Raises:
            ExtractorError: the weights are absent, or not the pinned ones.
        """
        path = path or _weights_path()
        if not path.exists():
            raise ExtractorError(
                f"FID needs the Inception weights, and {path} is not there: put {WEIGHTS_FILE}, from the release"
                " fid_weights of github.com/mseitzer/pytorch-fid, into that place, or its path into"
                " FAUSSAIRE_INCEPTION; or use a protocol with efficientnet-lite0"
            )
        self._net = InceptionV3()
        try:
            self._net.load_state_dict(load_pinned(path, self.sha256, what="Inception-v3"))
        except RuntimeError as error:
            raise ExtractorError(f"{path} does not hold the FID variant of Inception-v3") from error

    def __call__(self, images: Tensor) -> Tensor:
        """Return features [N, 2048] of images [N, C, H, W] in [-1, 1]."""
        return embed_in_batches(images, self._embed, batch_size=32)

    def _embed(self, images: Tensor) -> Tensor:
        features: Tensor = self._net(resized(images, self.input_size, mode="bilinear", antialias=False))
        return features


def _weights_path() -> Path:
    """Return where the weights are looked for."""
    named = os.environ.get("FAUSSAIRE_INCEPTION")
    return Path(named) if named else next(cache_homes(), Path()) / WEIGHTS_FILE
