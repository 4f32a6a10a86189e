"""convert() in Python takes what `acuate convert` takes."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import acuate
import numpy as np
import onnx
import onnxruntime
import pytest
from acuate._convert import _PYTORCH
from support import acuate as command_line

NET = """<ir_version: 8, opset_import: ["" : 13]>
  net (float[1,4] x) => (float[1,4] y) <float[4] w = {1.0, -2.0, 0.5, 4.0}> {
    ["/stem/Mul"] a = Mul(x, w)
    ["/stem/Erf"] b = Erf(a)
    ["/body/Mul"] c = Mul(b, w)
    ["/body/Erf"] d = Erf(c)
    ["/head/Mul"] y = Mul(d, w)
  }"""
# A target that takes Mul alone, so that three pieces of one node each are left to it.
TABLE = """id: toy
name: Toy
revision: "1"
run_on: onnxruntime
sources: {own: made up for this test}
operators:
  Mul: {source: own}
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    onnx.save(onnx.parser.parse_model(NET), tmp_path / "net.onnx")
    return tmp_path / "net.onnx"


@pytest.fixture
def toy(tmp_path: Path) -> str:
    (tmp_path / "toy.yaml").write_text(TABLE)
    return str(tmp_path / "toy.yaml")


def test_its_arguments_are_the_flags() -> None:
    shown = command_line("convert", "--help").stdout
    flags = set(re.findall(r"^ +(?:-\w,)?--([a-z-]+)", shown, re.MULTILINE)) - {"help", "json"}
    arguments = set(inspect.signature(acuate.convert).parameters) - {"model", "progress", "note"}
    arguments -= set(_PYTORCH)
    assert {name.replace("_", "-") for name in arguments} == flags


def engines(result: acuate.Result) -> int:
    return int(result.report["coverage"]["engines"])


def test_the_division_follows_its_arguments(net: Path, toy: str, tmp_path: Path) -> None:
    notes: list[str] = []
    everything = acuate.convert(net, output=tmp_path / "a", target=toy, runs=0, note=notes.append)
    assert engines(everything) == 3
    assert any("3 engines" in note for note in notes), notes
    assert (
        engines(acuate.convert(net, output=tmp_path / "b", target=toy, runs=0, max_engines=1)) == 1
    )
    kept = acuate.convert(
        net, output=tmp_path / "c", target=toy, runs=0, keep_on_host=["/stem/*", "body"]
    )
    assert engines(kept) == 1
    x = np.array([[1, 2, -3, 0.5]], np.float32)
    truth = onnxruntime.InferenceSession(net).run(None, {"x": x})[0]
    for result in (everything, kept):
        np.testing.assert_allclose(result.load()(x), truth, rtol=1e-6)


def test_a_condition_that_is_not_met(net: Path, toy: str, tmp_path: Path) -> None:
    result = acuate.convert(net, output=tmp_path / "a", target=toy, runs=0, require_coverage=0.75)
    assert not result.ok
    assert "0.75" in result.unmet[0] or "75" in result.unmet[0]
    assert acuate.convert(net, output=tmp_path / "b", target=toy, runs=0, require_coverage=0.5).ok


def test_mappings_in_place_of_files_and_texts(net: Path, toy: str, tmp_path: Path) -> None:
    only_head = {"head": {"rt_mode": "onnx", "auto": False}}
    result = acuate.convert(net, output=tmp_path / "a", target=toy, runs=0, config=only_head)
    assert engines(result) == 1
    (tmp_path / "config.json").write_text(json.dumps(only_head))
    same = acuate.convert(
        net, output=tmp_path / "b", target=toy, runs=0, config=tmp_path / "config.json"
    )
    assert same.report["coverage"] == result.report["coverage"]
    with pytest.raises(acuate.Error, match="nowhere"):
        acuate.convert(net, output=tmp_path / "c", config={"nowhere": {"rt_mode": "onnx"}})


def test_cuts_and_kinds_of_outputs(net: Path, tmp_path: Path) -> None:
    cut = acuate.convert(net, output=tmp_path / "a", runs=0, cut="c")
    assert len(json.loads((cut.output / "manifest.json").read_text())["modules"]) == 2
    with pytest.raises(acuate.Error, match="output-kind belong to --adapter"):
        acuate.convert(net, output=tmp_path / "b", output_kind={"y": "mask"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"precision": "fp7"}, "--precision: fp7 not in"),
        ({"max_engines": -1}, "--max-engines"),
        ({"require_coverage": 2.0}, "--require-coverage"),
        ({"shape": {"x": (1, None, 3)}}, "x"),
        ({"adapter": "pad"}, "--adapter: no input has four"),
        ({"cut": ["auto", "c"]}, "--cut: found 'auto' beside 'c'"),
        ({"max_memory": "much"}, "--max-memory"),
    ],
)
def test_mistakes_are_told_as_on_the_command_line(
    net: Path, tmp_path: Path, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(acuate.Error, match=message):
        acuate.convert(net, output=tmp_path / "out", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_dynamic_input_runs_in_its_range(tmp_path: Path) -> None:
    text = """<ir_version: 8, opset_import: ["" : 13]>
      net (float[batch,4] x) => (float[batch,2,2] y) <int64[3] s = {0, 2, 2}> {
        y = Reshape(x, s) }"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "net.onnx")
    given = {"target": "onnxruntime", "runs": 2}
    ranges = {"x": [(1, 4), (2, 4), (8, 4)]}
    model = tmp_path / "net.onnx"
    result = acuate.convert(model, output=tmp_path / "a", shape_range=ranges, **given)
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert manifest["shape_ranges"] == [{"input": "x", "min": [1, 4], "opt": [2, 4], "max": [8, 4]}]
    assert manifest["inputs"][0]["shape"] == ["batch", 4]
    loaded = result.load()
    assert loaded(np.ones((8, 4), np.float32)).shape == (8, 2, 2)
    with pytest.raises(acuate.Error, match=r"dimension 0: found 9.*1 to 8"):
        loaded(np.ones((9, 4), np.float32))
    for bad, message in [
        ({"x": [(1, 4), (2, 4), (1, 4)]}, "not to fall"),
        ({"x": [(1, 4), (2, 5), (4, 6)]}, "the usual sizes of --shape-range.*fixes it to 4"),
        ({"q": [(1,), (2,), (3,)]}, "no input 'q'"),
    ]:
        with pytest.raises(acuate.Error, match=message):
            acuate.convert(model, output=tmp_path / "b", shape_range=bad, **given)


def test_the_fastest_precision_is_taken(net: Path, tmp_path: Path) -> None:
    rows = [np.random.default_rng(i).normal(size=(1, 4)).astype(np.float32) for i in range(8)]
    options: dict[str, Any] = {"data": rows, "precision": "auto", "runs": 2}
    result = acuate.convert(net, output=tmp_path / "a", max_drop="sqnr=5dB", **options)
    tried = {row["precision"]: row["status"] for row in result.report["candidates"]}
    assert set(tried) >= {"fp32", "int8"}
    assert list(tried.values()).count("chosen") == 1
    with pytest.raises(acuate.Error, match="say how much may be lost"):
        acuate.convert(net, output=tmp_path / "b", **options)
