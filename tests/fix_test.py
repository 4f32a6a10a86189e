"""`acuate fix` on real networks: the prefix with its tail answers what the original answers.

ONNX Runtime runs the three files here by itself; what the command says of its own verification is
compared with that.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from support import FIXTURES, acuate

PHOTOGRAPHS = FIXTURES / "photographs"
Arrays = dict[str, np.ndarray]


def session(model: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def run(model: Path, values: Arrays) -> Arrays:
    engine = session(model)
    inputs = {port.name: values[port.name] for port in engine.get_inputs()}
    names = [port.name for port in engine.get_outputs()]
    return dict(zip(names, engine.run(None, inputs), strict=True))


def fix(model: Path, folder: Path, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
    done = acuate("fix", model, "-o", folder / "f.onnx", *arguments, "--json", "-", status=status)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def check(model: Path, folder: Path, values: Arrays, tolerance: float) -> None:
    """Prefix and tail against the original; both scripts give the same bytes again."""
    found = dict(values)
    for name in ("f.onnx", "f.tail.onnx"):
        if not (folder / name).exists():
            continue
        found |= run(folder / name, found)
        acuate("edit", model, folder / f"{name}.acu", "-o", folder / "again.onnx")
        assert (folder / "again.onnx").read_bytes() == (folder / name).read_bytes()
    for name, expected in run(model, values).items():
        assert found[name].shape == expected.shape
        if tolerance == 0:
            np.testing.assert_array_equal(found[name], expected)
        else:
            limit = tolerance * np.abs(expected).max()
            assert np.abs(found[name] - expected).max() <= limit, name


def table(folder: Path, model: Path, refused: set[str]) -> Path:
    """A target that takes all operators of the standard domain but these."""
    known = sorted({schema.name for schema in onnx.defs.get_all_schemas() if not schema.domain})
    rows = "\n".join(f"  {name}: {{source: own}}" for name in known if name not in refused)
    path = folder / "toy.yaml"
    path.write_text(
        'id: toy\nname: Toy\nrevision: "1"\nstatic_shapes: true\ndata_dependent_shapes: false\n'
        f"sources: {{own: made up for this test of {model.name}}}\noperators:\n{rows}\n"
    )
    return path


def image(model: Path, shape: tuple[int, ...]) -> Arrays:
    name = session(model).get_inputs()[0].name
    return {name: np.random.default_rng(1).random(shape, dtype=np.float32)}


def test_a_yolo_is_cut_before_boxes_meet_scores(tmp_path: Path) -> None:
    model = FIXTURES / "nudenet_320n.onnx"
    values = image(model, (1, 3, 320, 320))
    (name,) = values
    report = fix(
        model, tmp_path, "--shape", f"{name}=1x3x320x320", "--cut", "auto", "--target",
        table(tmp_path, model, set()), "--data", PHOTOGRAPHS, "--samples", "2",
    )  # fmt: skip
    assert report["accepted"]
    assert len(report["tail"]["cuts"]) == 2
    tail = onnx.load(tmp_path / "f.tail.onnx")
    assert "Concat" in {node.op_type for node in tail.graph.node}
    assert len(tail.graph.node) < 4
    assert report["verified"]["holds"]
    check(model, tmp_path, values, 1e-3)


@pytest.mark.parametrize("model", ["picodet_layout_cdla.onnx", "ddddocr_det.onnx"])
def test_named_cuts_change_no_bit(tmp_path: Path, model: str) -> None:
    path = FIXTURES / model
    network = onnx.load(path, load_external_data=False)
    port = network.graph.input[0]
    size = {"picodet_layout_cdla.onnx": (1, 3, 800, 608), "ddddocr_det.onnx": (1, 3, 416, 416)}
    values = image(path, size[model])
    # Where a Concat of several operands ends the network's heads.
    concat = [node for node in network.graph.node if node.op_type == "Concat"][-1]
    made = {output for node in network.graph.node for output in node.output}
    cuts = [name for name in concat.input if name in made]
    shape = "x".join(map(str, size[model]))
    np.save(tmp_path / "x.npy", values[port.name])
    report = fix(
        path, tmp_path, "--shape", f"{port.name}={shape}", "--cut", ",".join(dict.fromkeys(cuts)),
        "--input", f"{port.name}={tmp_path / 'x.npy'}",
    )  # fmt: skip
    assert report["verified"]["equal"]
    assert report["verified"]["tolerance"] == 0
    check(path, tmp_path, values, 0)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def integers(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def detector_with_nms(path: Path) -> None:
    """A convolution, boxes in pixels, scores, and NonMaxSuppression inside."""
    rng = np.random.default_rng(5)
    weights: Arrays = {
        "w": rng.standard_normal((6, 3, 4, 4)).astype(np.float32),
        "stride": floats(64),
        "rows": integers(0, 6, -1),
        "starts": integers(0),
        "four": integers(4),
        "six": integers(6),
        "one": integers(1),
        "most": integers(5),
        "iou": floats(0.5),
        "score": floats(0.4),
    }
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["f"], "conv", strides=[4, 4]),
        helper.make_node("Reshape", ["f", "rows"], ["r"], "rows"),
        helper.make_node("Slice", ["r", "starts", "four", "one"], ["b"], "slice_boxes"),
        helper.make_node("Slice", ["r", "four", "six", "one"], ["s"], "slice_scores"),
        helper.make_node("Mul", ["b", "stride"], ["b_pixels"], "to_pixels"),
        helper.make_node("Transpose", ["b_pixels"], ["boxes"], "boxes_last", perm=[0, 2, 1]),
        helper.make_node("Sigmoid", ["s"], ["scores"], "scores"),
        helper.make_node(
            "NonMaxSuppression", ["boxes", "scores", "most", "iou", "score"], ["picked"], "nms"
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "detector",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [
            helper.make_tensor_value_info("picked", TensorProto.INT64, ["k", 3]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 2, "a"]),
        ],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def test_non_max_suppression_stays_as_a_host_model(tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    detector_with_nms(model)
    report = fix(
        model, tmp_path, "--data", PHOTOGRAPHS, "--shape", "image=1x3x64x96", "--target",
        table(tmp_path, model, {"NonMaxSuppression"}), "--samples", "3",
    )  # fmt: skip
    assert report["accepted"]
    assert report["tail"]["outputs"] == ["picked"]
    assert report["tail"]["cuts"] == ["boxes", "scores"]
    assert report["verified"]["equal"]
    assert report["verified"]["samples"] == 3
    check(model, tmp_path, image(model, (1, 3, 64, 96)), 0)


def test_what_stays_refused_ends_with_1(tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    detector_with_nms(model)
    target = table(tmp_path, model, {"NonMaxSuppression"})
    shape = ["--shape", "image=1x3x64x96", "--target", target]
    whole = fix(model, tmp_path, *shape, "--cut", "none", status=1)
    assert not whole["accepted"]
    assert whole["refused_nodes"] == 1
    assert whole["tail"] is None
    onnx.checker.check_model(tmp_path / "f.onnx")
    assert fix(model, tmp_path, *shape)["refused_nodes"] == 0
    # Without a target nobody refuses.
    assert fix(model, tmp_path, *shape[:2])["accepted"] is None


def test_a_difference_beyond_the_tolerance_ends_with_1(tmp_path: Path) -> None:
    model = FIXTURES / "pp_lcnet_orientation.onnx"
    (name,) = image(model, (1, 3, 224, 224))
    arguments: list[str | Path] = [
        "--target", table(tmp_path, model, {"BatchNormalization"}), "--cut", "none",
        "--data", PHOTOGRAPHS, "--samples", "1", "--shape", f"{name}=1x3x224x224",
    ]  # fmt: skip
    loose = fix(model, tmp_path, *arguments)
    assert loose["accepted"]
    assert "fuse_batch_norm_into_conv" in loose["bounds"]
    assert loose["verified"]["holds"]
    assert not loose["verified"]["equal"]
    strict = fix(model, tmp_path, *arguments, "--tolerance", "0", status=1)
    assert not strict["verified"]["holds"]
