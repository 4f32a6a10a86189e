"""The main job for a PyTorch model: samples → scan → export → check → artifact → report."""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from acuate import _convert
from acuate._convert import PathLike, Result
from acuate._core import Error
from acuate.pytorch import judge
from acuate.pytorch.config import Config, read_config
from acuate.pytorch.converted import load_converted, state_digest
from acuate.pytorch.export import (
    EXPORTERS,
    Exported,
    ExportError,
    examples,
    export,
    unchanged,
    widen,
)
from acuate.pytorch.report import Report
from acuate.pytorch.samples import Call, calls
from acuate.pytorch.signature import Signature, derive, parameters_of
from acuate.pytorch.structure import flatten
from acuate.pytorch.verify import UnfaithfulError, check

TIMED_RUNS = 20


def convert_module(
    model: nn.Module,
    samples: Iterable[Any] | None,
    *,
    output: PathLike,
    target: str | None = None,
    pre: Callable[[Any], Any] | None = None,
    calibration: Iterable[Any] | None = None,
    evaluator: judge.Evaluator | None = None,
    config: Mapping[str, Any] | None = None,
    input_names: Sequence[str] = (),
    dynamic_axes: Mapping[str, Mapping[int, str]] | None = None,
    runs: int | None = None,
    note: Callable[[str], None] | None = None,
    **options: Any,
) -> Result:
    """What `acuate.convert` does with a PyTorch model; see there."""
    _refuse_unusable(model)
    chosen = read_config(config, model)
    limit = options.pop("samples", None)
    taken = calls(_samples(samples, chosen), pre, model=model, limit=limit)
    parameters = parameters_of(model.forward)
    results = [_shapes(_run(model, call, index)) for index, call in enumerate(taken)]
    axes = dict(dynamic_axes or {})
    for name, entries in chosen.dynamic_axes.items():
        axes.setdefault(name, {axis: symbol for axis, (symbol, _, _) in entries.items()})
    names = tuple(input_names) or chosen.input_names
    signature = derive(taken, results, parameters, names=names, axes=axes)
    with tempfile.TemporaryDirectory(prefix="acuate-") as folder:
        exported, errors = export_whole(model, taken, signature, Path(folder), note)
        if chosen.root is not None and chosen.root.precision != "fp32":
            options.setdefault("precision", chosen.root.precision)
        if options.get("precision") == "int8":
            seen = taken if calibration is None else calls(calibration, pre, model=model)
            options["data"] = [arrays(call, signature) for call in seen]
        described = describe(model, taken[0], signature, exported, errors)
        file = Path(folder) / "signature.json"
        file.write_text(json.dumps(described), "utf-8")
        result = _convert.convert(
            exported.path,
            options.pop("data", None),
            output=output,
            target=target,
            signature=file,
            runs=0,
            note=note,
            **options,
        )
    return _judged(model, taken, evaluator, result, TIMED_RUNS if runs is None else runs)


def export_whole(
    model: nn.Module,
    taken: Sequence[Call],
    signature: Signature,
    folder: Path,
    note: Callable[[str], None] | None = None,
) -> tuple[Exported, list[list[float]]]:
    """The module as one file that computes the same on every sample, and the relative errors of
    its outputs, sample by sample.

    Errors: no exporter takes it, or none is faithful; the message has each one's reason.
    """
    reasons = []
    first = examples(taken, signature)[0]
    for exporter in EXPORTERS:
        path = folder / f"model.{exporter}.onnx"
        try:
            exported = export(model, first, signature, path, exporter)
            errors = check(model, taken, signature, exported.path)
        except ExportError as error:
            reasons.append(str(error))
        except UnfaithfulError as error:
            reasons.append(f"{exporter}: {error}")
        except Error as error:
            reasons.append(f"{exporter}: its file does not run: {error}")
        else:
            if note is not None:
                worst = max((e for sample in errors for e in sample), default=0.0)
                note(
                    f"Exported by {exporter} in {exported.seconds:.1f} s; equal to PyTorch on "
                    f"{len(errors)} samples, relative error {worst:.1e}"
                )
            return exported, errors
    raise ExportError("the model cannot be exported:\n  " + "\n  ".join(reasons), EXPORTERS[0])


def describe(
    model: nn.Module,
    call: Call,
    signature: Signature,
    exported: Exported,
    errors: list[list[float]],
) -> dict[str, Any]:
    """signature.json (docs/pytorch.md)."""
    called = calls_by_module(model, call)
    return {
        "schema_version": 1,
        "model_class": f"{type(model).__module__}:{type(model).__qualname__}",
        "torch": torch.__version__,
        "exporter": exported.exporter,
        "state_digest": state_digest(model),
        "relative_errors": errors,
        **signature.to_json(),
        "modules": [
            {"path": path, "class": type(module).__qualname__, "calls": called.get(path, 0)}
            for path, module in model.named_modules()
        ],
    }


def arrays(call: Call, signature: Signature) -> dict[str, Any]:
    """The tensors of a call by input name, for calibration."""
    tensors = signature.flatten(call)
    return {
        port.name: widen(tensor.detach()).cpu().numpy()
        for port, tensor in zip(signature.inputs, tensors, strict=True)
    }


def _samples(samples: Iterable[Any] | None, config: Config) -> Iterable[Any] | None:
    if samples is None and config.input_args:
        return [Call(config.input_args)]
    if samples is None and config.input_shapes:
        generator = torch.Generator().manual_seed(0)
        return [Call(tuple(torch.rand(s, generator=generator) for s in config.input_shapes))]
    return samples


def _refuse_unusable(model: nn.Module) -> None:
    if model.training:
        raise Error(
            "the model is in training mode, where dropout and normalisation compute something "
            "else; call model.eval() first"
        )
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.is_meta or is_lazy(tensor):
            raise Error(f"'{name}' has no values: load the weights before converting")


def _run(model: nn.Module, call: Call, index: int) -> Any:
    try:
        with torch.no_grad(), unchanged(model):
            return model(*call.args, **call.kwargs)
    except Exception as error:
        raise Error(
            f"the model fails on sample {index}: {type(error).__name__}: {error}"
        ) from error


def _shapes(result: Any) -> Any:
    """The result with tensors that have no values."""
    structure, leaves = flatten(result)
    return structure.rebuild([leaf.tensor.to("meta") for leaf in leaves])


def calls_by_module(model: nn.Module, call: Call) -> dict[str, int]:
    """How often each module is called in one inference, by its first path."""
    counts: dict[str, int] = {}

    def note(path: str) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            counts[path] = counts.get(path, 0) + 1

        return hook

    with ExitStack() as stack:
        for path, module in model.named_modules():
            stack.callback(module.register_forward_pre_hook(note(path)).remove)
        _run(model, call, 0)
    return counts


def _judged(
    model: nn.Module,
    taken: Sequence[Call],
    evaluator: judge.Evaluator | None,
    result: Result,
    runs: int,
) -> Result:
    """The report with what PyTorch itself gives on the samples beside it."""
    converted = load_converted(result.output)
    report = Report(result.report)
    if evaluator is not None:
        before = judge.accuracy(model, taken, evaluator)
        after = judge.accuracy(converted, taken, evaluator)
        report["accuracy"] = judge.accuracy_section(before, after, len(taken)) | report["accuracy"]
    times = judge.time_interleaved([model, converted], taken, runs)
    report["latency"] = judge.latency_section(*times)
    report["environment"]["baseline"] = (
        f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
    )
    report.write(result.output)
    return Result(output=result.output, report=report, unmet=result.unmet)
