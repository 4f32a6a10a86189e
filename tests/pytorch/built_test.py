"""Unmodified networks are built by NVIDIA's own builder on the CPU."""

import json
from pathlib import Path

import acuate
import pytest
from pytorch.networks import detr
from pytorch.networks.small import Detector, detector_samples, settled


@pytest.mark.parametrize(
    ("size", "precision"),
    [
        *(("small", precision) for precision in ("fp32", "fp16", "bf16", "int8")),
        ("real", "fp16"),
    ],
)
def test_detr_builds(size: str, precision: str, tmp_path: Path) -> None:
    model = detr.small() if size == "small" else detr.real()
    height, width = (96, 128) if size == "small" else (320, 448)
    count = 4 if precision == "int8" else 1
    samples = [detr.nested([detr.photograph(height, width, seed)]) for seed in range(count)]
    output = tmp_path / "out"
    result = acuate.convert(
        model, samples, output=output, target="tensorrt", precision=precision,
        recover=["none"], runs=0,
    )  # fmt: skip
    coverage = result.report["coverage"]
    expected = 119 if size == "small" else 447
    assert coverage["modules_converted"] == coverage["modules_total"] == expected
    assert coverage["nodes_on_target"] == coverage["nodes_total"]
    assert result.report["kernels"]["unproven"].startswith("accepted, kernels unproven")
    (module,) = json.loads((output / "manifest.json").read_text())["modules"]
    assert module["engine"]["made_by"].startswith("TensorRT-RTX ")
    assert (output / module["engine"]["file"]).stat().st_size > 100_000


def test_sizes_are_open_between_those_of_the_samples(tmp_path: Path) -> None:
    output = tmp_path / "out"
    acuate.convert(
        settled(Detector()), detector_samples(), output=output, target="tensorrt", runs=0
    )
    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["modules"][0]["engine"]
    (sizes,) = [each for each in manifest["shape_ranges"] if each["input"] == "tensors"]
    shapes = [sample.tensors.shape for (sample,) in detector_samples()]
    assert sizes["min"] == [min(axis) for axis in zip(*shapes, strict=True)]
    assert sizes["max"] == [max(axis) for axis in zip(*shapes, strict=True)]
    assert sizes["min"] != sizes["max"]
