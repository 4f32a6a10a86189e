"""How far each module's result is from the float model's."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from acuate.pytorch import agreement
from acuate.pytorch.agreement import Agreement, measure_agreement, tell_agreement
from acuate.pytorch.export import export
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature, derive
from torch import nn


class Shared(nn.Module):
    """A layer that is called twice, one whose result comes from a list, one that gives a pair."""

    class Pair(nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return x.sin(), x.cos()

    def __init__(self) -> None:
        super().__init__()
        self.first, self.twice, self.last = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 2)
        self.pair, self.unused = self.Pair(), nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self.pair(self.twice(self.twice(self.first(x)).relu()))
        y: torch.Tensor = self.last(a * b)
        return y


CALLS = [
    Call((torch.randn(3, 4, generator=torch.Generator().manual_seed(seed)),)) for seed in (0, 1)
]


@pytest.fixture(scope="module")
def model() -> Shared:
    torch.manual_seed(0)
    return Shared().eval()


@pytest.fixture(scope="module")
def exported(model: Shared, tmp_path_factory: pytest.TempPathFactory) -> tuple[Signature, Path]:
    signature = derive(CALLS, [torch.zeros(3, 2)] * 2, ("x",))
    file = tmp_path_factory.mktemp("exported") / "model.onnx"
    return signature, export(model, CALLS[0], signature, file, "torchscript").path


def artifact(file: Path, folder: Path, spoil: Any = None, **module: Any) -> Path:
    """As much of one as is read, with a network that `spoil` has changed."""
    network = onnx.load(file)
    if spoil is not None:
        spoil(network)
    onnx.save(network, folder / "model.onnx")
    entry = {"kind": "onnx", "file": "model.onnx", "target": "onnxruntime", **module}
    (folder / "manifest.json").write_text(json.dumps({"modules": [entry]}))
    return folder


def noisy(network: onnx.ModelProto) -> None:
    """The weight of `twice` is off by one percent."""
    weight = next(w for w in network.graph.initializer if tuple(w.dims) == (6, 6))
    values = onnx.numpy_helper.to_array(weight)
    noise = np.random.default_rng(0).normal(size=values.shape)
    noise *= 0.01 * np.linalg.norm(values) / np.linalg.norm(noise)
    weight.CopyFrom(onnx.numpy_helper.from_array((values + noise).astype(np.float32), weight.name))


def test_the_numbers_are_those_of_numpy() -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(2, 50)), draw.normal(size=(2, 50))
    y = x + 0.1 * y
    sums = Agreement()
    for a, b in zip(x, y, strict=True):
        sums.add(torch.from_numpy(a), torch.from_numpy(b))
    members = sums.members()
    assert members["sqnr_db"] == pytest.approx(10 * np.log10((x**2).sum() / ((x - y) ** 2).sum()))
    assert members["cosine"] == pytest.approx((x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum()))
    assert members["reason"] == {}
    equal = Agreement()
    equal.add(torch.ones(3), torch.ones(3))
    assert equal.members() == {
        "sqnr_db": None,
        "cosine": 1.0,
        "reason": {"sqnr_db": "infinite: no error"},
    }
    assert Agreement().members()["reason"]["cosine"].startswith("undefined")


def test_a_difference_is_seen_where_it_begins(
    model: Shared, exported: tuple[Signature, Path], tmp_path: Path
) -> None:
    signature, file = exported
    same = measure_agreement(model, CALLS, signature, file, artifact(file, tmp_path))
    spoiled = artifact(file, tmp_path, noisy)
    found = measure_agreement(model, CALLS, signature, file, spoiled)
    assert isinstance(same, dict)
    assert isinstance(found, dict)
    for path in ("", "first", "twice", "pair", "last"):
        assert same[path].signal > 0
        assert same[path].noise < 1e-9 * same[path].signal
    assert found["first"].noise < 1e-9 * found["first"].signal
    for path in ("", "twice", "pair", "last"):
        assert 20 < found[path].members()["sqnr_db"] < 60
        assert found[path].members()["cosine"] < 1 - 1e-6
    # Both calls, both results, both samples.
    with torch.no_grad():
        energy = 0.0
        for call in CALLS:
            a = model.twice(model.first(call.args[0]))
            energy += float(a.square().sum() + model.twice(a.relu()).square().sum())
    assert found["twice"].signal == pytest.approx(energy, rel=1e-5)
    assert found["pair"].signal == pytest.approx(len(CALLS) * 18)  # sin² + cos² = 1
    assert found["unused"] == agreement.NEVER


def test_what_is_merged_or_too_large_is_said(
    model: Shared, exported: tuple[Signature, Path], tmp_path: Path, monkeypatch: Any
) -> None:
    signature, file = exported

    def rename(network: onnx.ModelProto) -> None:
        produced = {name for node in network.graph.node for name in node.output}
        for node in network.graph.node:
            for names in (node.input, node.output):
                names[:] = [
                    f"{name}x" if name in produced and "/first" in name else name for name in names
                ]

    merged = measure_agreement(model, CALLS, signature, file, artifact(file, tmp_path, rename))
    assert isinstance(merged, dict)
    assert merged["first"] == agreement.MERGED
    assert isinstance(merged["last"], Agreement)
    monkeypatch.setattr(agreement, "MAX_RESULT_BYTES", 3 * 2 * 4)  # that of `last`
    small = measure_agreement(model, CALLS, signature, file, artifact(file, tmp_path))
    assert isinstance(small, dict)
    assert isinstance(small["last"], Agreement)
    assert small["first"] == small["twice"] == agreement.TOO_LARGE


def test_what_cannot_be_asked_is_a_reason(
    model: Shared, exported: tuple[Signature, Path], tmp_path: Path
) -> None:
    signature, file = exported
    lowered = artifact(file, tmp_path, arithmetic="bfloat16")
    reason = measure_agreement(model, CALLS, signature, file, lowered)
    assert "computes in bfloat16" in str(reason)
    rows: list[dict[str, Any]] = [
        {"path": "(model)", "sqnr_db": None, "cosine": None, "reason": {"sqnr_db": "x"}},
        {"path": "first", "sqnr_db": 30.0, "cosine": None},
    ]
    tell_agreement(rows, str(reason))
    assert rows[0]["reason"] == {"sqnr_db": reason, "cosine": reason}
    assert rows[1]["sqnr_db"] == 30.0  # what the core measured
    tell_agreement(rows, {"first": Agreement(1.0, 0.01, 1.0, 1.0)})
    assert rows[1] == {"path": "first", "sqnr_db": 20.0, "cosine": 1.0}
    assert rows[0]["reason"]["cosine"] == agreement.NO_TENSOR
