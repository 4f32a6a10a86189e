"""The workflow that AcuiRT's users know."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from acuate import ConversionWorkflow, Error
from acuate.pytorch.workflow import FileExporter, LoggingExporter
from torch import nn

CONFIG = {"rt_mode": "onnx", "auto": True}


class Net(nn.Module):
    """Takes its input by keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, samples: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"scores": self.body(samples)}


class Evaluator:
    def __init__(self, truth: list[int]) -> None:
        self.truth = truth
        self.reset()

    def reset(self) -> None:
        self.place, self.right = 0, 0

    def update(self, result: dict[str, torch.Tensor]) -> None:
        self.right += int(result["scores"].argmax()) == self.truth[self.place]
        self.place += 1

    def aggregate(self) -> dict[str, float]:
        return {"accuracy": self.right / self.place}


@pytest.fixture
def data() -> list[tuple[torch.Tensor, dict[str, Any]]]:
    generator = torch.Generator().manual_seed(0)
    return [(torch.randn(1, 4, generator=generator), {"id": i}) for i in range(12)]


def keywords(batch: tuple[torch.Tensor, Any]) -> dict[str, torch.Tensor]:
    return {"samples": batch[0]}


@pytest.fixture
def model() -> Net:
    torch.manual_seed(0)
    made = Net().eval()
    return made


def truth_of(model: nn.Module, data: list[Any]) -> list[int]:
    return [int(model(batch[0])["scores"].argmax()) for batch in data]


def test_convert_evaluate_and_tell(
    model: Net, data: list[Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("workflow")
    with caplog.at_level(logging.INFO, "workflow"):
        workflow = ConversionWorkflow(
            model,
            Evaluator(truth_of(model, data)),
            data,
            keywords,
            conversion_dataset=data[:3],
            exporters=[LoggingExporter(logger, "accuracy"), FileExporter(logger)],
            settings_torch_profiler={"activities": []},
        )
        fast, report = workflow.run(CONFIG, tmp_path / "out")
    assert torch.allclose(
        fast(samples=data[0][0])["scores"], model(data[0][0])["scores"], atol=1e-6
    )
    assert report.performance.accuracy == {"accuracy": 1.0}
    assert report.non_converted_performance is not None
    assert report.non_converted_performance.accuracy == {"accuracy": 1.0}
    assert report.performance.latency > 0
    assert report.conversion_rate == (5, 5)
    assert report.num_modules == 1
    assert "Conversion Rate: 5/5" in caplog.text
    assert "Accuracy: 1.0000 (baseline 1.0000)" in caplog.text
    assert (tmp_path / "out/report.txt").read_text().startswith("Conversion Rate: 5/5")
    stored = json.loads((tmp_path / "out/report.json").read_text())
    assert stored["accuracy"]["accuracy"] == report.report["accuracy"]["accuracy"]
    assert stored["accuracy"]["accuracy"]["n"] == 12


def test_what_was_converted_is_evaluated_again(model: Net, data: list[Any], tmp_path: Path) -> None:
    workflow = ConversionWorkflow(model, Evaluator(truth_of(model, data)), data, keywords)
    workflow.run(CONFIG, tmp_path / "out")
    file = tmp_path / "out/modules/model.onnx"
    before = file.stat().st_mtime_ns
    _, report = workflow.run(CONFIG, tmp_path / "out", skip_convert=True)
    assert report.performance.accuracy == {"accuracy": 1.0}
    assert file.stat().st_mtime_ns == before


def test_the_original_may_be_left_out(model: Net, data: list[Any], tmp_path: Path) -> None:
    workflow = ConversionWorkflow(
        model, Evaluator([0] * 12), data, keywords, eval_non_converted_model=False
    )
    _, report = workflow.run(CONFIG, tmp_path / "out")
    assert report.non_converted_performance is None


def test_mistakes(model: Net, data: list[Any], tmp_path: Path) -> None:
    with pytest.raises(Error, match="can be read only once"):
        ConversionWorkflow(model, Evaluator([]), iter(data))
    with pytest.raises(Error, match=r"batch 0 is a tuple, expected \(args, kwargs\)"):
        ConversionWorkflow(model, Evaluator([]), [(1, 2, 3)]).run(CONFIG, tmp_path / "out")
    workflow = ConversionWorkflow(
        model, Evaluator([0] * 12), data, keywords, exporters=[LoggingExporter(None, "AP")]
    )
    with pytest.raises(Error, match="no metric 'AP'; there are: accuracy"):
        workflow.run(CONFIG, tmp_path / "out")
