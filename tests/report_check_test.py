"""What an int8 conversion reports, against a separate computation.

The command line converts the text detector with a few pages; every number that the report and the
encodings give is computed again from the user's own file with onnx, onnxruntime and NumPy, with
pre-processing and text boxes of our own in Python.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import db_text_reference as paddle
import jsonschema
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import yaml
from onnx import numpy_helper
from ppocr_reference import prepare
from support import DETECTOR, ROOT, acuate, pages

Array = npt.NDArray[Any]
HEIGHT, WIDTH = 640, 512
CALIBRATION = pages("calibration", 4)
EVALUATION = pages("evaluation", 4)


def session(
    model: str | Path | onnx.ModelProto, profile: Path | None = None
) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile)
    source = model.SerializeToString() if isinstance(model, onnx.ModelProto) else model
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report_check")
    for name, files in (("calibration", CALIBRATION), ("evaluation", EVALUATION)):
        (folder / f"{name}.txt").write_text("\n".join(map(str, files)), "utf-8")
    spec = {
        "data": "evaluation.txt",
        "preprocess": "ppocr-det",
        "decoder": {"id": "db-text", "threshold": 0.3, "box_score": 0.6, "unclip_ratio": 1.5},
        "metrics": ["text-box-f1", "sqnr", "cosine"],
    }
    (folder / "eval.yaml").write_text(yaml.safe_dump(spec), "utf-8")
    common = ["--shape", f"x=1x3x{HEIGHT}x{WIDTH}", "--target", "onnxruntime"]
    acuate(
        "convert", DETECTOR, "-o", folder / "int8", *common, "--precision", "int8",
        "--range", "minmax", "--recover", "none", "--data", folder / "calibration.txt",
        "--preprocess", "ppocr-det",
        "--eval", folder / "eval.yaml", "--runs", "2",
    )  # fmt: skip
    acuate("convert", DETECTOR, "-o", folder / "fp32", *common, "--runs", "0")
    return folder / "int8"


@pytest.fixture(scope="module")
def report(artifact: Path) -> Any:
    return json.loads((artifact / "report.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def encodings(artifact: Path) -> Any:
    return json.loads((artifact / "encodings.json").read_text("utf-8"))["tensors"]


@pytest.fixture(scope="module")
def emitted(artifact: Path) -> onnx.ModelProto:
    model = onnx.load(artifact / "modules/model.onnx")
    onnx.checker.check_model(model, full_check=True)
    return model


@pytest.fixture(scope="module")
def maps(artifact: Path) -> list[tuple[Array, Array]]:
    """The map of the user's model and that of the converted one, for every evaluation page."""
    original, converted = session(DETECTOR), session(artifact / "modules/model.onnx")
    inputs = [{"x": prepare(page, HEIGHT, WIDTH)} for page in EVALUATION]
    return [(original.run(None, x)[0], converted.run(None, x)[0]) for x in inputs]


def initializers(model: onnx.ModelProto) -> dict[str, Array]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


@pytest.mark.parametrize("name", ["report", "manifest"])
def test_files_keep_their_schemas(artifact: Path, name: str) -> None:
    schema = json.loads((ROOT / f"src/report/schema/{name}.schema.json").read_text("utf-8"))
    document = json.loads((artifact / f"{name}.json").read_text("utf-8"))
    errors = jsonschema.Draft202012Validator(schema).iter_errors(document)
    assert [f"{error.json_path}: {error.message[:200]}" for error in errors] == []


def test_the_manifest_describes_the_files(artifact: Path) -> None:
    manifest = json.loads((artifact / "manifest.json").read_text("utf-8"))
    assert [module["file"] for module in manifest["modules"]] == ["modules/model.onnx"]
    for file in manifest["files"]:
        assert (artifact / file["file"]).stat().st_size == file["size_bytes"]
    assert manifest["inputs"] == [{"name": "x", "type": "float32", "shape": [1, 3, HEIGHT, WIDTH]}]


