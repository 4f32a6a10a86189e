"""`acuate compare` of a real network with its 8-bit form: what each step errs by itself, against
ONNX Runtime on parts of the quantized file that the onnx library cuts out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper
from onnx.utils import Extractor
from ppocr_reference import prepare
from support import DETECTOR, FIXTURES, acuate, pages

Array = np.ndarray[Any, Any]


class Pair:
    def __init__(self, folder: Path) -> None:
        self.float, self.quantized = folder / "float.onnx", folder / "int8.onnx"
        acuate("fix", DETECTOR, "-o", self.float, "--shape", "x=1x3x320x320")
        data = ["--data", str(FIXTURES / "pages/calibration"), "--samples", "8"]
        acuate("quantize", self.float, "-o", self.quantized, *data, "--preprocess", "ppocr-det")
        self.input = folder / "x.npy"
        np.save(self.input, prepare(pages("evaluation", 3)[1], 320, 320))

    def compare(self, quantized: Path) -> dict[str, Any]:
        done = acuate("compare", self.float, quantized, "--input", f"x={self.input}", "--json", "-")
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Pair(tmp_path_factory.mktemp("compare"))


def run(model: onnx.ModelProto, feeds: dict[str, Array]) -> list[Array]:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options)
    return list(session.run(None, feeds))


def sqnr_db(x: Array, y: Array) -> float:
    noise = np.sum((x.astype(np.float64) - y) ** 2)
    return float(10 * np.log10(np.sum(x.astype(np.float64) ** 2) / noise))


def behind_pair(model: onnx.ModelProto, tensor: str) -> str:
    """What DequantizeLinear gives of the tensor, if it goes through a pair."""
    for quantize in model.graph.node:
        if quantize.op_type == "QuantizeLinear" and quantize.input[0] == tensor:
            for node in model.graph.node:
                if node.op_type == "DequantizeLinear" and node.input[0] == quantize.output[0]:
                    return str(node.output[0])
    return tensor


def test_each_step_is_what_the_engine_makes_of_it(pair: Pair) -> None:
    found = pair.compare(pair.quantized)
    entries = {entry["tensor"]: entry for entry in found["tensors"]}
    original = onnx.shape_inference.infer_shapes(onnx.load(pair.float))
    quantized = onnx.shape_inference.infer_shapes(onnx.load(pair.quantized))
    made = {node.output[0]: node for node in quantized.graph.node}
    # Convolutions whose data is the pair behind a tensor of both.
    origin = {behind_pair(quantized, name): name for name in entries}
    steps = [
        (name, made[name].input[0])
        for name in entries
        if name in made and made[name].op_type == "Conv" and made[name].input[0] in origin
    ]
    assert len(steps) > 20
    bare = onnx.ModelProto()
    bare.CopyFrom(original)
    known = {value.name for value in bare.graph.output}
    bare.graph.output.extend(v for v in original.graph.value_info if v.name not in known)
    names = [value.name for value in bare.graph.output]
    truth = dict(zip(names, run(bare, {"x": np.load(pair.input)}), strict=True))
    checked = 0
    for name, read in steps[:: len(steps) // 12]:
        end = behind_pair(quantized, name)
        part = Extractor(quantized).extract_model([read], [end])
        (y,) = run(part, {read: truth[origin[read]]})
        assert entries[name]["own_db"] == pytest.approx(sqnr_db(truth[name], y), abs=0.05), name
        checked += 1
    assert checked >= 12
    # Through the depth errors add up: the end is worse than the median step.
    assert found["outputs"][0]["sqnr_db"] < found["median_own_db"]


def test_encodings_broken_on_purpose_are_named(pair: Pair, tmp_path: Path) -> None:
    before = {entry["tensor"]: entry for entry in pair.compare(pair.quantized)["tensors"]}
    model = onnx.load(pair.quantized)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    quantize = next(
        node
        for node in model.graph.node
        if node.op_type == "QuantizeLinear"
        and node.input[0] in before
        and (before[node.input[0]]["own_db"] or 0) > 35
    )
    broken = quantize.input[0]
    scale = weights[quantize.input[1]]
    scale.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(scale) / 200, scale.name))
    onnx.save(model, tmp_path / "broken.onnx")
    found = pair.compare(tmp_path / "broken.onnx")
    assert found["worst_step"]["tensor"] == broken
    assert found["worst_step"]["module"] == before[broken]["module"]
    assert found["worst_step"]["own_db"] < 1
    after = {entry["tensor"]: entry for entry in found["tensors"]}
    # It is named there and nowhere else: all other steps err as they did.
    for name, entry in before.items():
        if name != broken:
            assert entry["own_db"] == after[name]["own_db"], name
