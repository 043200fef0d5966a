"""The page that `faussaire export --to page` writes, in Chromium, from the disk, with the network off."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from faussaire.core.marks import mark_in
from faussaire.generation.export import export
from faussaire.generation.export.page.document import ENGINE, _joined
from faussaire.generation.export.page.kernel import multiply_module
from faussaire.generation.export.page.packing import pack
from faussaire.generation.export.page.trace import program_of
from faussaire.generation.generator import Generator
from faussaire.models.architectures import architectures
from generators import generator_of, saved_in, shaken
from toy import image_spec

SEEDS = 64
MAKERS = {
    f"{name}-{'x'.join(map(str, spec.shape))}": (name, spec)
    for name, architecture in architectures().items()
    if not architecture.modalities or "image" in architecture.modalities
    for spec in (image_spec(12, 1), image_spec(36, 3, ("a", "b", "c")))
}


@pytest.fixture
def open_file(open_page: Callable[..., Any]) -> Callable[..., Any]:
    """Open a file with the network off, and wait for its first picture."""

    def open_one(path: Path, fragment: str = "", *, ready: bool = True, **options: Any) -> Any:
        page = open_page(f"file://{path}{fragment}", offline=True, **options)
        if ready:
            page.wait_for_selector("body.ready")
        return page

    return open_one


@pytest.fixture(scope="module")
def squares_page(squares_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, _ = export(squares_run, "page", tmp_path_factory.mktemp("page") / "squares.html", with_reals=True)
    return path


ALL_SEEDS = """async (count) => {
  const size = faussaire.facts.shape.reduce((a, b) => a * b), bytes = new Uint8Array(count * size);
  for (let seed = 0; seed < count; seed++) {
    const sample = await faussaire.sample(seed, { truncation: [1, 0.5, 0][seed % 3] });
    const levels = sample.map((value) => 127.5 * Math.max(-1, Math.min(1, value)) + 127.5);
    levels.forEach((level, i) => (bytes[seed * size + i] = Math.round(level)));
  }
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


@pytest.mark.parametrize("case", MAKERS)
def test_the_same_seed_is_the_same_picture_in_the_page_and_in_torch(case: str, tmp_path: Path, open_file: Any) -> None:
    name, spec = MAKERS[case]
    folder = saved_in(tmp_path / "g", generator_of(name, spec, conditional=bool(spec.classes)))
    path, _ = export(folder, "page", tmp_path / "page.html")
    page = open_file(path)
    made = np.frombuffer(base64.b64decode(page.evaluate(ALL_SEEDS, SEEDS)), np.uint8).reshape(SEEDS, *spec.shape)
    generator = Generator.load(folder)
    ours = np.concatenate(
        [generator.sample(1, seed=seed, truncation=(1, 0.5, 0)[seed % 3]) for seed in range(SEEDS)]
    ).transpose(0, 3, 1, 2)
    assert ours.std() > 20
    assert np.abs(made.astype(int) - ours).max() <= 2


class Many(nn.Module):
    """Several functions of 48 numbers, with layers of their own, and all that they give in one row."""

    def __init__(self, functions: dict[str, Callable[..., torch.Tensor]], layers: dict[str, nn.Module]) -> None:
        super().__init__()
        self.functions, self.layers = functions, nn.ModuleDict(layers)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Do one after the other."""
        image, row = z.reshape(len(z), 4, 4, 3), z.reshape(len(z), 6, 8)
        given = {"z": z, "image": image, "row": row, "both": z}
        made = [f(given[name.split()[0]], *([self.layers[name]] if name in self.layers else []))
                for name, f in self.functions.items()]  # fmt: skip
        return torch.cat([one.flatten(1) for one in made], 1)


def through(x: torch.Tensor, module: nn.Module) -> torch.Tensor:
    return module(x)


WITH_LAYERS = {
    "image conv": nn.Conv2d(4, 6, (3, 2), stride=2, padding=1),
    "image dilated": nn.Conv2d(4, 6, 3, padding=2, dilation=2, bias=False),
    "image grouped": nn.Conv2d(4, 6, 3, padding=1, groups=2),
    "image mirrored": nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"),
    "image transposed": nn.ConvTranspose2d(4, 5, (3, 5), stride=(2, 3), padding=(1, 2), output_padding=(1, 0)),
    "image norm": nn.BatchNorm2d(4),
    "image groups": nn.GroupNorm(2, 4),
    "image instance": nn.InstanceNorm2d(4, affine=True),
    "row conv": nn.Conv1d(6, 7, 4, stride=2, padding=1),
    "row transposed": nn.ConvTranspose1d(6, 5, 4, stride=2, padding=1, bias=False),
    "row dense": nn.Linear(8, 5),
    "row layer": nn.LayerNorm(8),
    "row attention": nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0),
    "row recurrent": nn.GRU(8, 5, batch_first=True),
}
OF_NUMBERS = {
    "z": lambda z: torch.cat([f(z) for f in (
        F.gelu, F.silu, F.elu, F.selu, F.softplus, F.relu6, torch.tanh, torch.sigmoid, torch.exp, torch.sin, torch.cos,
        torch.erf, torch.relu, torch.round, torch.floor, torch.sign, torch.square)], 1),
    "z rest": lambda z: torch.cat([F.gelu(z, approximate="tanh"), F.leaky_relu(z, 0.1), z.abs() ** 1.5,
        (z * z + 1).rsqrt(), (z.abs() + 1).log(), 1 / (2 + z.abs()), 3 - z, torch.maximum(z, -z / 2), F.glu(z, 1)], 1),
    "row axes": lambda x: torch.cat([x.mean(1), x.sum(2), x.amax(1), x.amin(2), x.var(1), x.norm(dim=1)], 1),
    "row choices": lambda x: torch.cat([
        torch.where(x > 0.5, x, -x), torch.zeros_like(x).scatter(1, x.argmax(1, keepdim=True), 2.0),
        ((x > 0) & (x <= 1)).float()], 1),
    "row shares": lambda x: torch.cat([x.softmax(1), x.log_softmax(-1), x @ x.transpose(1, 2)], 2),
}  # fmt: skip
OF_PLACES = {
    "row": lambda x: torch.cat([y.flatten(1) for y in (
        x.transpose(1, 2), x.flip(1), x.roll(2, 1), x[:, 1:5:2], x[:, 2], x[:, :, -1], torch.stack(x.unbind(1), 2),
        torch.cat(x.chunk(3, 1), 2), x.repeat(1, 2, 1), x.repeat_interleave(2, 1), x[:, :, None].expand(-1, -1, 3, -1),
        F.interpolate(x, scale_factor=2, mode="linear"), F.pad(x, (2, 1), value=3.0),
        x + torch.linspace(0, 1, 6)[None, :, None])], 1),
    "image": lambda x: torch.cat([y.flatten(1) for y in (
        F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
        F.interpolate(x, size=(9, 7), mode="bilinear", align_corners=True), F.interpolate(x, scale_factor=2),
        F.pixel_shuffle(x, 2), F.pad(x, (1, 2, 1, 1), "reflect"), F.pad(x, (1, 1, 1, 1), "circular"),
        F.pad(x, (1, 0, 0, 2), "replicate"))], 1),
}  # fmt: skip
FIRST_OF_TWO = {"row recurrent": lambda x, module: module(x)[0]}
GROUPS = {
    "layers": Many({name: FIRST_OF_TWO.get(name, through) for name in WITH_LAYERS}, WITH_LAYERS),
    "numbers": Many(OF_NUMBERS, {}),
    "places": Many(OF_PLACES, {}),
}

RUN = """([engine, data, packed, kernel, latents]) => {
  const evaluator = (0, eval)(`(() => { ${engine}; return unpacked; })()`)(data, packed, kernel);
  return latents.map((z) => [...evaluator.evaluate(Float32Array.from(z), 1)]);
}"""


@pytest.mark.parametrize("fast", [True, False], ids=["wasm", "javascript"])
@pytest.mark.parametrize("group", GROUPS)
def test_every_layer_computes_what_torch_computes(group: str, fast: bool, open_page: Any) -> None:
    module = shaken(GROUPS[group]).eval()
    z = torch.randn(3, 48, generator=torch.Generator().manual_seed(0))
    program = program_of(module, 48, 0)
    places, packed = pack(program, 32)
    data = {"program": vars(program) | {"constants": None}, "constants": places}
    kernel = base64.b64encode(multiply_module()).decode() if fast else None
    made = open_page("data:text/html,").evaluate(RUN, [_joined(*ENGINE), data, packed, kernel, z.tolist()])
    with torch.no_grad():
        assert np.abs(np.array(made) - module(z).numpy()).max() < 1e-5


def test_a_fresh_picture_at_each_visit_and_an_address_that_keeps_it(squares_page: Path, open_file: Any) -> None:
    page, other = open_file(squares_page), open_file(squares_page)
    assert page.url != other.url
    address = re.search(r"#\d+$", page.url)
    assert address is not None
    page.focus("#truncation")
    page.keyboard.press("End")
    page.locator("#moves input").first.focus()
    page.keyboard.press("Home")
    page.wait_for_selector(f'body[data-shown="{address.group()}&t=1.5&m=-8,0,0,0,0,0"]')
    again = open_file(squares_page, f"#{page.url.partition('#')[2]}")
    pixels = "document.getElementById('sample').toDataURL()"
    assert again.evaluate(pixels) == page.evaluate(pixels) != other.evaluate(pixels)
    page.click("#another")
    assert f"{address.group()}&" not in page.url


def test_the_page_in_french_on_a_phone_with_a_wall_and_a_walk(squares_page: Path, open_file: Any) -> None:
    phone = {
        "viewport": {"width": 360, "height": 740},
        "color_scheme": "dark",
        "locale": "fr",
        "reduced_motion": "reduce",
    }
    page = open_file(squares_page, **phone)
    assert "n’existe pas" in page.inner_text("h1")
    assert page.is_hidden("#play")
    page.focus("#way")
    page.keyboard.press("End")
    page.wait_for_selector("#between[aria-label*='100']")
    picture = "document.getElementById('{}').toDataURL()"
    assert page.evaluate(picture.format("between")) == page.evaluate(picture.format("end"))
    page.click("#fill")
    page.wait_for_selector("#wall[data-rate]")
    page.focus("#wall")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert re.search(r"#\d+\.1$", page.url)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.click("text=English")
    assert "does not exist" in page.inner_text("h1")
    assert page.evaluate("[...document.querySelectorAll('[data-t]')].filter(e => !e.textContent.trim()).length") == 0


def test_the_quiz_to_its_end_by_keyboard(squares_page: Path, open_file: Any) -> None:
    page = open_file(squares_page)
    page.click("#begin")
    for i in range(20):
        page.wait_for_selector(f"#question:has-text('Picture {i + 1} of 20')")
        page.keyboard.press("r" if i % 2 else "f")
    page.wait_for_selector("#score:has-text('times out of 20')")
    assert re.search(r"95% interval from \d+% to \d+%", page.inner_text("#chance"))
    assert page.locator("#truth li").count() == 20


def test_a_saved_picture_is_marked_as_made_by_faussaire(squares_page: Path, open_file: Any, tmp_path: Path) -> None:
    page = open_file(squares_page, "#7")
    with page.expect_download() as download:
        page.click("#save")
    content = Path(download.value.path()).read_bytes()
    assert download.value.suggested_filename == "squares-7.0.png"
    assert mark_in(content) == "sample"


NO_WORKER, NO_KERNEL, NOTHING = (
    "Worker = undefined",
    "WebAssembly.Module = class { constructor() { throw new Error('no SIMD') } }",
    "Worker = undefined; Float32Array = undefined",
)


@pytest.mark.parametrize("without", [NO_WORKER, f"{NO_WORKER}; {NO_KERNEL}"], ids=["worker", "worker and kernel"])
def test_the_page_does_without(without: str, squares_page: Path, browser: Any) -> None:
    context = browser.new_context(offline=True)
    context.add_init_script(without)
    page = context.new_page()
    page.goto(f"file://{squares_page}#7")
    page.wait_for_selector("body.ready")
    assert page.is_hidden("#trouble")
    context.close()


def test_where_nothing_runs_there_are_a_message_and_pictures_made_before(squares_page: Path, browser: Any) -> None:
    context = browser.new_context(offline=True)
    context.add_init_script(NOTHING)
    page = context.new_page()
    page.goto(f"file://{squares_page}#7")
    page.wait_for_selector("#trouble:not([hidden])")
    assert page.is_visible("#poster")
    assert page.evaluate("document.getElementById('poster').naturalWidth") > 0
    context.close()


def test_figures_come_with_their_intervals(squares_run: Path, tmp_path: Path, open_file: Any) -> None:
    import shutil

    run = tmp_path / "squares"
    shutil.copytree(squares_run, run)
    row = {
        "protocol": "fd1-x",
        "metric": "frechet",
        "value": 12.5,
        "low": 11.25,
        "high": 13.75,
        "n_real": 60,
        "n_fake": 60,
    }
    meanings = {"frechet": {"title": {"en": "Fréchet distance", "fr": "Distance de Fréchet"}}}
    scores = {
        "scores": [row | {"nimg": 2000}],
        "meanings": meanings,
        "verdicts": [{"name": "sound"}],
        "doubts": ["rare_copies"],
    }
    (run / "scores.json").write_text(json.dumps(scores))
    page = open_file(export(run, "page", tmp_path / "page.html")[0])
    assert (
        re.sub(r"\s+", " ", page.inner_text("#figures tbody")) == "Fréchet distance fd1-x 12.5 11.25 to 13.75 60 / 60"
    )
    assert "Sound" in page.inner_text("#verdicts")
    assert "copies can hardly be found" in page.inner_text("#verdicts")
    page.click("text=Français")
    assert "11,25 à 13,75" in page.inner_text("#figures tbody")
