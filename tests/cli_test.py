"""The command line end to end, against the onnx library, ONNX Runtime and NumPy in Python."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from ppocr_reference import prepare
from support import DETECTOR, FIXTURES, acuate, pages

Array = npt.NDArray[Any]
Call = list[str | Path]
SHAPE = "x=1x3x640x512"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an input, data, an fp32 artifact and a quantized model of the detector."""
    work = tmp_path_factory.mktemp("cli")
    samples = np.concatenate([prepare(page, 640, 512) for page in pages("calibration", 4)])
    np.save(work / "data.npy", samples)
    np.save(work / "x.npy", prepare(pages("evaluation", 1)[0], 640, 512))
    judge = np.concatenate([prepare(page, 640, 512) for page in pages("evaluation", 3)])
    np.save(work / "judge.npy", judge)
    (work / "spec.yaml").write_text("data: judge.npy\nmetrics: [sqnr, cosine]\n", "utf-8")
    convert: Call = ["convert", DETECTOR, "--precision", "fp32", "--shape", SHAPE, "--runs", "1"]
    acuate(*convert, "-o", work / "artifact")
    quantize: Call = ["quantize", DETECTOR, "--shape", SHAPE, "--data", work / "data.npy"]
    acuate(*quantize, "-o", work / "q.onnx")
    return work


def infer(
    model: Path | onnx.ModelProto, x: Array, optimized: bool = True, threads: int = 1
) -> dict[str, Array]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    if not optimized:
        level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.graph_optimization_level = level
    source = model.SerializeToString() if isinstance(model, onnx.ModelProto) else str(model)
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"x": x}), strict=True))


def sqnr_db(a: Array, b: Array) -> float:
    x, y = a.astype(np.float64), b.astype(np.float64)
    return float(10 * np.log10(np.sum(x**2) / np.sum((x - y) ** 2)))


def answer(*arguments: str | Path, status: int = 0) -> Any:
    """The JSON form, which must be all that is on stdout."""
    return json.loads(acuate(*arguments, "--json", "-", status=status).stdout)


def test_inspect_counts_as_the_onnx_library_does(work: Path) -> None:
    del work
    for name in ("ppocr_v4_det", "nudenet_320n", "picodet_layout_cdla"):
        model = onnx.load(FIXTURES / f"{name}.onnx")
        found = answer("inspect", FIXTURES / f"{name}.onnx")
        operators: dict[str, int] = {}
        for node in model.graph.node:
            operators[node.op_type] = operators.get(node.op_type, 0) + 1
        assert found["operators"] == operators
        assert found["nodes"] == len(model.graph.node)
        weights = [numpy_helper.to_array(w).size for w in model.graph.initializer]
        for node in model.graph.node:
            if node.op_type == "Constant":
                weights += [
                    numpy_helper.to_array(a.t).size for a in node.attribute if a.name == "value"
                ]
        assert found["parameters"] == sum(weights)
        assert [port["name"] for port in found["inputs"]] == [i.name for i in model.graph.input]
        assert found["opset"] == [
            {"domain": o.domain, "version": o.version} for o in model.opset_import
        ]
        assert found["findings"] == []


def test_inspect_multiply_accumulates() -> None:
    """Those of the convolutions, from the shapes that the onnx library infers."""
    found = answer("inspect", FIXTURES / "nudenet_320n.onnx", "--shape", "images=1x3x320x320")
    model = onnx.load(FIXTURES / "nudenet_320n.onnx")
    for dim, size in zip(
        model.graph.input[0].type.tensor_type.shape.dim, (1, 3, 320, 320), strict=True
    ):
        dim.dim_value = size
    del model.graph.value_info[:]
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in [*inferred.graph.value_info, *inferred.graph.output]
    }
    weights = {w.name: list(w.dims) for w in model.graph.initializer}
    macs = 0
    for node in model.graph.node:
        assert node.op_type not in ("Gemm", "MatMul", "ConvTranspose")
        if node.op_type == "Conv":
            macs += int(np.prod(shapes[node.output[0]]) * np.prod(weights[node.input[1]][1:]))
    assert found["macs"] == macs
    assert found["modules"][0]["macs"] == macs
    assert found["modules"][0]["path"] == ""


def test_edits_of_an_artifact_replay_to_its_bytes(work: Path, tmp_path: Path) -> None:
    acuate("edit", DETECTOR, work / "artifact" / "edits.acu", "-o", tmp_path / "again.onnx")
    emitted = (work / "artifact" / "modules" / "model.onnx").read_bytes()
    assert (tmp_path / "again.onnx").read_bytes() == emitted


def test_an_empty_script_changes_no_byte(tmp_path: Path) -> None:
    (tmp_path / "empty.acu").write_text("# nothing\n", "utf-8")
    for name in ("ppocr_v4_det", "silero_vad", "nudenet_320n"):
        source = FIXTURES / f"{name}.onnx"
        acuate("edit", source, tmp_path / "empty.acu", "-o", tmp_path / "same.onnx")
        assert (tmp_path / "same.onnx").read_bytes() == source.read_bytes()


