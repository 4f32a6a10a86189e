"""Unmodified networks are built by NVIDIA's own builder on the CPU."""

import json
from pathlib import Path

import acuate
import pytest
from pytorch.networks import detr
from pytorch.networks.small import Detector, detector_samples, settled


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_detr_builds(precision: str, tmp_path: Path) -> None:
    model = detr.small()
    samples = [detr.nested([detr.photograph(96, 128, seed)]) for seed in range(4)]
    output = tmp_path / "out"
    result = acuate.convert(
        model, samples, output=output, target="tensorrt", precision=precision,
        recover=["none"], runs=0,
    )  # fmt: skip
    coverage = result.report["coverage"]
    assert coverage["modules_converted"] == coverage["modules_total"] == 119
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
