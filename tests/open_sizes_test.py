"""8 bits for a network whose sizes stay open: the grids of one size, at all sizes."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from support import DETECTOR, acuate, pages

RANGE = "x=1x3x96x128:1x3x320x320:1x3x640x640"
SIZE = "x=1x3x320x320"


def run(model: Path, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": x})
    return np.asarray(result)


def test_grids_are_those_of_one_size_and_hold_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    for page in pages("calibration", 4):
        (folder / page.name).symlink_to(page)
    for name, sizes in (("open", ["--shape-range", RANGE]), ("fixed", ["--shape", SIZE])):
        acuate(
            "quantize", DETECTOR, "-o", tmp_path / f"{name}.onnx", "--data", folder, *sizes,
            "--range", "minmax", "--scheme", "u8", "--recover", "none",
        )  # fmt: skip
    both = [
        json.loads((tmp_path / f"{name}.encodings.json").read_text()) for name in ("open", "fixed")
    ]
    assert both[0] == both[1]
    shape = onnx.load(tmp_path / "open.onnx").graph.input[0].type.tensor_type.shape
    assert [dim.dim_param != "" for dim in shape.dim] == [True, False, True, True]
    draw = np.random.default_rng(0)
    x = draw.standard_normal((1, 3, 320, 320)).astype(np.float32)
    np.testing.assert_array_equal(run(tmp_path / "open.onnx", x), run(tmp_path / "fixed.onnx", x))
    other = draw.standard_normal((1, 3, 96, 160)).astype(np.float32)
    assert run(tmp_path / "open.onnx", other).shape == run(DETECTOR, other).shape


def test_the_artifact_takes_all_sizes_and_its_report_goes_through_the_depth(tmp_path: Path) -> None:
    data = np.random.default_rng(0).standard_normal((4, 3, 96, 128)).astype(np.float32)
    np.savez(tmp_path / "noise.npz", x=data)
    acuate(
        "convert", DETECTOR, "-o", tmp_path / "out", "--data", tmp_path / "noise.npz",
        "--shape-range", RANGE, "--precision", "int8", "--range", "minmax", "--scheme", "u8",
        "--recover", "none", "--runs", "0",
    )  # fmt: skip
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    activations = [t for t in report["quantization"]["tensors"] if t["kind"] == "activation"]
    told = [t for t in activations if t.get("network_sqnr_db") is not None]
    assert len(told) > 0.9 * len(activations)
    x = np.zeros((1, 3, 160, 96), np.float32)
    assert run(tmp_path / "out" / "modules" / "model.onnx", x).shape == (1, 1, 160, 96)