def test_sqnr_and_cosine(report: Any, maps: list[tuple[Array, Array]]) -> None:
    x = np.concatenate([a.ravel() for a, _ in maps]).astype(np.float64)
    y = np.concatenate([b.ravel() for _, b in maps]).astype(np.float64)
    sqnr_db = 10 * np.log10((x**2).sum() / ((x - y) ** 2).sum())
    cosine = (x @ y) / np.sqrt((x @ x) * (y @ y))
    reported = report["accuracy"]["sqnr_db of sigmoid_0.tmp_0"]
    print(f"SQNR {reported['converted']:.3f} dB reported, {sqnr_db:.3f} dB computed")
    assert reported["converted"] == pytest.approx(sqnr_db, abs=0.05)
    assert reported["n"] == len(EVALUATION)
    low, high = reported["interval"]
    assert low <= reported["converted"] <= high
    found = report["accuracy"]["cosine of sigmoid_0.tmp_0"]["converted"]
    assert found == pytest.approx(cosine, abs=0.002)


def test_f1_of_text_boxes(report: Any, maps: list[tuple[Array, Array]]) -> None:
    truth = predicted = matched = 0
    for a, b in maps:
        expected, found = paddle.decode(a[0, 0]), paddle.decode(b[0, 0])
        truth += len(expected)
        predicted += len(found)
        matched += paddle.count_matches(expected, found)
    f1 = 2 * matched / (truth + predicted)
    reported = report["accuracy"]["text_box_f1"]
    print(f"F1 {reported['converted']:.4f} reported, {f1:.4f} computed ({truth} boxes)")
    assert truth > 40
    assert reported["converted"] == pytest.approx(f1, abs=0.01)
    assert reported["baseline"] == 1


def test_kernels_are_those_of_the_profile(artifact: Path, report: Any, tmp_path: Path) -> None:
    running = session(artifact / "modules/model.onnx", profile=tmp_path / "profile")
    for _ in range(2):
        running.run(None, {"x": prepare(EVALUATION[0], HEIGHT, WIDTH)})
    events = json.loads(Path(running.end_profiling()).read_text("utf-8"))
    executed = {
        (event["name"], event["args"]["op_name"])
        for event in events
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time")
    }
    kernels = Counter(op for _, op in executed)
    assert report["kernels"] == dict(kernels)
    assert kernels["QLinearConv"] > 50
    # The two that ONNX Runtime has no 8-bit kernel for, and no convolution beside them.
    in_float = {op: kernels[op] for op in ("Conv", "FusedConv", "ConvTranspose") if op in kernels}
    assert in_float == {"ConvTranspose": 2}


def test_scales_of_activations_are_in_the_model(encodings: Any, emitted: onnx.ModelProto) -> None:
    values = initializers(emitted)
    quantizers = {n.input[0]: n for n in emitted.graph.node if n.op_type == "QuantizeLinear"}
    activations = [e for e in encodings if e["per_channel_axis"] is None]
    assert len(activations) == len(quantizers)
    for encoding in activations:
        node = quantizers[encoding["tensor"]]
        assert values[node.input[1]] == np.float32(encoding["scale"][0]), encoding["tensor"]
        # The same grid on unsigned integers.
        zero_point = encoding["zero_point"][0] + (128 if encoding["is_signed"] else 0)
        assert values[node.input[2]] == zero_point
        assert values[node.input[2]].dtype == np.uint8


