"""Networks composed for the purpose (tests/composed) after `fix` and `convert` for the VIP NPU's
table: the part for the target and the host's tail answer together as the original does."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from support import ROOT, acuate

# name: the option that fixes the shapes, whether a tail stays on the host
CASES: dict[str, tuple[list[str], bool]] = {
    "detector_nms": ([], True),
    "detector_loop": ([], True),
    "detector_mixed": (["--cut", "auto"], True),
    "stgcn": (["--shape", "skeletons=4x3x16x5x2"], False),
}


def session(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def answers(model: Path, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    engine = session(model)
    inputs = {port.name: values[port.name] for port in engine.get_inputs()}
    names = [port.name for port in engine.get_outputs()]
    return dict(zip(names, engine.run(names, inputs), strict=True))


def npu_that_runs(folder: Path) -> Path:
    """The VIP NPU's table, with ONNX Runtime standing in for the device."""
    text = (ROOT / "src/targets/vsi_npu/table.yaml").read_text(encoding="utf-8")
    table = folder / "npu.yaml"
    table.write_text(text.replace("id: vsi_npu", "id: npu\nrun_on: onnxruntime"), encoding="utf-8")
    return table


@pytest.mark.parametrize("name", CASES)
def test_answers_as_the_original_does(name: str, tmp_path: Path) -> None:
    flags, has_tail = CASES[name]
    text = (ROOT / "tests/composed" / f"{name}.onnxtxt").read_text(encoding="utf-8")
    model = tmp_path / "model.onnx"
    onnx.save(onnx.parser.parse_model(text), model)
    random = np.random.default_rng(3)
    values = {}
    for port in session(model).get_inputs():
        dims = [dim if isinstance(dim, int) else 4 for dim in port.shape]
        values[port.name] = random.standard_normal(dims).astype(np.float32)
    files = []
    for key, value in values.items():
        np.save(tmp_path / f"{key}.npy", value)
        files += ["--input", f"{key}={tmp_path / key}.npy"]
    expected = answers(model, values)

    fixed = tmp_path / "fixed.onnx"
    acuate("fix", model, "-o", fixed, "--target", "vsi_npu", *flags, *files)
    tail = tmp_path / "fixed.tail.onnx"
    assert tail.exists() == has_tail
    found = answers(fixed, values)
    if has_tail:
        found |= answers(tail, {**values, **found})
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-4 * max(1, abs(value).max()))

    shapes = flags if "--shape" in flags else []
    artifact = tmp_path / "artifact"
    acuate("convert", model, "-o", artifact, "--target", npu_that_runs(tmp_path), "--runs", "0",
           *shapes)  # fmt: skip
    acuate("run", artifact, *files, "-o", tmp_path / "outputs")
    for key, value in expected.items():
        got = np.load(tmp_path / "outputs" / f"{key}.npy")
        np.testing.assert_allclose(got, value, rtol=0, atol=1e-4 * max(1, abs(value).max()))
