"""Every edit command on real models, held against the onnx library's checker and ONNX Runtime."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from support import DETECTOR, FIXTURES, acuate

Array = npt.NDArray[Any]
Feeds = dict[str, Array]
VAD = FIXTURES / "silero_vad.onnx"
LOGITS, SCORES = "p2o.Add.281", "sigmoid_0.tmp_0"
X = np.random.default_rng(7).normal(size=(1, 3, 64, 96)).astype(np.float32)


def edit(source: Path, script: str, folder: Path, *, name: str = "edited.onnx") -> Path:
    """The edited model, which must pass the onnx library's full check."""
    (folder / "script.acu").write_text(script, "utf-8")
    acuate("edit", source, folder / "script.acu", "-o", folder / name)
    onnx.checker.check_model(str(folder / name), full_check=True)
    return folder / name


def run(model: Path, feeds: Feeds) -> dict[str, Array]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def initializer(model: Path, name: str) -> Array:
    proto = onnx.load(str(model))
    for node in proto.graph.node:
        if node.op_type == "Constant" and node.output[0] == name:
            return numpy_helper.to_array(node.attribute[0].t)
    return next(numpy_helper.to_array(t) for t in proto.graph.initializer if t.name == name)


@pytest.fixture(scope="module")
def scores() -> Array:
    return run(DETECTOR, {"x": X})[SCORES]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


SIGMOID = (
    'text:"(v) => (r) { one = Constant <value = float {1.0}> () n = Neg (v) e = Exp (n)'
    ' s = Add (e, one) r = Div (one, s) }"'
)
# Script, and what the outputs must be from the scores of the unedited model.
CASES: dict[str, tuple[str, Callable[[Array, dict[str, Array]], tuple[Array, Array]]]] = {
    "add-node": (
        f"add-initializer half float32:0.5\nadd-node Mul {SCORES} half -> halved --name halve\n"
        f"add-output halved\nremove-output {SCORES}",
        lambda scores, out: (out["halved"], scores / 2),
    ),
    "insert-node": (
        f"insert-node Neg {LOGITS} -> negated",
        lambda scores, out: (out[SCORES], 1 - scores),
    ),
    "insert-node at the output": (
        f"insert-node Cast {SCORES} -> wide to=11 --name widen",
        lambda scores, out: (out["wide"], scores.astype(np.float64)),
    ),
    "replace-node": (
        f"replace-node p2o.Sigmoid.0 {SIGMOID} --prefix by_hand/",
        lambda scores, out: (out[SCORES], scores),
    ),
    "bypass-node": (
        "bypass-node p2o.Sigmoid.0",
        lambda scores, out: (sigmoid(out[SCORES]), scores),
    ),
    "cut-at": (f"cut-at {LOGITS}", lambda scores, out: (sigmoid(out[LOGITS]), scores)),
    "delete-node": (
        f"add-output {LOGITS}\ndelete-node p2o.Sigmoid.0 --with-children",
        lambda scores, out: (sigmoid(out[LOGITS]), scores),
    ),
    "set-input": (
        f"add-node Neg {LOGITS} -> negated\nset-input p2o.Sigmoid.0 X negated",
        lambda scores, out: (out[SCORES], 1 - scores),
    ),
    "set-attr, remove-attr": (
        f"add-node LeakyRelu {LOGITS} -> l alpha=0.5 --name leaky\nset-attr leaky alpha 1\n"
        "set-input p2o.Sigmoid.0 0 l\nadd-node Elu l -> e alpha=3 --name elu\n"
        "remove-attr elu alpha\nadd-output e",
        lambda scores, out: (
            np.stack([out[SCORES], out["e"]]),
            np.stack([scores, np.where(scores > 0.5, logit(scores), np.exp(logit(scores)) - 1)]),
        ),
    ),
    "rename-value, rename-node": (
        f"rename-value {SCORES} boxes\nrename-node p2o.Sigmoid.0 head\nset-metadata a b\n"
        "remove-metadata a",
        lambda scores, out: (out["boxes"], scores),
    ),
    "set-output": (
        f"add-node Dropout {SCORES} -> dropped --name drop\nset-output drop 1 mask\n"
        "add-node Where mask dropped dropped -> kept\nadd-output kept",
        lambda scores, out: (out["kept"], scores),
    ),
    "a sparse constant": (
        "set-opset 13\n"
        "add-node Constant -> c sparse_value=sparse_tensor:float32[4]:[1.5]:[2]\n"
        f"add-node ReduceSum c -> total keepdims=0\nadd-node Mul {SCORES} total -> scaled\n"
        "add-output scaled",
        lambda scores, out: (out["scaled"], scores * np.float32(1.5)),
    ),
    "add-input with a default": (
        "add-initializer gain float32:2\nadd-input gain\n"
        f"add-node Mul {SCORES} gain -> louder\nadd-output louder",
        lambda scores, out: (out["louder"], scores * 2),
    ),
    "a frozen input": (
        "add-input gain float32[]\nadd-initializer gain float32:3\nremove-input gain\n"
        f"add-node Mul {SCORES} gain -> louder\nadd-output louder",
        lambda scores, out: (out["louder"], scores * 3),
    ),
    "set-opset up": ("set-opset 17", lambda scores, out: (out[SCORES], scores)),
    "apply": ("apply fold-constants", lambda scores, out: (out[SCORES], scores)),
}


def logit(p: Array) -> Array:
    odds: Array = np.maximum(p, 1e-30) / (1 - p)
    return np.asarray(np.log(odds))