def test_fix_writes_the_script_it_applied(tmp_path: Path) -> None:
    fixed = tmp_path / "fixed.onnx"
    found = answer("fix", DETECTOR, "-o", fixed, "--shape", SHAPE, "--target", "vsi-npu")
    assert found["still_dynamic"] == []
    assert [f["id"] for f in found["findings"] if f["id"].startswith("dynamic")] == []
    acuate("edit", DETECTOR, tmp_path / "fixed.onnx.acu", "-o", tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == fixed.read_bytes()
    shape = onnx.load(fixed).graph.input[0].type.tensor_type.shape
    assert [dim.dim_value for dim in shape.dim] == [1, 3, 640, 512]
    open_end = answer("fix", DETECTOR, "-o", tmp_path / "same.onnx")
    assert open_end["edits"] == []
    assert open_end["still_dynamic"][0]["value"] == "x"


def test_run_gives_the_bits_of_onnx_runtime(work: Path, tmp_path: Path) -> None:
    call: Call = ["run", work / "artifact", "--input", f"x={work / 'x.npy'}", "--threads", "1"]
    found = answer(*call, "-o", tmp_path)
    x = np.load(work / "x.npy")
    expected = infer(work / "artifact" / "modules" / "model.onnx", x)
    assert [output["name"] for output in found["outputs"]] == list(expected)
    for output in found["outputs"]:
        assert np.array_equal(np.load(output["file"]), expected[output["name"]])
        assert output["shape"] == list(expected[output["name"]].shape)


def test_simplified_models_compute_the_same(work: Path, tmp_path: Path) -> None:
    x = np.load(work / "x.npy")
    call: Call = ["simplify", DETECTOR, "--shape", SHAPE]
    exact = answer(*call, "-o", tmp_path / "exact.onnx", "--exact")
    assert {record["exactness"] for record in exact["passes"]} == {"exact"}
    assert exact["nodes_after"] < exact["nodes_before"]
    original = infer(DETECTOR, x, optimized=False)
    for name, value in infer(tmp_path / "exact.onnx", x, optimized=False).items():
        assert np.array_equal(value, original[name])
    rounding = answer(*call, "-o", tmp_path / "rounding.onnx")
    assert rounding["nodes_after"] < exact["nodes_after"]
    for record in rounding["passes"]:
        assert record["exactness"] == "exact" or record["bound"]
    # Each pass bounds one node; 62 convolutions deep, what is left in front of the sigmoid is
    # measured: ten thousand times below a step of 8 bits.
    for name, value in infer(tmp_path / "rounding.onnx", x, optimized=False).items():
        assert sqnr_db(original[name], value) > 90
        assert not np.array_equal(value, original[name])
    without = answer(*call, "-o", tmp_path / "w.onnx", "--disable", "fuse-batch-norm-into-conv")
    assert "fuse_batch_norm_into_conv" not in {
        record["id"] for record in without["passes"] if record["applied"]
    }


def test_diff_tells_what_an_edit_changed(tmp_path: Path) -> None:
    script = tmp_path / "e.acu"
    script.write_text("rename-node p2o.Conv.0 stem\n", "utf-8")
    acuate("edit", DETECTOR, script, "-o", tmp_path / "e.onnx")
    found = answer("diff", DETECTOR, tmp_path / "e.onnx", status=1)
    assert [(c["before"], c["after"]) for c in found["nodes_renamed"]] == [("p2o.Conv.0", "stem")]
    assert found["nodes_added"] == found["nodes_removed"] == found["nodes_changed"] == []
    assert acuate("diff", DETECTOR, DETECTOR).stdout.strip() == "no differences"


def test_quantize_writes_model_and_encodings(work: Path) -> None:
    model = onnx.load(work / "q.onnx")
    onnx.checker.check_model(model)
    encodings = json.loads((work / "q.encodings.json").read_text("utf-8"))
    assert len(encodings["tensors"]) > 100
    assert sum(node.op_type == "DequantizeLinear" for node in model.graph.node) > 100
    x = np.load(work / "x.npy")
    output = "sigmoid_0.tmp_0"
    value = infer(work / "q.onnx", x)[output]
    assert sqnr_db(infer(DETECTOR, x)[output], value) > 5


def test_evaluate_against_numpy(work: Path) -> None:
    call: Call = ["evaluate", work / "q.onnx", "--eval", work / "spec.yaml", "--baseline", DETECTOR]
    found = {m["metric"]: m for m in answer(*call, "--threads", "1")["metrics"]}
    judge = np.load(work / "judge.npy")
    output = "sigmoid_0.tmp_0"
    pairs = [
        (infer(DETECTOR, x[None])[output], infer(work / "q.onnx", x[None])[output]) for x in judge
    ]
    a = np.stack([pair[0] for pair in pairs])
    b = np.stack([pair[1] for pair in pairs])
    assert found["sqnr_db"]["n"] == 3
    assert found["sqnr_db"]["converted"] == pytest.approx(sqnr_db(a, b), abs=1e-3)
    low, high = found["sqnr_db"]["interval"]
    assert low <= found["sqnr_db"]["converted"] <= high
    assert acuate(*call[:4], status=2).stderr.find("--baseline") > 0


def test_compare_against_numpy(work: Path) -> None:
    call: Call = ["compare", DETECTOR, work / "q.onnx", "--input", f"x={work / 'x.npy'}"]
    found = answer(*call, "--threads", "1", "--threshold", "30")
    x = np.load(work / "x.npy")
    output = "sigmoid_0.tmp_0"
    a = infer(DETECTOR, x, optimized=False)[output]
    b = infer(work / "q.onnx", x, optimized=False)[output]
    assert found["outputs"][0]["sqnr_db"] == pytest.approx(sqnr_db(a, b), abs=1e-3)
    assert found["outputs"][0]["max_abs"] == pytest.approx(float(np.abs(a - b).max()), rel=1e-4)
    below = [t for t in found["tensors"] if t.get("reason") != "equal" and (t["sqnr_db"] or 0) < 30]
    assert found["first_below"] == below[0]
    same = answer("compare", work / "q.onnx", work / "q.onnx", "--input", f"x={work / 'x.npy'}")
    assert {t["reason"] for t in same["tensors"]} == {"equal"}
    assert same["first_below"] is None


def test_equal_names_hold_equal_values_after_simplify(work: Path, tmp_path: Path) -> None:
    """A tensor that a pass gives another meaning gets another name: compare would lie else."""
    acuate("simplify", DETECTOR, "--shape", SHAPE, "-o", tmp_path / "s.onnx")
    call: Call = ["compare", DETECTOR, tmp_path / "s.onnx", "--input", f"x={work / 'x.npy'}"]
    found = answer(*call, "--threshold", "80")
    assert len(found["tensors"]) > 60
    assert found["first_below"] is None


def test_bench_and_report_and_lists(work: Path, tmp_path: Path) -> None:
    call: Call = ["bench", DETECTOR, work / "artifact", "--shape", SHAPE, "--runs", "3"]
    found = answer(*call, "--threads", "1")["contenders"]
    assert [len(c["wall_ms"]) for c in found] == [3, 3]
    assert found[0]["ratio"] == 1
    for contender in found:
        assert contender["median_ms"] == pytest.approx(np.median(contender["wall_ms"]))
        assert contender["median_cpu_ms"] > 0
    report = answer("report", work / "artifact", "--html", tmp_path / "r.html")
    assert report == json.loads((work / "artifact" / "report.json").read_text("utf-8"))
    assert "<html" in (tmp_path / "r.html").read_text("utf-8")
    targets = {t["id"]: t for t in answer("targets")["targets"]}
    assert targets["onnxruntime"]["run"]["available"]
    assert targets["onnxruntime"]["run"]["version"] == onnxruntime.__version__
    assert not targets["vsi_npu"]["build"]["available"]
    assert targets["vsi_npu"]["build"]["reason"]
    order = [p["id"] for p in answer("passes")["passes"]]
    assert order.index("fold_constants") < order.index("fuse_batch_norm_into_conv")
    for name in order:
        assert answer("explain", name)["units"][0]["kind"] == "pass"
    assert "did you mean 'fold-constants'" in acuate("explain", "fold-constant", status=2).stderr


def test_diagnose_finds_all_at_once(work: Path) -> None:
    del work
    found = answer("diagnose", DETECTOR, "--target", "vsi-npu,onnxruntime")
    assert found["targets"] == ["vsi_npu", "onnxruntime"]
    assert {"dynamic_input", "dynamic_shape"} <= {f["id"] for f in found["findings"]}
    proposed = answer(
        "diagnose", DETECTOR, "--target", "vsi-npu", "--data", pages("calibration", 1)[0].parent
    )
    assert proposed["shapes_source"] == "proposed from the data"
    assert proposed["shapes"][0].startswith("x=1x3x")
    fixes = [line for f in proposed["findings"] for line in f["fix"]]
    assert any(line.startswith("set-shape x 1 3 ") for line in fixes)


def test_json_to_a_file_leaves_the_text(work: Path, tmp_path: Path) -> None:
    done = acuate("inspect", work / "q.onnx", "--json", tmp_path / "i.json")
    assert "operators" in done.stdout
    assert json.loads((tmp_path / "i.json").read_text("utf-8"))["operators"]["Conv"] > 50


def test_every_command_has_help_with_examples() -> None:
    listing = acuate("--help").stdout
    commands = [
        line.split()[0] for line in listing.split("Subcommands:")[1].splitlines() if line.strip()
    ]
    assert len(commands) >= 16
    for command in commands:
        text = acuate(command, "--help").stdout
        assert "Examples:" in text, command
        assert f"acuate {command} " in text or f"acuate {command}\n" in text
        assert "--json" in text
