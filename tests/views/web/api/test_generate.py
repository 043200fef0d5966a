"""The API that makes samples: the same bytes for the same seed, alone or in company, and limits that hold."""

from __future__ import annotations

import asyncio
import base64
import io
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from starlette.testclient import TestClient

from faussaire import train
from faussaire.core.errors import RequestError
from faussaire.generation.generator import Generator
from faussaire.views.web.api import batching
from faussaire.views.web.api.batching import Batcher
from faussaire.views.web.api.generate import drawn
from faussaire.views.web.api.latents import latent_at, walk
from web_client import client_of, copy_of


@pytest.fixture(scope="module")
def client(squares_run: Path) -> TestClient:
    return client_of(squares_run)


@pytest.fixture(scope="module")
def generator(squares_run: Path) -> Generator:
    return Generator.load(squares_run)


@pytest.mark.parametrize("format", ["png", "npz", "json"])
def test_the_same_seed_gives_the_same_bytes(client: TestClient, format: str) -> None:
    first, again, other = (client.get(f"/api/generate?n=5&seed={seed}&format={format}") for seed in (7, 7, 8))
    assert first.status_code == 200
    assert first.content == again.content != other.content


def test_samples_are_those_of_the_package(client: TestClient, generator: Generator) -> None:
    sent = np.load(io.BytesIO(client.get("/api/generate?n=8&seed=3&truncation=0.7&format=npz").content))["samples"]
    assert np.abs(sent.astype(int) - generator.sample(8, seed=3, truncation=0.7)).max() <= 1  # the last bit may differ
    as_json = client.get("/api/generate?n=8&seed=3&truncation=0.7&format=json").json()
    assert as_json["shape"] == [8, 12, 12, 1]
    assert np.array_equal(as_json["samples"], sent)
    with Image.open(io.BytesIO(client.get("/api/generate?seed=3&truncation=0.7").content)) as picture:
        assert np.array_equal(np.asarray(picture), sent[0, :, :, 0])


def test_company_changes_no_byte_and_batches_are_shared(generator: Generator) -> None:
    sizes: list[int] = []
    generator._truncated.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))

    async def together(seeds: list[int]) -> list[bytes]:
        batcher = Batcher(generator, ThreadPoolExecutor(1))
        asked = [batcher.ask(3, lambda s=seed: drawn(generator, s, 3), lambda x: x.tobytes()) for seed in seeds]
        return await asyncio.gather(*asked)

    seeds = list(range(40))
    alone = [asyncio.run(together([seed]))[0] for seed in seeds]
    assert sizes == [batching.BLOCK] * 40
    sizes.clear()
    assert asyncio.run(together(seeds)) == alone
    assert set(sizes) == {batching.BLOCK}  # one shape only, or bytes would depend on company
    assert len(sizes) <= 9


def test_one_bad_request_spoils_no_other_and_whoever_goes_is_forgotten(generator: Generator) -> None:
    async def scene() -> tuple[list[object], int]:
        batcher = Batcher(generator, ThreadPoolExecutor(1))
        good = [asyncio.create_task(batcher.ask(1, lambda: drawn(generator, 1, 1), len)) for _ in range(3)]
        bad = asyncio.create_task(batcher.ask(1, lambda: drawn(generator, 1, 1), lambda x: 1 / 0))
        gone = asyncio.create_task(batcher.ask(1, lambda: drawn(generator, 1, 1), len))
        await asyncio.sleep(0)
        gone.cancel()
        return await asyncio.gather(*good, bad, gone, return_exceptions=True), batcher.num_waiting

    answers, waiting = asyncio.run(scene())
    assert answers[:3] == [1, 1, 1]
    assert isinstance(answers[3], ZeroDivisionError)
    assert isinstance(answers[4], asyncio.CancelledError)
    assert waiting == 0


