"""The main job, `convert`."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from acuate import _core
from acuate._core import Error
from acuate._model import load

if TYPE_CHECKING:
    import torch

PathLike = str | os.PathLike[str]
Many = str | Sequence[str] | None


@dataclass(frozen=True)
class Result:
    """What `convert` made."""

    output: Path
    """The artifact's folder: what `load` opens."""
    report: dict[str, Any]
    """report.json, see docs/report.md."""
    unmet: tuple[str, ...]
    """Conditions of `max_drop` and `require_coverage` that do not hold, a sentence each."""

    @property
    def ok(self) -> bool:
        """Whether every required condition holds."""
        return not self.unmet

    def load(self, *, threads: int = 0) -> Any:
        return load(self.output, threads=threads)


def convert(
    model: PathLike | Any,
    data: PathLike | Iterable[Any] | None = None,
    *,
    output: PathLike,
    overwrite: bool = False,
    target: str | None = None,
    device: Many = None,
    diagnose: Many = None,
    shape: Mapping[str, Sequence[int | None]] | None = None,
    dim: Mapping[str, int] | None = None,
    shape_range: Mapping[str, Sequence[Sequence[int | None]]] | None = None,
    samples: int | None = None,
    seed: int | None = None,
    preprocess: PathLike | Mapping[str, Any] | None = None,
    eval: PathLike | Mapping[str, Any] | None = None,
    precision: str | None = None,
    encodings: PathLike | None = None,
    scheme: str | None = None,
    range: str | None = None,
    weight_range: str | None = None,
    recover: Many = None,
    hybrid: str | None = None,
    hybrid_share: float | None = None,
    hybrid_budget: str | None = None,
    weights_only: str | None = None,
    group: int | None = None,
    exclude: Many = None,
    max_drop: Many = None,
    cut: Many = None,
    adapter: str | None = None,
    mask_input: Many | Mapping[str, str] = None,
    output_kind: Many | Mapping[str, str] = None,
    max_engines: int | None = None,
    costs: PathLike | Sequence[PathLike] | None = None,
    keep_on_host: Many = None,
    require_coverage: float | None = None,
    signature: PathLike | None = None,
    config: PathLike | Mapping[str, Any] | None = None,
    exact: bool = False,
    disable: Many = None,
    threads: int | None = None,
    max_memory: int | str | None = None,
    runs: int | None = None,
    plots: PathLike | None = None,
    progress: Callable[[str, int, int, str], None] | None = None,
    note: Callable[[str], None] | None = None,
    pre: Callable[[Any], Any] | None = None,
    calibration: Iterable[Any] | None = None,
    evaluator: Any = None,
    strategy: str = "auto",
    input_names: Sequence[str] = (),
    dynamic_axes: Mapping[str, Mapping[int, str]] | None = None,
    pad: int | Mapping[str, int] | bool | None = None,
    pad_fill: Mapping[str, Any] | None = None,
    pad_output: Mapping[str, Any] | None = None,
) -> Result:
    """Converts a model for a target and writes the artifact, its report included, to `output`.

    `model` is an ONNX file or a PyTorch module.

    The arguments are the flags of `acuate convert`, whose `--help` says what each does and which
    value it has where nothing is given (None here), with these freedoms: several values may be a
    sequence, and `NAME=VALUE` a mapping (None in a `shape` leaves a dimension as it is; a
    `shape_range` is the least, the usual and the largest shape); `data` may
    be an iterable of samples, each an array or a mapping from inputs to arrays, without
    pre-processing; `preprocess`, `eval` and `config` may be mappings in place of their files.
    `progress` is called with stage, done, total and unit, `note` with what there is to know before
    it is done, such as what a division of the model is predicted to cost.

    For a PyTorch module `data` are samples: a list of call arguments, a DataLoader or any iterable,
    where `pre(sample)` gives `(args, kwargs)` if they are in another form (acuate.pytorch.samples);
    `calibration` are others for the ranges of int8. `evaluator` judges both models on the samples
    (acuate.pytorch.judge.Evaluator). Axes that vary over the samples stay open, and those of
    `dynamic_axes`; with `pad` (a size, a size by symbol, or True: the largest) they are filled up
    to one size, by values that are searched, or `pad_fill`, and results are brought back to the
    original's in ways that are found, or `pad_output`. `input_names` name the input tensors in
    order. `config` may have AcuiRT's keys, and `exclude` names modules. docs/pytorch.md tells the
    rest.

    Raises Error where the command line would end with status 2. A condition of `max_drop` or
    `require_coverage` that does not hold is no exception: see `Result.ok`. Ctrl-C ends it with
    KeyboardInterrupt and leaves nothing behind.
    """
    given = {name: value for name, value in locals().items() if name not in _NO_FLAGS}
    in_pytorch = {name: given.pop(name) for name in _PYTORCH}
    if is_pytorch(model):
        from acuate.pytorch.convert import convert_module

        taken: dict[str, Any] = {
            name: value for name, value in given.items() if value not in (None, False)
        }
        taken |= in_pytorch
        given_samples = taken.pop("data", None)
        return convert_module(model, given_samples, **taken, progress=progress, note=note)
    if named := [name for name, value in in_pytorch.items() if value not in (None, (), "auto")]:
        raise Error(f"{named[0]}: of PyTorch modules alone; {model} is a file")
    with tempfile.TemporaryDirectory(prefix="acuate-") as folder:
        if data is not None:
            given["data"] = _data_file(data, Path(folder))
        for name in ("preprocess", "eval"):
            given[name] = _yaml_file(given[name], Path(folder) / f"{name}.yaml")
        if isinstance(config, Mapping):
            given["config"] = Path(folder) / "config.json"
            given["config"].write_text(json.dumps(dict(config)), "utf-8")
        # Behind the model, whose name may begin as a flag does.
        arguments = [os.fsencode(Path(model).absolute())]
        for name, value in given.items():
            arguments += [os.fsencode(text) for text in _flags(name, value)]
        report, written, unmet = _core.convert(arguments, progress, note)
    return Result(output=written, report=json.loads(report), unmet=tuple(unmet))