@pytest.mark.parametrize("name", CASES)
def test_on_the_detector(name: str, scores: Array, tmp_path: Path) -> None:
    script, expected = CASES[name]
    out = run(edit(DETECTOR, script, tmp_path), {"x": X})
    got, wanted = expected(scores, out)
    assert got.dtype == wanted.dtype
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=2e-5)


def test_types_of_the_interface(scores: Array, tmp_path: Path) -> None:
    model = edit(DETECTOR, "set-type x float32[1, 3, 64, 96]", tmp_path)
    output = onnx.load(str(model)).graph.output[0].type.tensor_type.shape
    assert [dim.dim_value for dim in output.dim] == list(scores.shape)
    np.testing.assert_array_equal(run(model, {"x": X})[SCORES], scores)


def test_constants_from_files(tmp_path: Path) -> None:
    name = "conv2d_transpose_1.b_0"
    old = initializer(DETECTOR, name)
    new = np.full_like(old, 0.25)
    np.save(tmp_path / "b.npy", new)
    (tmp_path / "b.bin").write_bytes(new.tobytes())
    dims = ", ".join(map(str, new.shape))
    by_npy = edit(DETECTOR, f"set-initializer {name} b.npy", tmp_path, name="npy.onnx")
    by_raw = edit(
        DETECTOR, f"set-initializer {name} raw:float32[{dims}]:b.bin", tmp_path, name="raw.onnx"
    )
    np.testing.assert_array_equal(initializer(by_npy, name), new)
    # The reference: the same model changed by the onnx library.
    proto = onnx.load(str(DETECTOR))
    for node in proto.graph.node:
        if node.output[0] == name:
            node.attribute[0].t.CopyFrom(numpy_helper.from_array(new, name))
    onnx.save(proto, str(tmp_path / "reference.onnx"))
    wanted = run(tmp_path / "reference.onnx", {"x": X})[SCORES]
    np.testing.assert_array_equal(run(by_npy, {"x": X})[SCORES], wanted)
    np.testing.assert_array_equal(run(by_raw, {"x": X})[SCORES], wanted)


def test_halves_merge_into_the_whole(scores: Array, tmp_path: Path) -> None:
    middle = "batch_norm_1.tmp_4"
    front = edit(DETECTOR, f"extract x -> {middle}", tmp_path, name="front.onnx")
    back = edit(DETECTOR, f"extract {middle} -> {SCORES}", tmp_path, name="back.onnx")
    inner = run(front, {"x": X})[middle]
    np.testing.assert_array_equal(run(back, {middle: inner})[SCORES], scores)
    behind = edit(
        front, f"merge back.onnx {middle}={middle} --prefix b/", tmp_path, name="behind.onnx"
    )
    np.testing.assert_array_equal(run(behind, {"x": X})[f"b/{SCORES}"], scores)
    before = edit(
        back, f"merge front.onnx {middle}={middle} --prefix f/", tmp_path, name="before.onnx"
    )
    np.testing.assert_array_equal(run(before, {"f/x": X})[SCORES], scores)


def test_inside_the_branches_of_an_if(tmp_path: Path) -> None:
    def feeds(rate: int) -> Feeds:
        noise = np.random.default_rng(3).normal(size=(1, 512 if rate == 16000 else 256))
        return {
            "input": noise.astype(np.float32) * 0.1,
            "state": np.zeros((2, 1, 128), np.float32),
            "sr": np.array(rate, np.int64),
        }

    branch = "If_0::then_branch::"
    inner = "If_0_then_branch__Introduce_0_outputs_0"
    source = onnx.load(str(VAD))
    conditional = next(node for node in source.graph.node if node.op_type == "If")
    body = next(a.g for a in conditional.attribute if a.name == "then_branch")
    producer = next(node for node in body.node if inner in node.output)
    model = edit(
        VAD,
        f"add-initializer {branch}half float32:0.5\n"
        f"insert-node Mul {branch}{producer.input[0]} {branch}half -> {branch}quiet\n"
        f"rename-node {branch}@{inner} renamed\n",
        tmp_path,
    )
    for rate in (8000, 16000):
        before, after = run(VAD, feeds(rate)), run(model, feeds(rate))
        changed = not np.array_equal(before["output"], after["output"])
        assert changed == (rate == 16000)


def test_scripts_read_only_their_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    np.save(tmp_path / "w.npy", np.zeros(1, np.float32))
    (tmp_path / "inner" / "link.npy").symlink_to(tmp_path / "w.npy")
    script = tmp_path / "inner" / "s.acu"
    for name in ("../w.npy", tmp_path / "w.npy", "link.npy"):
        script.write_text(f"add-initializer w {name}\n", "utf-8")
        acuate("edit", DETECTOR, script, "-o", tmp_path / "o.onnx", status=2)
    script.write_text("add-initializer w w.npy\n", "utf-8")
    acuate("edit", DETECTOR, script, "-o", tmp_path / "o.onnx", "--files", tmp_path)
    for command in ("merge big.onnx", "add-initializer w raw:int8[9]:big.onnx"):
        (tmp_path / "inner" / "big.onnx").write_bytes(b"\x08\x08\x3a\xff\xff\xff\xff\x7f")
        script.write_text(command + "\n", "utf-8")
        acuate("edit", DETECTOR, script, "-o", tmp_path / "p.onnx", status=2)
    assert not (tmp_path / "p.onnx").exists()
