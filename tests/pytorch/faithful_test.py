"""Exports are checked on every sample, and tell which module each node is from."""

from pathlib import Path
from typing import Any

import acuate
import onnx
import pytest
import torch
from acuate import Error
from acuate.pytorch.describe import run_sample
from acuate.pytorch.export import EXPORTERS, ExportError, export
from acuate.pytorch.faithful import export_faithful
from acuate.pytorch.probe import module_of
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature, derive
from acuate.pytorch.split import with_weights_of
from acuate.pytorch.verify import check, first_difference
from pytorch.networks.small import Detector, Gated, detector_samples, gated_samples, settled
from torch import nn


def signature_of(model: nn.Module, calls: list[Call]) -> Signature:
    results = [run_sample(model, call, index) for index, call in enumerate(calls)]
    return derive(calls, results, ("x",))


def test_a_branch_that_was_frozen_is_found(tmp_path: Path) -> None:
    model = settled(Gated(8))
    calls = [Call((x,)) for x in gated_samples()]
    signature = signature_of(model, calls)
    file = tmp_path / "model.onnx"
    export(model, calls[0], signature, file, "torchscript")
    # The samples that go the way that was traced are equal.
    for errors in check(model, [calls[0], calls[2]], signature, file):
        assert max(errors) < 1e-5
    with pytest.raises(Error, match=r"sample 1: 'y' differs .* first module that differs is 'gate"):
        check(model, calls, signature, file)
    found = first_difference(model, calls[1], signature, file)
    assert found is not None
    assert found[1] > 0.1
    assert first_difference(model, calls[0], signature, file) is None


def test_weights_that_changed_are_found_where_they_are(tmp_path: Path) -> None:
    model = settled(Gated(8))
    calls = [Call((x,)) for x in gated_samples()[::2]]
    signature = signature_of(model, calls)
    file = tmp_path / "model.onnx"
    export(model, calls[0], signature, file, "torchscript")
    with torch.no_grad():
        model.layers[1][0].conv.weight *= 2
    found = first_difference(model, calls[1], signature, file)
    assert found is not None
    assert found[0] == "layers.1.0.conv"


class Noisy(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.rand_like(x)


def test_randomness_is_told_as_what_it_is(tmp_path: Path) -> None:
    calls = [Call((torch.zeros(4),))]
    signature = signature_of(Noisy(), calls)
    file = tmp_path / "model.onnx"
    export(Noisy(), calls[0], signature, file, "torchscript")
    with pytest.raises(Error, match="two runs of the module itself differ"):
        check(Noisy(), calls, signature, file)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_every_node_tells_its_module(exporter: str, tmp_path: Path) -> None:
    model = settled(Detector())
    calls = [Call(args) for args in detector_samples()]
    signature = signature_of(model, calls)
    file = tmp_path / "model.onnx"
    export(model, calls[0], signature, file, exporter)
    paths = {path for path, _ in model.named_modules()}
    nodes = [n for n in onnx.load(file).graph.node if n.op_type not in ("Constant", "Identity")]
    told = {module_of(node) for node in nodes}
    assert told <= paths
    assert {"backbone.body.conv", "head"} <= told
    convolution = next(node for node in nodes if node.op_type == "Conv")
    assert module_of(convolution) == "backbone.body.conv"


class Untranslated(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = torch.special.bessel_j0(x)
        return result


def test_reasons_of_all_exporters_are_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    calls = [Call((torch.rand(4),))]
    model = Untranslated().eval()
    with pytest.raises(ExportError, match=r"torchscript: .*bessel.*; dynamo: ") as caught:
        export_faithful(model, calls, signature_of(model, calls), tmp_path / "model.onnx")
    assert "\n" not in str(caught.value)
    assert "graph(" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_weights_in_files_of_their_own(
    exporter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for models of more than 2 GiB, by a lower limit. TorchScript's exporter has its limit in
    C++: its file is written anew in the form that it would have."""
    monkeypatch.setattr("acuate.pytorch.export.EXTERNAL_BYTES", 0)
    original = torch.onnx.export

    def exports(model: Any, tensors: Any, path: Any, **options: Any) -> None:
        original(model, tensors, path, **options)
        if exporter == "torchscript":
            assert isinstance(path, str)  # or it has no place for weights
            file = onnx.load(path)
            onnx.save(
                file,
                path,
                save_as_external_data=True,
                all_tensors_to_one_file=False,
                size_threshold=0,
            )

    monkeypatch.setattr("torch.onnx.export", exports)
    last = nn.Linear(64, 64)
    model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), last).eval()
    calls = [Call((torch.ones(2, 4),)), Call((torch.ones(3, 4),))]
    signature = signature_of(model, calls)
    file = tmp_path / "model.onnx"
    exported, errors = export_faithful(model, calls, signature, file, [exporter])
    assert max(map(max, errors)) < 1e-5
    assert file.stat().st_size < 64 * 64 * 4
    assert len(list(tmp_path.iterdir())) > 1
    with torch.no_grad():
        last.weight[:] = last.weight.flip(0)
    assert first_difference(model, calls[0], signature, file) is not None
    again = tmp_path / "again" / "model.onnx"
    again.parent.mkdir()
    assert with_weights_of(model, exported.path, again)
    assert again.stat().st_size < 64 * 64 * 4
    assert max(map(max, check(model, calls, signature, again))) < 1e-5
    result = acuate.convert(file, output=tmp_path / "out", runs=0)
    assert result.report["coverage"]["engines"] == 1