def test_weights_are_rounded_to_their_grid(
    artifact: Path, encodings: Any, emitted: onnx.ModelProto
) -> None:
    """Against the float weights of the same conversion at --precision fp32."""
    floats = initializers(onnx.load(artifact.parent / "fp32/modules/model.onnx"))
    values = initializers(emitted)
    weights = [e for e in encodings if e["tensor"] in floats]
    assert len(weights) == sum(e["per_channel_axis"] is not None for e in encodings)
    assert len(weights) > 50
    for encoding in weights:
        w = floats[encoding["tensor"]]
        axis = encoding["per_channel_axis"]
        others = tuple(i for i in range(w.ndim) if i != axis)
        scale = np.array(encoding["scale"], np.float32)
        largest = np.abs(w).max(axis=others).astype(np.float64)
        np.testing.assert_allclose(
            scale[largest > 1e-30], largest[largest > 1e-30] / 127, rtol=1e-6
        )
        shape = [-1 if i == axis else 1 for i in range(w.ndim)]
        exact = w.astype(np.float64) / scale.reshape(shape).astype(np.float64)
        stored = values[encoding["tensor"] + "_quantized"]
        assert stored.dtype == np.int8
        assert np.abs(stored - exact).max() <= 0.5 + 1e-4, encoding["tensor"]
        np.testing.assert_array_equal(values[encoding["tensor"] + "_scale"], scale)


def test_biases_are_on_the_grid_of_their_products(emitted: onnx.ModelProto) -> None:
    values = initializers(emitted)
    producers = {name: node for node in emitted.graph.node for name in node.output}
    checked = 0
    for node in emitted.graph.node:
        if node.op_type != "Conv" or len(node.input) < 3:
            continue
        data, weight, bias = (producers.get(name) for name in node.input[:3])
        if data is None or weight is None or bias is None or bias.op_type != "DequantizeLinear":
            continue
        product = values[data.input[1]].astype(np.float64) * values[weight.input[1]]
        np.testing.assert_allclose(values[bias.input[1]], product, rtol=1e-6)
        assert values[bias.input[0]].dtype == np.int32
        checked += 1
    assert checked > 50


def test_the_float_graph_is_the_users_model(artifact: Path) -> None:
    x = {"x": prepare(EVALUATION[1], HEIGHT, WIDTH)}
    expected = session(DETECTOR).run(None, x)[0]
    found = session(artifact.parent / "fp32/modules/model.onnx").run(None, x)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


def test_minmax_ranges_are_those_of_the_activations(artifact: Path, encodings: Any) -> None:
    """The float graph with every calibrated tensor as an output, over the calibration pages."""
    model = onnx.load(artifact.parent / "fp32/modules/model.onnx")
    produced = {name for node in model.graph.node for name in node.output} | {"x"}
    activations = {e["tensor"]: e for e in encodings if e["per_channel_axis"] is None}
    known = sorted(activations)
    assert set(activations) <= produced
    outputs = {output.name for output in model.graph.output}
    for name in known:
        if name not in outputs and name != "x":
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    running = session(model)
    names = [name for name in known if name != "x"]
    low = dict.fromkeys(known, np.inf)
    high = dict.fromkeys(known, -np.inf)
    for page in CALIBRATION:
        x = prepare(page, HEIGHT, WIDTH)
        for name, value in zip(["x", *names], [x, *running.run(names, {"x": x})], strict=True):
            low[name] = min(low[name], float(value.min()))
            high[name] = max(high[name], float(value.max()))
    for name in known:
        encoding = activations[name]
        assert encoding["range_method"] == "minmax"
        lowest, highest = min(low[name], 0.0), max(high[name], 0.0)
        # The two resizes differ by a grey level here and there.
        near = 2e-3 * (highest - lowest)
        assert encoding["scheme"] == "u8"
        assert encoding["range_min"] == pytest.approx(lowest, abs=near), name
        assert encoding["range_max"] == pytest.approx(highest, abs=near), name
        width = encoding["range_max"] - encoding["range_min"]
        assert encoding["scale"][0] == pytest.approx(width / 255, rel=1e-5)


def test_report_and_encodings_agree(report: Any, encodings: Any) -> None:
    reported = {tensor["name"]: tensor for tensor in report["quantization"]["tensors"]}
    for encoding in encodings:
        tensor = reported[encoding["tensor"]]
        assert np.float32(tensor["scale"]).tolist() == np.float32(encoding["scale"]).tolist()
        assert tensor["zero_point"] == encoding["zero_point"]
        assert tensor["scheme"] == encoding["scheme"]
        assert tensor["range_method"] == encoding["range_method"]
