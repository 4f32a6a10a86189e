"""The main job for a PyTorch model: samples → scan → export → check → artifact → report."""

import json
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from acuate import _convert, _core
from acuate._convert import PathLike, Result
from acuate._core import Error
from acuate.pytorch import judge
from acuate.pytorch.agreement import measure_agreement, tell_agreement
from acuate.pytorch.config import Config, read_config
from acuate.pytorch.converted import ConvertedModel, load_artifact
from acuate.pytorch.describe import (
    arrays,
    changing_buffers,
    describe,
    run_sample,
    without_values,
)
from acuate.pytorch.divide import write_divided
from acuate.pytorch.export import EXPORTERS, ExportError, unchanged
from acuate.pytorch.faithful import export_faithful
from acuate.pytorch.model_state import require_model
from acuate.pytorch.padding import Padded, Padding
from acuate.pytorch.padding_search import search_padding
from acuate.pytorch.probe import CHECKED_ON
from acuate.pytorch.records import Scan
from acuate.pytorch.report import Report
from acuate.pytorch.samples import Call, calls
from acuate.pytorch.scan import scan
from acuate.pytorch.signature import Signature, derive, parameters_of
from acuate.pytorch.sizes import of_one_size, shape_ranges
from acuate.pytorch.split import STRATEGIES, Limits, split

TIMED_RUNS = 20
MAX_TIMED_SECONDS = 10.0
_BUILT_FOR_RANGES = ("tensorrt",)
"""Targets whose engines work between two sizes, which are those of the samples."""
_NOT_OF_A_FUNCTION = ("in_place", "random_values")
"""Blockers of results that are not told by the arguments alone."""

Note = Callable[[str], None]


def convert_module(
    model: nn.Module,
    samples: Iterable[Any] | None,
    *,
    output: PathLike,
    pre: Callable[[Any], Any] | None = None,
    calibration: Iterable[Any] | None = None,
    evaluator: judge.Evaluator | None = None,
    config: Mapping[str, Any] | None = None,
    exclude: str | Sequence[str] = (),
    strategy: str = "auto",
    input_names: Sequence[str] = (),
    dynamic_axes: Mapping[str, Mapping[int, str]] | None = None,
    pad: int | Mapping[str, int] | bool | None = None,
    pad_fill: Mapping[str, Any] | None = None,
    pad_output: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    precision: str | None = None,
    runs: int | None = None,
    note: Note | None = None,
    **options: Any,
) -> Result:
    """What `acuate.convert` does with a PyTorch model; see there.

    The whole model becomes one file where that is possible and equal on every sample. Else, and
    with `exclude` or a `config` that names modules, it is divided at module borders.
    """
    require_model(model)
    _core.require_target(CHECKED_ON)  # before the minutes that would be for nothing
    chosen = read_config(config, model)
    taken = calls(_samples(samples, chosen), pre, model=model, limit=options.pop("samples", None))
    parameters = parameters_of(model.forward)
    seen = scan(model, taken)
    for blocker in seen.blockers:
        if note is not None:
            note(str(blocker))
    padded = _Pad(pad, pad_fill, pad_output) if pad else None
    job = _Job(model, taken, seen, chosen, Path(output), overwrite, precision, padded, note)
    limits = _limits(job, exclude, strategy)
    try:
        signature, reason = _signature(job, parameters, input_names, dynamic_axes), ""
    except Error as error:
        signature, reason = None, str(error)
    with tempfile.TemporaryDirectory(prefix="acuate-") as folder:
        whole = None
        if signature is not None and _may_be_whole(limits, chosen, strategy):
            try:
                whole = _convert_whole(
                    job,
                    signature,
                    Path(folder),
                    calls(calibration, pre, model=model) if calibration is not None else taken,
                    options,
                )
            except ExportError as error:
                reason = str(error)
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                reason = f"there is not enough memory for all of it at once: {error}"
        if whole is None:
            if reason and chosen.root is not None and not chosen.root.may_divide:
                raise Error(f"the model cannot be converted as a whole: {reason}")
            whole = _convert_pieces(job, signature, limits, reason, Path(folder), options)
    return _judged(job, evaluator, whole, runs)


def _is_out_of_memory(error: BaseException) -> bool:
    # PyTorch's allocator for the CPU has no type of its own for it.
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        "allocate memory" in str(error) or "not enough memory" in str(error)
    )


@dataclass(frozen=True)
class _Pad:
    """What is asked of a padding."""

    bounds: int | Mapping[str, int] | bool
    fills: Mapping[str, Any] | None
    outputs: Mapping[str, Any] | None


