"""A model that no exporter takes is divided at module borders; the rest stays in PyTorch."""

import copy
import json
import pickle
import threading
import warnings
from pathlib import Path
from typing import Any

import acuate
import jsonschema
import pytest
import torch
from acuate.pytorch.divided import DividedModel
from acuate.pytorch.export import export
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import derive
from acuate.pytorch.split import with_weights_of
from acuate.pytorch.verify import check
from pytorch.networks.small import Block, Gated, gated_samples, settled
from support import ROOT
from support import acuate as command_line
from torch import nn


@pytest.fixture(scope="module")
def original() -> Gated:
    model: Gated = settled(Gated())
    return model


@pytest.fixture(scope="module")
def result(original: Gated, tmp_path_factory: pytest.TempPathFactory) -> acuate.Result:
    output = tmp_path_factory.mktemp("gated") / "out"
    return acuate.convert(original, gated_samples(), output=output, runs=2)


def test_both_ways_of_the_gate_are_taken(original: Gated, result: acuate.Result) -> None:
    divided: DividedModel = acuate.load(result.output, model=original)
    before = copy.deepcopy(original.state_dict())
    assert divided.engines
    for sample in gated_samples():
        with torch.no_grad():
            expected = original(sample)["y"]
        found = divided(sample)["y"]
        assert not found.requires_grad
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert all(torch.equal(before[name], value) for name, value in original.state_dict().items())
    assert "forward" not in vars(original.stem)  # the original is as it was


def test_what_stays_in_pytorch_is_told(result: acuate.Result) -> None:
    rows = {row["path"]: row for row in result.report["modules"]}
    assert rows["gate"]["status"] == "failed"
    assert "value" in rows["gate"]["error"]
    assert "small.py" in rows["gate"]["error"]  # with the line of the branch
    converted = [path for path, row in rows.items() if row["status"] == "converted"]
    # Which of the heavy ones are faster as engines is measured; the machine may be busy.
    pieces = [rows[path] for path in ("stem", "layers.0", "layers.1") if path in converted]
    assert pieces
    for piece in pieces:
        assert piece["engine"].startswith("pieces/")
        assert piece["sqnr_db"] > 90
        assert piece["cosine"] == pytest.approx(1, abs=1e-8)
    assert rows["gate"]["reason"]["cosine"] == "it is run by PyTorch"
    coverage = result.report["coverage"]
    assert coverage["modules_converted"] == len(converted)
    assert coverage["modules_total"] == len(rows)
    assert coverage["engines"] >= 1


def test_the_artifact_is_of_the_schemas(result: acuate.Result) -> None:
    for name in ("manifest", "report"):
        schema = json.loads((ROOT / f"src/report/schema/{name}.schema.json").read_text())
        jsonschema.validate(json.loads((result.output / f"{name}.json").read_text()), schema)


def test_it_needs_the_original(original: Gated, result: acuate.Result) -> None:
    with pytest.raises(acuate.Error, match="give the original"):
        acuate.load(result.output)
    changed = copy.deepcopy(original)
    with torch.no_grad():
        changed.gate.bright.conv.weight += 1
    with pytest.raises(acuate.Error, match="not those that were converted"):
        acuate.load(result.output, model=changed)
    told = command_line("run", result.output, "-o", result.output / "x", status=2)
    assert "stay in PyTorch" in told.stderr


