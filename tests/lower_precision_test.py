"""`convert --precision fp16|bf16` and `"fp16": true` of a module, against numpy."""

from pathlib import Path

import acuate
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

# A convolution of 1x1 is a matrix product over channels, which numpy computes too.
NET = """<ir_version: 8, opset_import: ["" : 13]>
  net (float[1,3,4,4] x) => (float[1,2,4,4] y)
      <float[2,3,1,1] w = {0.1, -0.7, 0.3, 1.1, 0.9, -0.2}, float[2] b = {0.01, -0.3},
       float[1,2,1,1] k = {300.0, 700.0}> {
    ["/stem/conv/Conv"] c = Conv(x, w, b)
    ["/stem/act/Relu"] r = Relu(c)
    ["/head/Mul"] y = Mul(r, k)
  }"""
W = np.array([[0.1, -0.7, 0.3], [1.1, 0.9, -0.2]])
B = np.array([0.01, -0.3]).reshape(2, 1, 1)
K = np.array([300.0, 700.0]).reshape(2, 1, 1)


@pytest.fixture
def net(tmp_path: Path) -> Path:
    onnx.save(onnx.parser.parse_model(NET), tmp_path / "net.onnx")
    return tmp_path / "net.onnx"


def samples(tmp_path: Path, scale: float) -> Path:
    values = np.random.default_rng(5).normal(size=(12, 3, 4, 4)).astype(np.float32) * scale
    np.save(tmp_path / "x.npy", values.astype(np.float32))
    return tmp_path / "x.npy"


def half(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float16).astype(np.float64)


def stem(x: np.ndarray, rounded: bool) -> np.ndarray:
    to = half if rounded else (lambda values: values)
    sums = np.einsum("oc,nchw->nohw", to(W), to(x.astype(np.float64)))
    return np.maximum(to(sums + to(B)), 0)