@dataclass(frozen=True)
class _Job:
    model: nn.Module
    taken: list[Call]
    seen: Scan
    config: Config
    output: Path
    overwrite: bool
    precision: str | None
    pad: _Pad | None
    note: Note | None

    def tell(self, text: str) -> None:
        if self.note is not None:
            self.note(text)

    def calls_by_module(self) -> dict[str, int]:
        """How often each module is called for the first sample."""
        modules = self.seen.modules.items()
        return {path: r.calls_per_sample[0] if r.calls_per_sample else 0 for path, r in modules}

    def changing_buffers(self) -> list[str]:
        """Those that a forward changes."""
        changes = any(blocker.kind == "in_place" for blocker in self.seen.blockers)
        return changing_buffers(self.model, self.taken[0]) if changes else []

    def precision_of(self, path: str) -> str:
        """Of a module: what is asked for the nearest one that holds it, else for all."""
        while True:
            choice = self.config.modules.get(path) if path else self.config.root
            if choice is not None and choice.precision != "fp32":
                return choice.precision
            if not path:
                return self.precision or "fp32"
            path = path.rpartition(".")[0]


def _limits(job: _Job, exclude: str | Sequence[str], strategy: str) -> Limits:
    if strategy not in STRATEGIES:
        raise Error(f"strategy '{strategy}': there are {', '.join(STRATEGIES)}")
    paths = {path for path, _ in job.model.named_modules()}
    excluded = {exclude} if isinstance(exclude, str) else set(exclude)
    excluded |= {path for path, choice in job.config.modules.items() if not choice.convert}
    if unknown := sorted(excluded - paths):
        raise Error(f"exclude: the model has no module '{unknown[0]}'")
    only = None
    if job.config.root is None or not job.config.root.convert:
        only = frozenset(job.config.converted)
    blocked = {b.module: str(b) for b in job.seen.blockers if b.severity == "error"}
    return Limits(strategy, frozenset(excluded), only, blocked)


def _may_be_whole(limits: Limits, config: Config, strategy: str) -> bool:
    return strategy == "auto" and limits.only is None and not limits.exclude


def _signature(
    job: _Job,
    parameters: Sequence[str],
    input_names: Sequence[str],
    dynamic_axes: Mapping[str, Mapping[int, str]] | None,
) -> Signature:
    results = [_result_seen(job, index) for index in range(len(job.taken))]
    axes = dict(dynamic_axes or {})
    for name, entries in job.config.dynamic_axes.items():
        axes.setdefault(name, {axis: symbol for axis, (symbol, _, _) in entries.items()})
    names = tuple(input_names) or job.config.input_names
    signature = derive(job.taken, results, parameters, names=names, axes=axes)
    signature.to_json()  # what cannot be stored cannot be called again
    return signature


def _result_seen(job: _Job, index: int) -> Any:
    """What the model gave for a sample while it was scanned, as tensors without values."""
    for call in job.seen.modules[""].calls:
        if call.sample == index and call.outputs is not None:
            tensors = [
                torch.empty(leaf.shape, dtype=getattr(torch, leaf.dtype), device="meta")
                for leaf in call.output_leaves
            ]
            return call.outputs.rebuild(tensors)
    return without_values(run_sample(job.model, job.taken[index], index))


