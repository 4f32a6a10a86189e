"""Padding to one size, with values that are searched."""

from pathlib import Path
from typing import Any

import acuate
import pytest
import torch
from acuate.pytorch.padding import Padding, search_padding
from acuate.pytorch.samples import calls
from acuate.pytorch.signature import derive
from pytorch.networks.small import Detector, Padded, detector_samples, settled
from torch import nn


class Masked(nn.Module):
    """The mean of what is not masked; a map at half the size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.pool = nn.MaxPool2d(2, ceil_mode=True)

    def forward(self, samples: Padded) -> dict[str, torch.Tensor]:
        free = (~samples.mask)[:, None].float()
        features = self.conv(samples.tensors) * free
        return {"mean": features.sum((2, 3)) / free.sum((2, 3)), "map": self.pool(features)}


def searched(model: nn.Module, told: list[str], **options: Any) -> Padding:
    taken = calls(detector_samples(((8, 12), (10, 16), (9, 20))))
    with torch.no_grad():
        signature = derive(taken, [model(*call.args) for call in taken], ("samples",))
    bounds = options.pop("bounds", True)
    return search_padding(model, taken, signature, bounds, note=told.append, **options)


def test_the_mask_that_disturbs_least_is_found() -> None:
    told: list[str] = []
    padding = searched(settled(Masked()), told)
    assert padding.bounds == {"tensors_2": 10, "tensors_3": 20}
    assert padding.fills["mask"] is True  # nothing there
    symbol, ratio = padding.crops["map"][2]
    assert symbol == "tensors_2"
    assert ratio == pytest.approx(0.5, abs=0.1)
    assert len(told) == 5  # every trial and what was chosen
    assert "Padded to tensors_2 = 10, tensors_3 = 20 with" in told[-1]


def test_values_may_be_given() -> None:
    told: list[str] = []
    padding = searched(settled(Masked()), told, fills={"mask": False, "tensors": 0.0}, bounds=32)
    assert padding.fills == {"mask": False, "tensors": 0.0}
    assert padding.bounds == {"tensors_2": 32, "tensors_3": 32}
    assert len(told) == 2


def test_mistakes() -> None:
    with pytest.raises(acuate.Error, match="no input that is padded"):
        searched(settled(Masked()), [], fills={"masc": True})
    with pytest.raises(acuate.Error, match="a sample has 20"):
        searched(settled(Masked()), [], bounds=16)
    with pytest.raises(acuate.Error, match="there is no axis 'height'"):
        searched(settled(Masked()), [], bounds={"height": 16})
    with pytest.raises(acuate.Error, match="cannot be read"):
        Padding.from_json({"bounds": 1, "fills": {}, "crops": {}})


def test_a_converted_model_pads_and_crops(tmp_path: Path) -> None:
    model = settled(Masked())
    samples = detector_samples(((8, 12), (10, 16), (9, 20)))
    result = acuate.convert(model, samples, output=tmp_path / "out", pad=24, runs=0)
    shape = result.report["model"]["inputs"][0]["shape_after"]
    assert shape == [1, 3, 24, 24]
    fast = acuate.load(result.output, model=model)
    for (sample,) in samples:
        expected, found = model(sample), fast(sample)
        assert found["map"].shape == expected["map"].shape
        torch.testing.assert_close(found["mean"], expected["mean"].detach(), rtol=1e-4, atol=1e-5)
    with pytest.raises(acuate.Error, match="24 at most"):
        fast(detector_samples(((8, 30),))[0][0])


def test_int8_of_sizes_that_vary(tmp_path: Path) -> None:
    model = settled(Detector())
    result = acuate.convert(
        model, detector_samples(), output=tmp_path / "q", pad=True, precision="int8", runs=0
    )
    assert result.report["target"]["precision"] == "int8"
    assert acuate.load(result.output)(detector_samples()[0][0])["aux"][0]["features"].shape == (
        1,
        8,
        16,
        24,
    )
