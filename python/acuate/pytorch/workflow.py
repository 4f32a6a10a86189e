"""Convert, evaluate, compare and tell, in one object: the shape that AcuiRT's users know.

workflow = ConversionWorkflow(model, evaluator, eval_dataset, post_process)
fast, report = workflow.run({"rt_mode": "onnx", "auto": True, "fp16": True}, "out")
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import torch

from acuate._convert import PathLike, convert
from acuate._core import Error
from acuate._model import load
from acuate.pytorch import judge
from acuate.pytorch.report import Report
from acuate.pytorch.samples import Call

CONVERSION_SAMPLES = 8
"""Taken from the evaluation data where there are no data for the conversion."""
TIMED_RUNS = 20

PostProcess = Callable[[Any], tuple[tuple[Any, ...], Mapping[str, Any]] | Mapping[str, Any]]


@dataclass(frozen=True)
class Performance:
    """Of one model on the evaluation data."""

    accuracy: dict[str, float]
    latency: float
    """Median of one call, ms."""


@dataclass(frozen=True)
class WorkflowReport:
    """What `run` found."""

    performance: Performance
    non_converted_performance: Performance | None
    """Of the model as it came; None where it was not evaluated."""
    conversion_rate: tuple[int, int]
    """Modules that are converted, all modules."""
    num_modules: int
    """Engines: how many pieces the converted modules came to."""
    report: Report
    """All of it; printed, the tables."""
    folder: Path
    """The artifact."""


class Exporter(Protocol):
    """Is told of each run's report."""

    def export(self, report: WorkflowReport, /) -> None: ...


class LoggingExporter:
    """Logs the lines that matter, and the tables."""

    def __init__(self, logger: logging.Logger | None = None, accuracy_key: str | None = None):
        self._logger = logger or logging.getLogger("acuate")
        self._accuracy_key = accuracy_key

    def export(self, report: WorkflowReport, /) -> None:
        key = self._accuracy_key or next(iter(report.performance.accuracy), None)
        if key is not None and key not in report.performance.accuracy:
            known = ", ".join(report.performance.accuracy) or "none"
            raise Error(f"LoggingExporter: the evaluator has no metric '{key}'; there are: {known}")
        log, before = self._logger.info, report.non_converted_performance
        log("Conversion Rate: %d/%d", *report.conversion_rate)
        log("Num Modules: %d", report.num_modules)
        if key is not None:
            log(
                "Accuracy: %.4f%s",
                report.performance.accuracy[key],
                f" (baseline {before.accuracy[key]:.4f})" if before else "",
            )
        log(
            "Latency: %.2f ms%s",
            report.performance.latency,
            f" (baseline {before.latency:.2f} ms)" if before else "",
        )
        log("%s", report.report)


class FileExporter:
    """Writes the tables as text to `report.txt` in the artifact, beside report.json and
    report.html, or to another file."""

    def __init__(self, logger: logging.Logger | None = None, file: PathLike | None = None):
        self._logger = logger or logging.getLogger("acuate")
        self._file = file

    def export(self, report: WorkflowReport, /) -> None:
        file = Path(self._file) if self._file is not None else report.folder / "report.txt"
        file.write_text(f"{report.report}\n", "utf-8")
        self._logger.info("wrote %s", file)


class ConversionWorkflow:
    """Converts a model and measures what came of it.

    `eval_dataset` is a DataLoader, a list or anything else that can be read more than once;
    `eval_dataset_post_process` makes of each batch `(args, kwargs)`, or the keyword arguments
    alone. `conversion_dataset`, in the same form, is what the conversion sees and is checked on;
    without it, the first CONVERSION_SAMPLES of the evaluation data. `options` are further arguments
    of `acuate.convert`, such as `target`. A profile by module is always part of the report;
    `settings_torch_profiler` is taken for the sake of those who have it and says nothing.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        evaluator: judge.Evaluator,
        eval_dataset: Iterable[Any],
        eval_dataset_post_process: PostProcess | None = None,
        *,
        conversion_dataset: Iterable[Any] | None = None,
        logger: logging.Logger | None = None,
        exporters: Sequence[Exporter] = (),
        settings_torch_profiler: Mapping[str, Any] | None = None,
        eval_non_converted_model: bool = True,
        **options: Any,
    ) -> None:
        if iter(eval_dataset) is eval_dataset:
            raise Error(
                "eval_dataset can be read only once, and both models are evaluated on it; give a "
                "list or a DataLoader"
            )
        self._model = model
        self._evaluator = evaluator
        self._dataset = eval_dataset
        self._post_process = eval_dataset_post_process
        self._conversion_dataset = conversion_dataset
        self._logger = logger or logging.getLogger("acuate")
        self._exporters = tuple(exporters)
        self._evaluates_original = eval_non_converted_model
        self._options = options
        if settings_torch_profiler is not None:
            self._logger.info("settings_torch_profiler: times by module are measured without it")

    def run(
        self, config: Mapping[str, Any] | None, export_path: PathLike, skip_convert: bool = False
    ) -> tuple[Any, WorkflowReport]:
        """Converts by `config` into the folder `export_path`, replacing an artifact that lies
        there; evaluates both models, and tells the exporters.

        `skip_convert` evaluates the artifact that is there. Returns the converted model, which is
        called like the original, and the report.
        """
        folder = Path(export_path)
        seen = list(self._calls(self._conversion_dataset, CONVERSION_SAMPLES))
        if not skip_convert:
            convert(
                self._model,
                seen,
                output=folder,
                config=config,
                overwrite=True,
                runs=0,
                note=self._logger.info,
                **self._options,
            )
        converted = load(folder, model=self._model)
        report = Report.read(folder)
        before = self._accuracy(self._model) if self._evaluates_original else {}
        after = self._accuracy(converted)
        times = judge.time_interleaved([self._model, converted], seen, TIMED_RUNS)
        samples = sum(1 for _ in self._dataset)
        report["accuracy"] = judge.accuracy_section(before, after, samples) | report["accuracy"]
        report["latency"] = judge.latency_section(*times)
        report.write(folder)
        latency = report["latency"]
        coverage = report["coverage"]
        result = WorkflowReport(
            performance=Performance(after, latency["converted_ms"]),
            non_converted_performance=Performance(before, latency["baseline_ms"])
            if self._evaluates_original
            else None,
            conversion_rate=(coverage["modules_converted"], coverage["modules_total"]),
            num_modules=coverage["engines"],
            report=report,
            folder=folder,
        )
        for exporter in self._exporters:
            exporter.export(result)
        return converted, result

    def _accuracy(self, model: judge.Caller) -> dict[str, float]:
        return judge.accuracy(model, self._calls(self._dataset), self._evaluator)

    def _calls(self, dataset: Iterable[Any] | None, limit: int | None = None) -> Iterator[Call]:
        if dataset is not None:
            limit = None
        for index, batch in enumerate(islice(self._dataset if dataset is None else dataset, limit)):
            yield self._call(batch, index)

    def _call(self, batch: Any, index: int) -> Call:
        given = batch if self._post_process is None else self._post_process(batch)
        match given:
            case Call():
                return given
            case (tuple() | list() as args, Mapping() as kwargs):
                return Call(tuple(args), dict(kwargs))
            case Mapping() if all(isinstance(key, str) for key in given):
                return Call((), dict(given))
        raise Error(
            f"eval_dataset: batch {index} is a {type(given).__name__}, expected (args, kwargs) or "
            "keyword arguments; eval_dataset_post_process can make them"
        )
