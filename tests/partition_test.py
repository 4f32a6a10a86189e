"""Real models divided between a made-up target and the host answer as they do whole."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from support import FIXTURES, acuate

# Both sides run on ONNX Runtime, which fuses less across pieces: relative to the largest value.
TOLERANCE = 1e-4

# fixture, shape, operators that the target refuses
CASES = {
    "ppocr_det": ("ppocr_v4_det.onnx", "x=1x3x96x160", {"HardSigmoid", "ConvTranspose"}),
    "ppocr_rec": ("ppocr_v4_rec.onnx", "x=1x3x48x96", {"Softmax", "HardSigmoid"}),
    "ddddocr": ("ddddocr_det.onnx", None, {"MaxPool"}),
    "nudenet": ("nudenet_320n.onnx", "images=1x3x160x160", {"Softmax", "Resize", "Concat"}),
    "magika": ("magika.onnx", "bytes=1x2048", {"ReduceMean", "Tanh"}),
    "blazeface": ("blazeface_128.onnx", None, {"Add", "MaxPool"}),
}


def write_table(model: Path, refused: set[str], path: Path) -> None:
    """A target that takes every operator of the model but these."""
    operators = {node.op_type for node in onnx.load(model).graph.node} - refused
    rows = "\n".join(f"  {op}: {{source: made}}" for op in sorted(operators))
    path.write_text(
        f'id: toy\nname: Toy\nrevision: "1"\nrun_on: onnxruntime\n'
        f"sources: {{made: made up for this test}}\noperators:\n{rows}\n"
    )


def outputs(artifact: Path, inputs: list[str], folder: Path) -> dict[str, np.ndarray]:
    acuate("run", artifact, *inputs, "-o", folder)
    return {file.stem: np.load(file) for file in sorted(folder.glob("*.npy"))}


@pytest.mark.parametrize("name", CASES)
def test_pieces_answer_like_the_whole(name: str, tmp_path: Path) -> None:
    file, shape, refused = CASES[name]
    simple = tmp_path / "simple.onnx"
    fixed = tmp_path / "fixed.onnx"
    acuate("fix", FIXTURES / file, "-o", fixed, *(["--shape", shape] if shape else []))
    acuate("simplify", fixed, "-o", simple)
    table = tmp_path / "toy.yaml"
    write_table(simple, refused, table)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    acuate("convert", simple, "-o", whole, "--target", "onnxruntime", "--runs", "0")
    acuate("convert", simple, "-o", parts, "--target", table, "--runs", "0")
    report = json.loads((parts / "report.json").read_text())
    manifest = json.loads((parts / "manifest.json").read_text())
    assert len(manifest["modules"]) > 1
    assert 0 < report["coverage"]["nodes_on_target"] < report["coverage"]["nodes_total"]
    # No piece of the target has what the target refuses.
    for module in manifest["modules"]:
        if "toy" in module["file"]:
            piece = onnx.load(parts / module["file"])
            assert not {node.op_type for node in piece.graph.node} & refused
            onnx.checker.check_model(piece)

    random = np.random.default_rng(7)
    inputs: list[str] = []
    for port in manifest["inputs"]:
        dims = [dim if isinstance(dim, int) else 1 for dim in port["shape"]]
        value = (
            random.standard_normal(dims).astype(np.float32)
            if port["type"] == "float32"
            else random.integers(0, 256, dims).astype(port["type"])
        )
        np.save(tmp_path / f"in{len(inputs)}.npy", value)
        inputs += ["--input", f"{port['name']}={tmp_path / f'in{len(inputs)}.npy'}"]
    expected = outputs(whole, inputs, tmp_path / "expected")
    found = outputs(parts, inputs, tmp_path / "found")
    assert expected.keys() == found.keys() != set()
    for key, value in expected.items():
        assert found[key].shape == value.shape
        scale = max(1.0, float(np.abs(value).max()))
        np.testing.assert_allclose(found[key], value, rtol=0, atol=TOLERANCE * scale)
