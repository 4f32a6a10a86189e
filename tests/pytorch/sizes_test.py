"""Networks whose sizes vary over the samples."""

from pathlib import Path

import acuate
import numpy as np
import pytest
import torch
from acuate.pytorch.signature import Port
from acuate.pytorch.sizes import of_one_size, shape_ranges
from acuate.pytorch.structure import flatten
from pytorch.networks import detr
from torch import nn


def test_the_largest_group_is_taken_and_told() -> None:
    def sample(height: int, value: float) -> dict[str, np.ndarray]:
        return {"x": np.full((1, height), value), "y": np.zeros(2)}

    told: list[str] = []
    samples = [sample(3, 0), sample(4, 1), sample(3, 2)]
    assert [s["x"][0, 0] for s in of_one_size(samples, told.append)] == [0, 2]
    assert told == [
        "8 bits are calibrated on 2 of 3 samples, those of one size: x [1, 3], y [2]; give "
        "`calibration` more of one size, or `pad`"
    ]
    assert len(of_one_size(samples[::2], told.append)) == 2
    assert len(told) == 1


def test_engines_work_between_the_samples_sizes() -> None:
    ports = [Port("x", "x", "float32", (1, "h", "w")), Port("y", "y", "float32", (2,))]
    shapes = ((1, 4, 9), (1, 8, 6), (1, 8, 6))
    samples = [{"x": np.zeros(shape), "y": np.zeros(2)} for shape in shapes]
    assert shape_ranges(ports, samples) == {"x": ([1, 4, 6], [1, 8, 6], [1, 8, 9])}


@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_detr_in_8_bits_at_every_size(target: str, tmp_path: Path) -> None:
    model: nn.Module = detr.small()

    def image(height: int, width: int, seed: int) -> detr.NestedTensor:
        return detr.nested([detr.photograph(height, width, seed)])

    samples = [image(96, 128, 1), *(image(128, 96, seed) for seed in range(2, 6))]
    output = tmp_path / "out"
    result = acuate.convert(
        model, samples, output=output, target=target, precision="int8", recover=["none"], runs=0
    )
    assert result.report["quantization"]["tensors"]
    assert result.report["coverage"]["modules_converted"] == 119
    converted = acuate.load(output, model=model)
    for sample in (image(96, 128, 7), image(160, 96, 8)):
        with torch.no_grad():
            expected, found = flatten(model(sample))[1], flatten(converted(sample))[1]
        for a, b in zip(expected, found, strict=True):
            noise = (a.tensor - b.tensor).square().mean()
            assert 0 < noise < a.tensor.square().mean() / 30  # 15 dB
