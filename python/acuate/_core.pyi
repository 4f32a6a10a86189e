"""The C++ side. Tensors cross as (flat bytes, element type, shape)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

_Tensor = tuple[npt.NDArray[np.uint8], str, Sequence[int]]
_Port = tuple[str, str, list[int | None]]

__version__: str

class Error(ValueError): ...
class InternalError(RuntimeError): ...

class ConvertOptions:
    def __init__(self) -> None: ...
    model: Path
    output: Path
    overwrite: bool
    target: str
    diagnose: list[str]
    shapes: dict[str, list[int | None]]
    dims: dict[str, int]
    data: Path | None
    samples: int
    seed: int
    preprocess: str
    eval: Path | None
    precision: str
    scheme: str
    range: str
    exclude: list[str]
    max_drop: list[str]
    exact: bool
    threads: int
    max_memory_bytes: int
    runs: int

class Artifact:
    @property
    def target(self) -> str: ...
    @property
    def inputs(self) -> list[_Port]: ...
    @property
    def outputs(self) -> list[_Port]: ...
    def run(self, inputs: Sequence[_Tensor]) -> list[_Tensor]: ...
    def prepare_image(self, path: Path) -> _Tensor: ...

def convert(
    options: ConvertOptions,
    disabled_passes: Sequence[str],
    progress: Callable[[str, int, int, str], None] | None,
) -> tuple[str, Path, list[str]]: ...
def open_artifact(folder: Path, threads: int) -> Artifact: ...
def decode_text_boxes(
    map: _Tensor, options: Mapping[str, float]
) -> tuple[list[float], list[float]]: ...
def text_box_f1(
    baseline: Sequence[_Tensor], converted: Sequence[_Tensor], options: Mapping[str, float]
) -> tuple[float | None, dict[str, float]]: ...
def run_command_line(arguments: Sequence[str]) -> int: ...
