"""Habits of models that an export must live with: hooks, caches, state, ways to call."""

import json
from pathlib import Path
from typing import Any

import acuate
import pytest
import torch
from acuate.pytorch.converted import ConvertedModel
from acuate.pytorch.divided import DividedModel
from torch import nn


class Scale(nn.Module):
    """Takes a dict; `cache` is made in the first forward, like positions and anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.cache: torch.Tensor | None = None
        self.seen: list[int] = []

    def forward(self, batch: dict[str, torch.Tensor], power: float = 1.0) -> torch.Tensor:
        if self.cache is None:
            self.cache = torch.linspace(0.5, 1.5, 4)
        self.seen.append(len(self.seen))
        result: torch.Tensor = self.linear(batch["x"]) * self.cache**power
        return result


class Counter(nn.Module):
    count: torch.Tensor

    def __init__(self, counts: bool) -> None:
        super().__init__()
        self.linear, self.counts = nn.Linear(4, 4), counts
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count += 1
        result: torch.Tensor = self.linear(x)
        return result * self.count if self.counts else result


def rows(*sizes: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(size, 4, generator=generator) for size in sizes]


def quickly(model: nn.Module, samples: Any, output: Path) -> Any:
    result = acuate.convert(model, samples, output=output, runs=0)
    return acuate.load(result.output, model=model)


def test_hooks_of_the_whole_model_see_its_own_arguments(tmp_path: Path) -> None:
    model = Scale().eval()
    model.register_forward_pre_hook(lambda module, args: ({"x": args[0]["x"] + 1},))
    model.register_forward_hook(lambda module, args, result: {"y": result * 2})
    samples = [({"x": x},) for x in rows(2, 3)]
    fast = quickly(model, samples, tmp_path / "out")
    assert isinstance(fast, ConvertedModel)
    for (batch,) in samples:
        torch.testing.assert_close(fast(batch)["y"], model(batch)["y"].detach())


@pytest.mark.parametrize("exporter", ["torchscript", "dynamo"])
def test_a_conversion_leaves_no_trace_in_the_model(
    exporter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acuate.pytorch.convert.EXPORTERS", (exporter,))
    model = Scale().eval()
    sample = ({"x": rows(2)[0]},)
    fast = quickly(model, [sample], tmp_path / "out")
    assert fast._details["exporter"] == exporter
    assert model.cache is None
    assert model.seen == []
    torch.testing.assert_close(fast(*sample), model(*sample).detach())


def test_a_buffer_that_nothing_reads_may_change(tmp_path: Path) -> None:
    model = Counter(counts=False).eval()
    samples = rows(2, 3)
    fast = quickly(model, samples, tmp_path / "out")
    assert isinstance(fast, ConvertedModel)
    assert model.count == 0
    torch.testing.assert_close(fast(samples[0]), model(samples[0]).detach())
    # What the original counts afterwards is no change of its weights.
    acuate.load(tmp_path / "out", model=model)
    with torch.no_grad():
        model.linear.weight[0, 0] += 1
    with pytest.raises(acuate.Error, match="weights of the given model"):
        acuate.load(tmp_path / "out", model=model)


def test_results_that_depend_on_earlier_calls_stay_in_pytorch(tmp_path: Path) -> None:
    model = Counter(counts=True).eval()
    told: list[str] = []
    x = rows(2)[0]
    acuate.convert(model, [x], output=tmp_path / "out", runs=0, note=told.append)
    assert any("the result of a sample differs once others have run" in text for text in told)
    assert model.count == 0
    fast = acuate.load(tmp_path / "out", model=model)
    assert isinstance(fast, DividedModel)
    once = fast(x)
    torch.testing.assert_close(fast(x), once * 2)


def test_arguments_by_position_and_by_name(tmp_path: Path) -> None:
    model = Scale().eval()
    batch = {"x": rows(3)[0]}
    fast = quickly(model, [(batch, 2.0)], tmp_path / "out")
    expected = fast(batch, 2.0)
    for found in (fast(batch, power=2.0), fast(power=2.0, batch=batch)):
        assert torch.equal(found, expected)
    with pytest.raises(acuate.Error, match=r"power is 2\.0 and 3\.0"):
        fast(batch, 3.0)
    with pytest.raises(acuate.Error, match="2 and 1 positional arguments"):
        fast(batch)


def test_sizes_that_no_sample_had(tmp_path: Path) -> None:
    model = nn.Bilinear(4, 4, 2).eval()
    fast = quickly(model, list(zip(rows(2, 5), rows(2, 5), strict=True)), tmp_path / "out")
    a, b, short = rows(7, 7, 6)
    torch.testing.assert_close(fast(a, b), model(a, b).detach())
    with pytest.raises(acuate.Error, match="axis 0 of input2 is 6 and axis 0 of input1 is 7"):
        fast(a, short)
    with pytest.raises(acuate.Error, match=r"found float32\[7, 3\], expected float32\[input1_0, 4"):
        fast(a[:, :3], b)


def test_moves_to_where_it_is_are_no_moves(tmp_path: Path) -> None:
    model = nn.Linear(4, 4).eval()
    x = rows(2)[0]
    fast = quickly(model, [x], tmp_path / "out")
    for moved in (fast.cpu(), fast.to("cpu"), fast.to(torch.float32), fast.eval()):
        assert moved is fast
    for move in (fast.half, lambda: fast.to("meta"), fast.double):
        with pytest.raises(acuate.Error, match="cannot be moved or cast"):
            move()


class Sized(nn.Module):
    """Says how large what it was given was."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> dict[str, Any]:
        return {"y": self.linear(x), "features": x.shape[-1], "shape": x.shape}


def test_sizes_among_the_results_are_numbers(tmp_path: Path) -> None:
    # TorchScript makes tensors of them, so that the other exporter is asked.
    model = Sized().eval()
    samples = rows(3, 3)
    fast = acuate.convert(model, samples, output=tmp_path / "out", runs=0).load()
    found, expected = fast(samples[1]), model(samples[1])
    assert found["features"] == 4
    assert type(found["features"]) is int
    assert found["shape"] == torch.Size([3, 4])
    assert type(found["shape"]) is torch.Size
    torch.testing.assert_close(found["y"], expected["y"].detach())
    assert json.loads((tmp_path / "out" / "signature.json").read_text())["exporter"] == "dynamo"
    whole = {"rt_mode": "onnx", "auto": False}
    with pytest.raises(acuate.Error, match=r"samples 0 and 1 differ: .*shape.* is 3 and 5"):
        acuate.convert(model, rows(3, 5), output=tmp_path / "no", runs=0, config=whole)
