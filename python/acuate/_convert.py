"""The main job, `convert`."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acuate import _core
from acuate._core import Error
from acuate._model import Model, load

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class Result:
    """What `convert` made."""

    output: Path
    """The artifact's folder: what `load` opens."""
    report: dict[str, Any]
    """report.json, see docs/report.md."""
    unmet: tuple[str, ...]
    """Conditions of `max_drop` that do not hold, a sentence each."""

    @property
    def ok(self) -> bool:
        """Whether every required condition holds."""
        return not self.unmet

    def load(self, *, threads: int = 0) -> Model:
        return load(self.output, threads=threads)


def convert(
    model: PathLike,
    data: PathLike | Iterable[Any] | None = None,
    *,
    output: PathLike,
    overwrite: bool = False,
    target: str = "auto",
    diagnose: Sequence[str] = (),
    shape: Mapping[str, Sequence[int | None]] | None = None,
    dim: Mapping[str, int] | None = None,
    samples: int = 0,
    seed: int = 0,
    preprocess: PathLike | Mapping[str, Any] = "",
    eval: PathLike | Mapping[str, Any] | None = None,
    precision: str = "fp32",
    scheme: str = "",
    range: str = "mse",
    exclude: Sequence[str] = (),
    max_drop: Sequence[str] = (),
    exact: bool = False,
    disable: Sequence[str] = (),
    threads: int = 0,
    max_memory_bytes: int = 2 << 30,
    runs: int = 20,
    progress: Callable[[str, int, int, str], None] | None = None,
) -> Result:
    """Converts an ONNX file for a target and writes the artifact, its report included, to `output`.

    The arguments are the flags of `acuate convert`, with these freedoms: `shape` maps inputs to
    dimensions (None leaves one as it is); `data` may be an iterable of samples, each an array or a
    mapping from inputs to arrays, without pre-processing; `preprocess` and `eval` may be mappings
    in place of their YAML files. `progress` is called with stage, done, total and unit.

    Raises Error where the command line would end with status 2. A condition of `max_drop` that
    does not hold is no exception: see `Result.ok`. Ctrl-C ends it with KeyboardInterrupt and
    leaves nothing behind.
    """
    with tempfile.TemporaryDirectory(prefix="acuate-") as folder:
        options = _core.ConvertOptions()
        options.model = Path(model)
        options.output = Path(output)
        options.overwrite = overwrite
        options.target = target
        options.diagnose = _strings(diagnose, "diagnose")
        options.shapes = {name: list(dims) for name, dims in (shape or {}).items()}
        options.dims = dict(dim or {})
        if data is not None:
            options.data = _data_file(data, Path(folder))
        options.samples = samples
        options.seed = seed
        options.preprocess = _yaml_file(preprocess, Path(folder) / "preprocess.yaml")
        if eval is not None:
            options.eval = Path(_yaml_file(eval, Path(folder) / "eval.yaml"))
        options.precision = precision
        options.scheme = scheme
        options.range = range
        options.exclude = _strings(exclude, "exclude")
        options.max_drop = _strings(max_drop, "max_drop")
        options.exact = exact
        options.threads = threads
        options.max_memory_bytes = max_memory_bytes
        options.runs = runs
        report, written, unmet = _core.convert(options, _strings(disable, "disable"), progress)
    return Result(output=written, report=json.loads(report), unmet=tuple(unmet))


def _strings(values: Sequence[str], what: str) -> list[str]:
    return [values] if isinstance(values, str) else list(values)


def _yaml_file(value: PathLike | Mapping[str, Any], file: Path) -> str:
    """The path, or that of a file with the mapping; JSON is YAML."""
    if not isinstance(value, Mapping):
        return os.fspath(value)
    content = dict(value)
    for key in ("data", "labels"):  # relative to the file in YAML, to the working folder here
        if key in content:
            content[key] = os.fspath(Path(content[key]).absolute())
    file.write_text(json.dumps(content), "utf-8")
    return os.fspath(file)


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