def _convert_whole(
    job: _Job,
    signature: Signature,
    folder: Path,
    calibration: Sequence[Call],
    options: Mapping[str, Any],
) -> Result:
    # Where something was found that TorchScript freezes without a word, only torch.export will do.
    for blocker in job.seen.errors():
        if blocker.kind in _NOT_OF_A_FUNCTION:
            raise ExportError(blocker.evidence, EXPORTERS[0])
    is_clear = not any(job.seen.errors())
    exporters = EXPORTERS if is_clear else EXPORTERS[1:]
    padding, one_size = None, signature
    taken = job.taken
    if pad := job.pad:
        padding = search_padding(
            job.model, job.taken, signature, pad.bounds, pad.fills, pad.outputs, job.note
        )
        taken = [_padded(call, signature, padding) for call in job.taken]
        calibration = [_padded(call, signature, padding) for call in calibration]
        results = [
            without_values(run_sample(job.model, call, index)) for index, call in enumerate(taken)
        ]
        names = [port.name for port in signature.inputs]
        one_size = derive(taken, results, signature.parameters, names=names)
    exported, errors = export_faithful(job.model, taken, one_size, folder / "model.onnx", exporters)
    worst = max((error for sample in errors for error in sample), default=0.0)
    job.tell(
        f"Exported by {exported.exporter} in {exported.seconds:.1f} s; equal to PyTorch on "
        f"{len(errors)} samples, relative error {worst:.1e}"
    )
    precision = job.precision_of("")
    data = None
    if precision == "int8":
        data = of_one_size([arrays(call, signature) for call in calibration], job.tell)
    described = describe(
        job.model,
        taken[0],
        signature,
        exported,
        errors,
        job.calls_by_module(),
        job.changing_buffers(),
    )
    if padding is not None:
        described["padding"] = padding.to_json()
    file = folder / "signature.json"
    file.write_text(json.dumps(described), "utf-8")
    if options.get("target") in _BUILT_FOR_RANGES and not options.get("shape_range"):
        ranges = shape_ranges(one_size.inputs, [arrays(call, signature) for call in taken])
        options = {**options, "shape_range": ranges}
    result = _convert.convert(
        exported.path,
        data,
        output=job.output,
        overwrite=job.overwrite,
        precision=precision,
        signature=file,
        runs=0,
        note=job.note,
        **options,
    )
    found = measure_agreement(job.model, taken, one_size, exported.path, job.output)
    tell_agreement(result.report["modules"], found)
    return result


def _padded(call: Call, signature: Signature, padding: Padding) -> Call:
    return signature.rebuild_call(padding.pad(signature.inputs, signature.flatten(call)))


def _convert_pieces(
    job: _Job,
    signature: Signature | None,
    limits: Limits,
    reason: str,
    folder: Path,
    options: Mapping[str, Any],
) -> Result:
    if job.pad:
        raise Error(f"pad is of models that are converted as a whole; {reason or 'this is not'}")
    if reason:
        job.tell(f"The model is divided at module borders: {reason}")
    keys = {path: record.config for path, record in job.seen.modules.items()}
    plan = split(job.model, job.taken, folder, limits, keys, job.note)
    if reason:
        plan.reasons[""] = reason
    report = write_divided(
        job.model,
        signature,
        plan,
        job.calls_by_module(),
        changing=job.changing_buffers(),
        output=job.output,
        overwrite=job.overwrite,
        precision_of=job.precision_of,
        note=job.note,
        **options,
    )
    return Result(output=job.output, report=report, unmet=())


def _samples(samples: Iterable[Any] | None, config: Config) -> Iterable[Any] | None:
    if samples is None and config.input_args:
        return [Call(config.input_args)]
    if samples is None and config.input_shapes:
        generator = torch.Generator().manual_seed(0)
        return [Call(tuple(torch.rand(s, generator=generator) for s in config.input_shapes))]
    return samples


def _judged(
    job: _Job, evaluator: judge.Evaluator | None, result: Result, runs: int | None
) -> Result:
    """The report with what PyTorch itself gives on the samples beside it."""
    model, taken = job.model, job.taken
    converted = load_artifact(result.output, model)
    report = Report(result.report)
    # By default not longer than it is worth; a number that was asked for is kept.
    limit = math.inf if runs is not None else MAX_TIMED_SECONDS
    count = TIMED_RUNS if runs is None else runs
    contenders: list[judge.Caller] = [model, converted]
    padding = converted.padding if isinstance(converted, ConvertedModel) else None
    if isinstance(converted, ConvertedModel) and padding is not None:
        contenders.append(Padded(model, converted.signature, padding))
    with unchanged(model):
        told = judge.agreement_section(model, converted, taken)
        metrics: list[dict[str, float]] = [{} for _ in contenders]
        if evaluator is not None:
            metrics = [judge.accuracy(one, taken, evaluator) for one in contenders]
            told = judge.accuracy_section(metrics[0], metrics[1], len(taken)) | told
        times = judge.time_interleaved(contenders, taken, count, limit)
        if padding is not None:
            agreement = judge.agreement_section(model, contenders[2], taken)
            cost = judge.padding_section(times[2], agreement, metrics[2])
            report["padding"] = padding.in_words() | cost
    report["accuracy"] = told | report["accuracy"]
    report["findings"] = [f for f in report["findings"] if f["id"] != "no_evaluation_data"]
    report["latency"] = judge.latency_section(*times[:2])
    report["model"]["path"] = type(model).__qualname__  # not the file of the export, which is gone
    threads = torch.get_num_threads()
    report["environment"]["baseline"] = f"PyTorch {torch.__version__}, {threads} threads"
    report.write(result.output)
    return Result(output=result.output, report=report, unmet=result.unmet)
