"""The models of libonnx-testdata that src/convert/simplify_corpus_test.cpp cannot run, simplified,
give the same: strings, sequences and optionals at their ends go through ONNX Runtime here, what it
has no kernel for through the onnx library's reference implementation."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator
from support import acuate

TESTDATA = Path(os.environ.get("ACUATE_ONNX_TESTDATA", "/usr/share/libonnx-testdata/data"))
# Neither runs these: Gradient of ai.onnx.preview.training is implemented nowhere.
NOT_RUN = {"test_gradient_of_add", "test_gradient_of_add_and_mul"}
TOLERANCE = 2e-4  # of the largest value, where passes may round


def is_numeric(value: onnx.ValueInfoProto) -> bool:
    tensor = value.type.tensor_type
    return value.type.HasField("tensor_type") and tensor.elem_type != TensorProto.STRING


def read(path: Path, value: onnx.ValueInfoProto) -> Any:
    kind = value.type.WhichOneof("value")
    if kind == "sequence_type":
        sequence = onnx.SequenceProto()
        sequence.ParseFromString(path.read_bytes())
        return numpy_helper.to_list(sequence)
    if kind == "optional_type":
        optional = onnx.OptionalProto()
        optional.ParseFromString(path.read_bytes())
        return numpy_helper.to_optional(optional)
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(tensor)


def session(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def run(model: Path, with_engine: bool, feeds: dict[str, Any]) -> list[Any]:
    if with_engine:
        return list(session(model).run(None, feeds))
    return list(ReferenceEvaluator(str(model)).run(None, feeds))


def difference(before: Any, after: Any, tolerance: float) -> str:
    if before is None or after is None:
        return "" if before is after else "an empty optional came or went"
    if isinstance(before, list):
        if not isinstance(after, list) or len(before) != len(after):
            return "another length"
        each = (difference(a, b, tolerance) for a, b in zip(before, after, strict=True))
        return next(filter(None, each), "")
    a, b = np.asarray(before), np.asarray(after)
    if a.dtype != b.dtype or a.shape != b.shape:
        return f"{a.dtype} {a.shape} became {b.dtype} {b.shape}"
    if a.dtype.kind in "OUS":
        return "" if (a == b).all() else "other strings"
    if a.tobytes() == b.tobytes():
        return ""
    if tolerance == 0 or a.dtype.kind != "f":
        return "other bits"
    error = np.nanmax(np.abs(a - b))
    return "" if error <= tolerance * np.nanmax(np.abs(a)) else f"off by {error}"


def cases() -> list[tuple[Path, bool]]:
    """Models that are left to this test, and whether ONNX Runtime takes them."""
    found = []
    for path in sorted(TESTDATA.rglob("model.onnx")):
        graph = onnx.load(path).graph
        try:
            session(path)
        except Exception:  # the engine has a class of its own for each refusal
            found.append((path, False))
            continue
        if not all(is_numeric(value) for value in [*graph.input, *graph.output]):
            found.append((path, True))
    return found


def test_they_give_the_same(tmp_path: Path) -> None:
    not_run, changed = set(), 0
    models = cases()
    for path, with_engine in models:
        name = path.parent.name
        graph = onnx.load(path).graph
        constants = {initializer.name for initializer in graph.initializer}
        inputs = [value for value in graph.input if value.name not in constants]
        data = path.parent / "test_data_set_0"
        feeds = {v.name: read(data / f"input_{i}.pb", v) for i, v in enumerate(inputs)}
        try:
            expected = run(path, with_engine, feeds)
        except NotImplementedError:
            not_run.add(name)
            continue
        simple = tmp_path / "simple.onnx"
        for flags, tolerance in ((["--exact"], 0.0), ([], TOLERANCE)):
            acuate("simplify", path, "-o", simple, *flags)
            assert difference(expected, run(simple, with_engine, feeds), tolerance) == "", name
        changed += len(onnx.load(simple).graph.node) < len(graph.node)
    assert not_run == NOT_RUN
    # 34 by the engine, 62 that it refuses.
    assert len(models) == 96
    assert changed > 0
