"""A PyTorch module becomes an artifact that is called like the original."""

import copy
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import acuate
import onnx
import pytest
import torch
from acuate.pytorch.converted import ConvertedModel
from acuate.pytorch.structure import flatten
from pytorch.networks.small import Detector, Padded, detector_samples, settled
from torch import nn


@pytest.fixture(scope="module")
def original() -> Detector:
    model: Detector = settled(Detector())
    return model


@pytest.fixture(scope="module")
def result(original: Detector, tmp_path_factory: pytest.TempPathFactory) -> acuate.Result:
    output = tmp_path_factory.mktemp("detector") / "out"
    return acuate.convert(original, detector_samples(), output=output, runs=2)


@pytest.fixture(scope="module")
def converted(original: Detector, result: acuate.Result) -> ConvertedModel:
    loaded: ConvertedModel = acuate.load(result.output, model=original)
    return loaded


def test_it_is_called_like_the_original(original: Detector, converted: ConvertedModel) -> None:
    # Sizes that no sample had: both axes are open.
    for (sample,) in (*detector_samples(), *detector_samples(((9, 13),))):
        expected, found = original(sample), converted(sample)
        assert list(found) == ["scores", "aux", "stride"]
        assert found["stride"] == 1
        structure, leaves = flatten(expected)
        again, results = flatten(found)
        assert structure.difference(again) is None
        for a, b in zip(leaves, results, strict=True):
            assert b.tensor.dtype == a.tensor.dtype
            assert not b.tensor.requires_grad
            torch.testing.assert_close(b.tensor, a.tensor.detach(), rtol=1e-5, atol=1e-6)


def test_tensors_are_named_by_their_key_paths(result: acuate.Result) -> None:
    graph = onnx.load(result.output / "modules" / "model.onnx").graph
    assert [value.name for value in graph.input] == ["tensors", "mask"]
    assert [value.name for value in graph.output] == ["scores", "features"]
    sizes = [[d.dim_param for d in value.type.tensor_type.shape.dim] for value in graph.input]
    # Image and mask share their symbols.
    assert sizes == [["", "", "tensors_2", "tensors_3"], ["", "tensors_2", "tensors_3"]]


def test_the_report_tells_the_modules_of_the_program(
    original: Detector, result: acuate.Result
) -> None:
    rows = {row["path"]: row for row in result.report["modules"]}
    assert set(rows) == {path or "(model)" for path, _ in original.named_modules()}
    assert all(row["status"] == "converted" for row in rows.values())
    assert rows["backbone.body.conv"]["nodes"] > 0
    assert rows["backbone"]["calls"] == 0  # a ModuleDict
    assert rows["drop"]["calls"] == 1
    for path in ("(model)", "backbone.body", "backbone.body.norm", "head"):
        assert rows[path]["sqnr_db"] > 100
        assert rows[path]["cosine"] == pytest.approx(1, abs=1e-9)
    assert "merged" in rows["backbone.body.conv"]["reason"]["sqnr_db"]  # into the normalization
    assert rows["backbone"]["reason"]["cosine"] == "never called"
    coverage = result.report["coverage"]
    assert coverage["modules_converted"] == coverage["modules_total"] == len(rows)
    assert result.report["latency"]["runs"] == 2
    assert result.report["model"]["path"] == "Detector"
    assert result.report["accuracy"]["sqnr_db"]["converted"] > 100
    assert str(result.report).startswith(f"Conversion Rate: {len(rows)}/{len(rows)}")
    assert json.loads((result.output / "report.json").read_text()) == result.report


def test_results_are_never_overwritten(converted: ConvertedModel) -> None:
    (first,), (second,) = detector_samples(((16, 24), (16, 24)))
    kept = converted(first)["scores"]
    before = kept.clone()
    for _ in range(3):
        converted(second)
    assert torch.equal(kept, before)
    kept += 1  # and may be written


def test_threads_copies_and_pickles(converted: ConvertedModel) -> None:
    (sample,) = detector_samples()[0]
    expected = converted(sample)["scores"]
    wrong: list[int] = []

    def work() -> None:
        for _ in range(20):
            if not torch.equal(converted(sample)["scores"], expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    for again in (
        copy.deepcopy(converted),
        copy.copy(converted),
        pickle.loads(pickle.dumps(converted)),
    ):
        assert torch.equal(again(sample)["scores"], expected)
    with torch.inference_mode():
        assert torch.equal(converted(sample)["scores"], expected)


def _in_a_fork(model: ConvertedModel, queue: Any) -> None:
    (sample,) = detector_samples()[0]
    queue.put(model(sample)["scores"].tolist())


def test_a_forked_process_opens_its_own_engine(converted: ConvertedModel) -> None:
    (sample,) = detector_samples()[0]
    expected = converted(sample)["scores"]
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=_in_a_fork, args=(converted, queue))
    process.start()
    found = queue.get(timeout=60)
    process.join(timeout=60)
    assert process.exitcode == 0
    torch.testing.assert_close(torch.tensor(found), expected)