def test_too_many_waiting_are_refused(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MAX_WAITING", 10)

    async def scene() -> list[object]:
        batcher = Batcher(generator, ThreadPoolExecutor(1))
        asked = [batcher.ask(4, lambda: drawn(generator, 1, 4), len) for _ in range(5)]
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(scene())
    assert 4 in answers
    refused = [answer for answer in answers if isinstance(answer, RequestError)]
    assert refused
    assert all(answer.status == 503 for answer in refused)


@pytest.mark.parametrize(
    "query",
    [
        "n=0", "n=-1", "n=257", "n=1000000000000", "n=x", "n=1e3",
        "seed=-1", "seed=9223372036854775808", "seed=1.5",
        "truncation=-1", "truncation=2.1", "truncation=nan", "truncation=inf",
        "format=exe", "class=cat", "class=3", "run=nobody", "run=..", "run=%2e%2e%2f",
    ],
)  # fmt: skip
def test_what_is_impossible_is_refused_as_a_problem(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/generate?{query}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert query.split("=")[0] in problem["detail"]


def test_answers_have_a_bound(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faussaire.views.web.api.generate.MAX_NUMBERS", 12 * 12 * 10)
    assert client.get("/api/generate?n=10").status_code == 200
    assert "at most 1,440" in client.get("/api/generate?n=11").json()["detail"]


def test_a_run_without_a_generator_says_so(tmp_path: Path, squares_run: Path) -> None:
    run = copy_of(squares_run, tmp_path / "r")
    (run / "generator" / "generator.safetensors").unlink()
    answer = client_of(run).get("/api/generate")
    assert answer.status_code == 409
    assert "no generator yet" in answer.json()["detail"]


def test_a_newer_generator_is_taken(tmp_path: Path, squares_run: Path) -> None:
    run = copy_of(squares_run, tmp_path / "r")
    client = client_of(run)
    before = client.get("/api/generate?seed=1").content
    tensors = run / "generator" / "generator.safetensors"
    newer = bytearray(tensors.read_bytes())
    newer[-400:] = bytes(400)
    tensors.write_bytes(newer)
    assert client.get("/api/generate?seed=1").content != before


def test_the_api_describes_itself(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()
    assert {"/api/runs", "/api/runs/{run_id}/events", "/api/generate"} <= described["paths"].keys()
    names = {parameter["name"] for parameter in described["paths"]["/api/generate"]["get"]["parameters"]}
    assert names == {"run", "n", "seed", "class", "truncation", "format"}
    assert "256 samples" in described["info"]["description"]


def test_places_in_latent_space(generator: Generator) -> None:
    import torch

    assert torch.equal(latent_at(generator, "7.3")[0], drawn(generator, 7, 4)[0][3])
    summed, _ = latent_at(generator, "7.3-9.1+2.0")
    lengths = [float(latent_at(generator, z)[0].norm()) for z in ("7.3", "9.1", "2.0")]
    assert float(summed.norm()) == pytest.approx(sum(lengths) / 3, rel=1e-5)
    for nonsense in ("", "7", "7.", "7.3.1", "7.3 9.1", "7.3+", "9" * 20 + ".0", "7.256", "7.39.1", "1.1" + "+1.1" * 8):
        with pytest.raises(RequestError):
            latent_at(generator, nonsense)


def test_a_walk_passes_its_points_and_comes_back(generator: Generator) -> None:
    import torch

    points = torch.stack([latent_at(generator, z)[0] for z in ("1.0", "2.0", "3.0")])
    way = walk(points, 24)
    assert way.shape == (24, 16)
    assert torch.allclose(way[::8], points, atol=1e-4)
    gaps = (way.roll(-1, 0) - way).norm(dim=1)
    assert gaps.max() < 0.4 * points.norm(dim=1).max()


def test_directions_are_at_right_angles(generator: Generator) -> None:
    import torch

    from faussaire.generation.directions import directions

    ways = directions(generator)
    assert torch.allclose(ways @ ways.T, torch.eye(6), atol=1e-4)
    assert torch.equal(ways, directions(generator))


def test_the_explore_page_gets_what_it_asks_for(client: TestClient) -> None:
    one = client.get("/api/latent?z=7.3&moves=0,0,0,0,0,0").content
    assert one == client.get("/api/latent?z=7.3").content != client.get("/api/latent?z=7.3&moves=3,-8").content
    assert client.get("/api/latent?z=7.3~3,-8").content == client.get("/api/latent?z=7.3&moves=3,-8").content
    with Image.open(io.BytesIO(client.get("/api/walk?z=7.3~2,1&z=9.1&frames=12").content)) as film:
        assert film.format == "GIF"
        assert film.n_frames >= 2  # equal frames are one
    assert (
        np.load(io.BytesIO(client.get("/api/walk?z=7.3&z=9.1&frames=12&format=npz").content))["samples"].shape[0] == 12
    )
    found = client.get("/api/nearest?z=7.3").json()
    assert 0 <= found["index"] < found["of"] == 54  # of 60, 6 are held out
    assert found["picture"].startswith("data:image/png;base64,")
    sample = np.load(io.BytesIO(client.get("/api/latent?z=7.3&format=npz").content))["samples"][0].astype(float)
    with Image.open(io.BytesIO(base64.b64decode(found["picture"].partition(",")[2]))) as picture:
        nearest = np.asarray(picture.convert("L"), float).reshape(sample.shape)
    assert found["distance"] == round(float(np.sqrt(np.square(sample - nearest).mean())), 2)  # as the page calls it
    for bad in (
        "latent?z=x",
        "latent?z=7.3&moves=9",
        "latent?z=7.3&moves=a",
        "latent?z=7.3~a",
        "latent?z=7.3~1~2",
        "walk?z=7.3~9&z=9.1",
        "walk?z=1.0",
        "walk?z=1.0&z=2.0&frames=9999",
    ):
        assert client.get(f"/api/{bad}").status_code == 422, bad
    assert client.get("/api/walk?" + "&".join(["z=1.0"] * 7)).status_code == 422


@pytest.fixture(scope="module")
def by_class(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a conditional run of two classes."""
    folder = tmp_path_factory.mktemp("by-class")
    for name in ("dark", "bright"):
        (folder / "data" / name).mkdir(parents=True)
        for i in range(10):
            pixels = np.full((12, 12), (200 if name == "bright" else 20) + i, np.uint8)
            Image.fromarray(pixels).save(folder / "data" / name / f"{i}.png")
    console = Console(file=io.StringIO())
    return train(folder / "data", run=folder / "r", kimg=2, z_dim=16, threads=1, conditional=True, console=console).path


def test_classes_are_picked_by_name_or_number(by_class: Path) -> None:
    client = client_of(by_class)
    either, bright, second = (
        client.get(f"/api/generate?n=8&seed=1{query}").content for query in ("", "&class=bright", "&class=0")
    )
    assert bright == second != either
    samples = client.get("/api/generate?n=8&seed=1&class=dark&format=npz")
    assert np.array_equal(
        np.load(io.BytesIO(samples.content))["samples"], Generator.load(by_class).sample(8, seed=1, label="dark")
    )
    refused = client.get("/api/generate?class=grey")
    assert refused.status_code == 422
    assert "bright" in refused.json()["detail"]
    assert '<select id="class">' in client.get(f"/runs/{by_class.name}/explore").text
    for query in ("latent?z=1.1", "latent?z=1.1&moves=1&class=dark", "walk?z=1.1&z=2.2", "walk?z=1.1&z=2.2&class=0"):
        assert client.get(f"/api/{query}").status_code == 200, query
    assert client.get("/api/nearest?z=1.1").json()["of"] == 20
    quiz = client.post("/api/quiz").json()["id"]
    assert client.post(f"/api/quiz/{quiz}/answers", json={"said_real": [True] * 20}).json()["tally_of_D"]["of"] == 20


@pytest.mark.parametrize("value", [math.nan, 3e38])
def test_a_generator_that_is_not_finite_is_said_to_be_damaged(tmp_path: Path, squares_run: Path, value: float) -> None:
    run = copy_of(squares_run, tmp_path / "r")
    path = run / "generator" / "generator.safetensors"
    with safe_open(path, framework="np") as file:
        metadata = {"nimg": file.metadata()["nimg"]}
    save_file({name: np.full_like(tensor, value) for name, tensor in load_file(path).items()}, path, metadata=metadata)
    answer = client_of(run).get("/api/generate")
    assert answer.status_code == 409
    assert "damaged" in answer.json()["detail"]
