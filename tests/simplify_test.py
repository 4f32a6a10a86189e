"""How far `simplify` gets on the fixtures, counted by the onnx library, and that ONNX Runtime
computes the same of the text detector and recognizer afterwards, at more than one size."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.parser
import onnxruntime
import pytest
from ppocr_reference import prepare
from support import FIXTURES, acuate, pages

# Nodes that are left, those of bodies too, by exact passes alone and by all: what was reached,
# which no change may make worse. The best of the peers reaches 297 of the detector and 377 of the
# recognizer, counting no constants (docs/benchmarks.md).
NODES = {
    "basic_pitch": (180, 179),
    "blazeface_128": (93, 93),
    "blazeface_256": (147, 147),
    "ddddocr_det": (277, 277),
    "magika": (76, 75),
    "mlsd_320_large": (134, 134),
    "mlsd_320_tiny": (97, 97),
    "mlsd_512_large": (134, 134),
    "mlsd_512_tiny": (97, 97),
    "nudenet_320n": (313, 313),
    "open_nsfw": (439, 385),
    "efficientnet_lite0": (143, 94),
    "picodet_layout_cdla": (615, 333),
    "pp_lcnet_orientation": (105, 73),
    "ppocr_cls": (215, 143),
    "ppocr_v4_det": (330, 191),
    "ppocr_v4_rec": (396, 241),
    "silero_vad": (138, 138),
    "silero_vad_16k_op15": (71, 71),
    "silero_vad_16k_sequence": (25, 25),
    "silero_vad_half": (68, 68),
    "silero_vad_legacy": (148, 148),
    "silero_vad_op18_ifless": (90, 90),
    "silero_vad_openvino_16k": (31, 31),
    "silero_vad_v5": (138, 138),
}


def node_count(nodes: Any) -> int:
    count = 0
    for node in nodes:
        assert node.op_type != "Constant"
        bodies = [attribute.g.node for attribute in node.attribute if attribute.HasField("g")]
        count += 1 + sum(node_count(body) for body in bodies)
    return count


def test_every_fixture_is_counted() -> None:
    assert set(NODES) == {path.stem for path in FIXTURES.glob("*.onnx")}


@pytest.mark.parametrize("name", NODES)
def test_no_more_nodes_are_left_than_before(name: str, tmp_path: Path) -> None:
    for flags, most in zip((["--exact"], []), NODES[name], strict=True):
        acuate("simplify", FIXTURES / f"{name}.onnx", "-o", tmp_path / "simple.onnx", *flags)
        assert node_count(onnx.load(tmp_path / "simple.onnx").graph.node) <= most, flags


def infer(model: Path, x: npt.NDArray[np.float32]) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})


def test_the_engine_is_opened_only_to_fold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACUATE_ONNXRUNTIME_HOME", str(tmp_path))  # where none is
    for nodes, is_missed in (("y = Relu(x)", False), ("a = Sqrt(w)  y = Mul(x, a)", True)):
        text = f"""<ir_version: 8, opset_import: ["" : 17]>
            g (float[2] x) => (float[2] y) <float[2] w = {{1.0, 4.0}}> {{ {nodes} }}"""
        onnx.save(onnx.parser.parse_model(text), tmp_path / "model.onnx")
        model, simple = tmp_path / "model.onnx", tmp_path / "simple.onnx"
        call: list[str | Path] = ["simplify", model, "-o", simple]
        assert ("No engine runs here" in acuate(*call).stdout) == is_missed
        found = json.loads(acuate(*call, "--json", "-").stdout)
        assert found["folded_constants"] != is_missed
        assert found["nodes_after"] == found["nodes_before"]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("ppocr_v4_det", [(320, 256), (96, 160)]), ("ppocr_v4_rec", [(48, 320), (48, 80)])],
)
def test_the_simplified_model_computes_the_same(
    name: str, sizes: list[tuple[int, int]], tmp_path: Path
) -> None:
    source = FIXTURES / f"{name}.onnx"
    acuate("simplify", source, "-o", tmp_path / "exact.onnx", "--exact")
    acuate("simplify", source, "-o", tmp_path / "all.onnx")
    for batch, size in enumerate(sizes, start=1):
        x = np.concatenate([prepare(page, *size) for page in pages("evaluation", batch)])
        original = infer(source, x)
        exact, rounded = infer(tmp_path / "exact.onnx", x), infer(tmp_path / "all.onnx", x)
        for before, same, after in zip(original, exact, rounded, strict=True):
            assert before.shape == same.shape == after.shape
            assert np.array_equal(before, same)
            # Both outputs are probabilities. Each pass bounds one node; what remains of the
            # roundings of all layers is measured: 1.2e-5.
            assert np.abs(before.astype(np.float64) - after).max() <= 1e-4
            assert not np.array_equal(before, after)