# Arguments of convert() that are no flags of the command line.
_NO_FLAGS = ("model", "progress", "note")
_PYTORCH = (
    "pre",
    "calibration",
    "evaluator",
    "strategy",
    "input_names",
    "dynamic_axes",
    "pad",
    "pad_fill",
    "pad_output",
)


def is_pytorch(model: Any) -> "TypeGuard[torch.nn.Module]":
    """Whether it is a PyTorch module; PyTorch is not imported for it."""
    loaded = sys.modules.get("torch")
    return loaded is not None and isinstance(model, loaded.nn.Module)


def _flags(name: str, value: Any) -> Iterator[str]:
    """An argument as the command line takes it: `--max-engines=3`; nothing for None."""
    flag = "--" + name.replace("_", "-")
    if isinstance(value, bool):
        if value:
            yield flag
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield f"{flag}={key}={_dims(name, item)}"
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for item in value:
            yield f"{flag}={os.fspath(item)}"
    elif value is not None and value != "":
        yield f"{flag}={os.fspath(value) if isinstance(value, os.PathLike) else value}"


def _dims(name: str, value: Any) -> str:
    if name == "shape_range":
        return ":".join(_shape(dims) for dims in value)
    return _shape(value) if name == "shape" else str(value)


def _shape(dims: Sequence[int | None]) -> str:
    return "x".join("?" if dim is None else str(dim) for dim in dims)


def _yaml_file(value: PathLike | Mapping[str, Any] | None, file: Path) -> PathLike | None:
    """The path, or that of a file with the mapping; JSON is YAML."""
    if not isinstance(value, Mapping):
        return value
    content = dict(value)
    for key in ("data", "labels"):  # relative to the file in YAML, to the working folder here
        if key in content:
            content[key] = os.fspath(Path(content[key]).absolute())
    file.write_text(json.dumps(content), "utf-8")
    return file


def _data_file(data: PathLike | Iterable[Any], folder: Path) -> Path:
    """The path, or that of an archive of the samples, stacked along a new first axis."""
    if isinstance(data, (str, os.PathLike)):
        return Path(data)
    columns: dict[str, list[Any]] = {}
    count = 0
    for count, sample in enumerate(data, start=1):
        named = sample if isinstance(sample, Mapping) else {"input": sample}
        if count > 1 and named.keys() != columns.keys():
            raise Error(
                f"data: sample {count - 1} has the inputs {', '.join(sorted(named))}, "
                f"those before have {', '.join(sorted(columns))}"
            )
        for name, array in named.items():
            columns.setdefault(name, []).append(np.asarray(array))
    if count == 0:
        raise Error("data: the iterable gives no samples")
    for name, arrays in columns.items():
        for index, array in enumerate(arrays):
            if array.shape != arrays[0].shape or array.dtype != arrays[0].dtype:
                raise Error(
                    f"data: '{name}' of sample {index} is {array.dtype}{list(array.shape)}, "
                    f"of sample 0 {arrays[0].dtype}{list(arrays[0].shape)}; all must be alike"
                )
    stacked = {name: np.stack(arrays) for name, arrays in columns.items()}
    file = folder / "data.npz"
    np.savez(file, **stacked)  # type: ignore[arg-type]
    return file