def graph(folder: Path) -> onnx.GraphProto:
    model = onnx.load(folder / "modules" / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    return model.graph


def findings(result: acuate.Result, name: str) -> list[dict[str, object]]:
    return [finding for finding in result.report["findings"] if finding["id"] == name]


def test_the_whole_in_float16(net: Path, tmp_path: Path) -> None:
    data = samples(tmp_path, 1)
    result = acuate.convert(
        net, output=tmp_path / "out", precision="fp16", data=data, target="onnxruntime", runs=0
    )
    network = graph(tmp_path / "out")
    assert [node.op_type for node in network.node] == ["Cast", "Conv", "Relu", "Mul", "Cast"]
    assert {tensor.data_type for tensor in network.initializer} == {onnx.TensorProto.FLOAT16}
    assert network.output[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert result.report["target"]["precision"] == "fp16"
    assert not findings(result, "precision_not_available")
    assert not findings(result, "float16_range_unknown")
    x = np.load(data)[:1]
    session = onnxruntime.InferenceSession(tmp_path / "out" / "modules" / "model.onnx")
    found = session.run(None, {"x": x})[0]
    exact = stem(x, False) * K
    # Five roundings of 2^-11 each, of sums whose terms are at most `size`.
    size = np.einsum("oc,nchw->nohw", np.abs(W), np.abs(x)) + np.abs(B)
    assert np.all(np.abs(found - exact) <= 5 * 2.0**-11 * size * K)
    assert not np.array_equal(found, exact), "no float16 was seen"
    # The emitted graph computes in float16 wherever an engine does: numpy's evaluation is one.
    emitted = onnx.load(tmp_path / "out" / "modules" / "model.onnx")
    (typed,) = ReferenceEvaluator(emitted).run(None, {"x": x})
    np.testing.assert_allclose(typed, half(stem(x, True) * half(K)), rtol=2**-9, atol=2**-9 * 300)
    assert np.array_equal(typed, half(typed)), "a result that float16 does not have"
    assert findings(result, "precision_unproven")
    assert result.report["accuracy"]["sqnr_db of y"]["converted"] > 50


def test_what_exceeds_float16_stays_float32(net: Path, tmp_path: Path) -> None:
    data = samples(tmp_path, 100)  # 700 times that is beyond 65,504
    result = acuate.convert(
        net, output=tmp_path / "out", precision="fp16", data=data, target="onnxruntime", runs=0
    )
    kept = findings(result, "precision_not_available")
    assert [finding["nodes"] for finding in kept] == [["/head/Mul"]]
    assert "float16 ends at 65,504" in str(kept[0]["evidence"])
    assert [node.op_type for node in graph(tmp_path / "out").node] == [
        "Cast",
        "Conv",
        "Relu",
        "Cast",
        "Mul",
    ]
    x = np.load(data)[:1]
    session = onnxruntime.InferenceSession(tmp_path / "out" / "modules" / "model.onnx")
    found = session.run(None, {"x": x})[0]
    assert np.isfinite(found).all()
    size = np.einsum("oc,nchw->nohw", np.abs(W), np.abs(x)) + np.abs(B)
    assert np.all(np.abs(found - stem(x, False) * K) <= 4 * 2.0**-11 * size * K)


def test_without_data_the_range_is_told_unknown(net: Path, tmp_path: Path) -> None:
    result = acuate.convert(
        net, output=tmp_path / "out", precision="fp16", target="onnxruntime", runs=0
    )
    (told,) = findings(result, "float16_range_unknown")
    assert "No data" in str(told["cause"])


def test_a_module_in_float16(net: Path, tmp_path: Path) -> None:
    result = acuate.convert(
        net,
        output=tmp_path / "out",
        target="onnxruntime",
        runs=0,
        data=samples(tmp_path, 1),
        config={"stem": {"rt_mode": "onnx", "fp16": True}, "head": {"rt_mode": "onnx"}},
    )
    assert not findings(result, "precision_not_available")
    typed: dict[str, set[int]] = {}
    for file in sorted((tmp_path / "out" / "modules").glob("*.onnx")):
        model = onnx.shape_inference.infer_shapes(onnx.load(file), strict_mode=True)
        kinds = {
            value.name: value.type.tensor_type.elem_type
            for value in [*model.graph.value_info, *model.graph.output]
        }
        for node in model.graph.node:
            typed.setdefault(node.op_type, set()).add(kinds[node.output[0]])
    assert typed["Conv"] == typed["Relu"] == {onnx.TensorProto.FLOAT16}
    assert typed["Mul"] == {onnx.TensorProto.FLOAT}
    x = np.load(tmp_path / "x.npy")[:1]
    found = result.load()(x)
    size = np.einsum("oc,nchw->nohw", np.abs(W), np.abs(x)) + np.abs(B)
    assert np.all(np.abs(found - stem(x, False) * K) <= 4 * 2.0**-11 * size * K)


def test_float16_beside_integers(net: Path, tmp_path: Path) -> None:
    two = NET.replace(
        "c = Conv(x, w, b)", 'a = Conv(x, s)\n    ["/body/conv/Conv"] c = Conv(a, w, b)'
    ).replace("k = {", "s = {0.5}, float[1,2,1,1] k = {", 1)
    two = two.replace("float[1,2,1,1] s = {0.5}", "float[3,1,1,1] s = {0.5, 0.25, 2.0}")
    two = two.replace("Conv(x, s)", "Conv <group = 3> (x, s)")
    onnx.save(onnx.parser.parse_model(two), net)
    result = acuate.convert(
        net,
        output=tmp_path / "out",
        target="onnxruntime",
        runs=0,
        precision="int8",
        data=samples(tmp_path, 1),
        config={"stem": {"rt_mode": "onnx"}, "body": {"rt_mode": "onnx", "fp16": True}},
    )
    graphs = [
        onnx.load(file).graph for file in sorted((tmp_path / "out" / "modules").glob("*.onnx"))
    ]
    half_precision = [
        any(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in graph.initializer)
        for graph in graphs
    ]
    integers = [any(node.op_type == "QuantizeLinear" for node in graph.node) for graph in graphs]
    assert any(half_precision)
    assert any(integers)
    assert result.report["accuracy"]["sqnr_db of y"]["converted"] > 20


def test_bfloat16_is_refused_with_the_reason(net: Path, tmp_path: Path) -> None:
    with pytest.raises(acuate.Error, match="onnxruntime does not compute in bfloat16, first .*Conv"):
        acuate.convert(net, output=tmp_path / "out", precision="bf16", target="onnxruntime", runs=0)
    assert not (tmp_path / "out").exists()