def test_other_calls_are_run_by_pytorch(original: Gated, result: acuate.Result) -> None:
    divided: DividedModel = acuate.load(result.output, model=original)
    sample = torch.cat([gated_samples()[0]] * 2)  # a batch of two, which no sample had
    with torch.no_grad():
        expected = original(sample)["y"]
    with pytest.warns(UserWarning, match="is run by PyTorch"):
        found = divided(sample)["y"]
    torch.testing.assert_close(found, expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        divided(sample)  # it is said once


def test_copies_pickles_and_threads(original: Gated, result: acuate.Result) -> None:
    divided: DividedModel = acuate.load(result.output, model=original)
    samples = gated_samples()
    expected = [divided(sample)["y"] for sample in samples]
    copies = copy.copy(divided), copy.deepcopy(divided), pickle.loads(pickle.dumps(divided))
    for again in copies:
        for sample, y in zip(samples, expected, strict=True):
            torch.testing.assert_close(again(sample)["y"], y, rtol=0, atol=0)
    # A copy in depth has weights of its own, and engines that are its own, too.
    with torch.no_grad():
        for weight in copies[1].model.parameters():
            weight.zero_()
    torch.testing.assert_close(divided(samples[0])["y"], expected[0], rtol=0, atol=0)
    assert not set(map(id, copies[1].engines.values())) & set(map(id, divided.engines.values()))
    wrong: list[int] = []

    def work(place: int) -> None:
        for _ in range(5):
            if not torch.equal(divided(samples[place])["y"], expected[place]):
                wrong.append(place)

    threads = [threading.Thread(target=work, args=(i % len(samples),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_excluded_modules_stay(original: Gated, tmp_path: Path) -> None:
    result = acuate.convert(
        original, gated_samples(), output=tmp_path / "out", runs=0, exclude=["layers.0"]
    )
    rows = {row["path"]: row for row in result.report["modules"]}
    inside = [row for path, row in rows.items() if path.startswith("layers.0")]
    assert all(row["status"] != "converted" for row in inside)
    assert rows["layers.0"]["error"] == "excluded"
    with pytest.raises(acuate.Error, match="no module 'layer'"):
        acuate.convert(original, gated_samples(), output=tmp_path / "no", exclude="layer")


def test_only_the_modules_of_the_configuration(original: Gated, tmp_path: Path) -> None:
    result = acuate.convert(
        original,
        gated_samples(),
        output=tmp_path / "out",
        runs=0,
        config={"layers.1": {"rt_mode": "onnx"}},
    )
    rows = {row["path"]: row for row in result.report["modules"]}
    converted = [path for path, row in rows.items() if row["status"] == "converted"]
    assert all(path.startswith("layers.1") for path in converted)
    whole = {"rt_mode": "onnx", "auto": False}
    with pytest.raises(acuate.Error, match="cannot be converted as a whole"):
        acuate.convert(original, gated_samples(), output=tmp_path / "no", config=whole)


def test_recursion_takes_what_has_one_shape(original: Gated, tmp_path: Path) -> None:
    same = [gated_samples()[0]] * 2
    result = acuate.convert(original, same, output=tmp_path / "out", runs=0, strategy="recursive")
    rows = {row["path"]: row for row in result.report["modules"]}
    assert rows["stem"]["status"] == "converted"
    assert rows["gate.bright"]["status"] == "converted"  # however small
    varied = acuate.convert(
        original, gated_samples(), output=tmp_path / "none", runs=0, strategy="recursive"
    )
    converted = [r["path"] for r in varied.report["modules"] if r["status"] == "converted"]
    assert all(path.startswith("gate.dark") for path in converted)  # which one sample reaches
    reasons: dict[str, Any] = {row["path"]: row["error"] for row in varied.report["modules"]}
    assert "varies" in reasons["stem"]


def test_a_graph_takes_the_weights_of_a_module_alike(tmp_path: Path) -> None:
    first, second = settled(Block(3, 4), 0), settled(Block(3, 4), 1)
    call = Call((torch.randn(1, 3, 8, 8),))
    signature = derive([call], [first(*call.args)], ("x",))
    export(first, call, signature, tmp_path / "first.onnx", "torchscript")
    assert with_weights_of(second, tmp_path / "first.onnx", tmp_path / "second.onnx")
    assert check(second, [call], signature, tmp_path / "second.onnx")[0][0] < 1e-5
    assert not with_weights_of(nn.Linear(3, 4), tmp_path / "first.onnx", tmp_path / "no.onnx")


def test_smaller_pieces_where_memory_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 8 GB")

    monkeypatch.setattr("acuate.pytorch.convert.export_faithful", fails)
    model = nn.Sequential(*(settled(Block(3, 3)) for _ in range(2))).eval()
    told: list[str] = []
    sample = torch.randn(1, 3, 16, 16)
    result = acuate.convert(
        model, [sample], output=tmp_path / "out", runs=0, strategy="auto", note=told.append
    )
    assert any("not enough memory for all of it at once" in line for line in told)
    found = acuate.load(result.output, model=model)(sample)
    torch.testing.assert_close(found, model(sample).detach(), rtol=1e-4, atol=1e-5)


def test_what_is_interrupted_leaves_nothing(
    original: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("acuate.pytorch.divide.describe", interrupt)
    before = {name: value.clone() for name, value in original.state_dict().items()}
    with pytest.raises(KeyboardInterrupt):
        acuate.convert(original, gated_samples(), output=tmp_path / "out", runs=0)
    assert not list(tmp_path.iterdir())
    assert all(torch.equal(before[name], value) for name, value in original.state_dict().items())
    assert not original.stem._forward_hooks