def test_wrong_calls_are_told(converted: ConvertedModel) -> None:
    (sample,) = detector_samples()[0]
    with pytest.raises(acuate.Error, match="samples is a Padded and a tensor"):
        converted(sample.tensors)
    with pytest.raises(acuate.Error, match="the model is converted for other arguments"):
        converted(sample, sample)
    with pytest.raises(acuate.Error, match=r"samples\.mask is torch\.float32, .* for bool"):
        converted(Padded(sample.tensors, sample.mask.float()))
    with pytest.raises(acuate.Error, match=r"'tensors': found float32\[1, 4"):
        converted(Padded(torch.randn(1, 4, 8, 8), torch.zeros(1, 8, 8, dtype=torch.bool)))
    leaf = sample.tensors.clone().requires_grad_()
    with pytest.raises(acuate.Error, match="requires a gradient"):
        converted(Padded(leaf, sample.mask))
    with torch.no_grad():
        converted(Padded(leaf, sample.mask))
    with pytest.raises(acuate.Error, match="cannot be trained"):
        converted.train()
    assert converted.eval() is converted
    with pytest.raises(acuate.Error, match="moved or cast"):
        converted.half()


def test_changed_weights_are_told(original: Detector, result: acuate.Result) -> None:
    changed = copy.deepcopy(original)
    with torch.no_grad():
        changed.head.bias[0] += 1
    with pytest.raises(acuate.Error, match="weights of the given model are not those"):
        acuate.load(result.output, model=changed)


def test_16_bit_floats_stay_at_the_borders(tmp_path: Path) -> None:
    model = settled(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())).bfloat16()
    samples = [torch.randn(1, 3, 8, 8, dtype=torch.bfloat16)]
    fast = acuate.convert(model, samples, output=tmp_path / "out", runs=0).load()
    found = fast(samples[0])
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, model(samples[0]).detach(), rtol=2e-2, atol=2e-2)


def test_int8_from_samples_of_one_size(original: Detector, tmp_path: Path) -> None:
    samples = detector_samples(((16, 24),) * 8)
    result = acuate.convert(original, samples, output=tmp_path / "q", precision="int8", runs=0)
    assert result.report["target"]["precision"] == "int8"
    assert 15 < result.report["accuracy"]["sqnr_db"]["converted"] < 100
    rows = {row["path"]: row for row in result.report["modules"]}
    assert 10 < rows["backbone.body"]["sqnr_db"] < 100
    assert 0.9 < rows["backbone.body"]["cosine"] < 1
    assert rows["drop"]["sqnr_db"] is None


class Judge:
    """How many samples have a first score above zero."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.above, self.count = 0, 0

    def update(self, result: dict[str, torch.Tensor]) -> None:
        self.above += int(result["scores"][0, 0] > 0)
        self.count += 1

    def aggregate(self) -> dict[str, float]:
        return {"above": self.above / self.count}


def test_the_users_evaluator(original: Detector, tmp_path: Path) -> None:
    result = acuate.convert(
        original, detector_samples(), output=tmp_path / "e", evaluator=Judge(), runs=0
    )
    row = result.report["accuracy"]["above"]
    assert row["baseline"] == row["converted"]
    assert row["n"] == 3
    assert next(iter(result.report["accuracy"])) == "above"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda model: model.train(), r"training mode"),
        (
            lambda model: model.to("meta"),
            r"'backbone.body.conv.weight' is on the meta device and has no values",
        ),
    ],
)
def test_models_that_cannot_be_run(spoil: Any, message: str, tmp_path: Path) -> None:
    model = spoil(settled(Detector()))
    with pytest.raises(acuate.Error, match=message):
        acuate.convert(model, detector_samples(), output=tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_bad_samples(original: Detector, tmp_path: Path) -> None:
    convert = acuate.convert
    with pytest.raises(acuate.Error, match="none given"):
        convert(original, output=tmp_path / "out")
    (sample,) = detector_samples()[0]
    no_mask: Any = None
    with pytest.raises(
        acuate.Error, match=r"samples\.mask is a tensor and None in samples 0 and 1"
    ):
        convert(original, [sample, Padded(sample.tensors, no_mask)], output=tmp_path / "out")
    with pytest.raises(acuate.Error, match=r"sample 0") as caught:
        convert(original, [(torch.zeros(3),)], output=tmp_path / "out")
    assert caught.value.__cause__ is not None
    with pytest.raises(acuate.Error, match="of PyTorch modules alone"):
        convert(tmp_path / "x.onnx", output=tmp_path / "out", evaluator=Judge())
    assert not list(tmp_path.iterdir())


def test_a_missing_engine_is_told_before_the_work(tmp_path: Path) -> None:
    # In a process of its own: a library that was found stays.
    code = (
        "import acuate, torch\n"
        "acuate.convert(torch.nn.ReLU().eval(), [torch.zeros(2)], output='out', note=print)"
    )
    environment = os.environ | {"ACUATE_ONNXRUNTIME_HOME": str(tmp_path)}  # where none is
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "ACUATE_ONNXRUNTIME_HOME is" in run.stderr.splitlines()[-1]
    assert not run.stdout
    assert not list(tmp_path.iterdir())
