"""Artifacts that run."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from acuate import _core
from acuate._arrays import AnyArray, as_array, from_core, to_core
from acuate._core import Error


@dataclass(frozen=True)
class TensorSpec:
    """An input or output; a dimension that is not fixed is None."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


def _specs(ports: list[tuple[str, str, list[int | None]]]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(name, dtype, tuple(shape)) for name, dtype, shape in ports)


class Model:
    """A converted model, from `load`. Calls may come from several threads at once."""

    def __init__(self, artifact: _core.Artifact) -> None:
        self._artifact = artifact
        self.inputs = _specs(artifact.inputs)
        self.outputs = _specs(artifact.outputs)
        self.target = artifact.target

    def __call__(
        self, *arrays: npt.ArrayLike | Mapping[str, npt.ArrayLike], **named: npt.ArrayLike
    ) -> Any:
        """Runs the model on arrays in the order of `inputs`, on a mapping by name, or on keywords.

        Arrays must have the inputs' own types; other values (lists, numbers) are converted.
        Contiguous arrays are read in place. Returns the array of a single output, else a dict of
        arrays by name, in the order of `outputs`.
        """
        if len(arrays) == 1 and isinstance(arrays[0], Mapping):
            named = {**arrays[0], **named}
            arrays = ()
        if len(arrays) > len(self.inputs):
            raise Error(f"{len(arrays)} arrays given, the model has {len(self.inputs)} inputs")
        given: dict[str, Any] = {
            spec.name: array for spec, array in zip(self.inputs, arrays, strict=False)
        }
        for name, array in named.items():
            if name in given:
                raise Error(f"input '{name}' is given twice")
            given[name] = array
        names = [spec.name for spec in self.inputs]
        if unknown := [name for name in given if name not in names]:
            raise Error(f"there is no input '{unknown[0]}'; there are: {', '.join(names)}")
        if missing := [name for name in names if name not in given]:
            raise Error(f"input '{missing[0]}' is missing; the model has: {', '.join(names)}")
        tensors = []
        for spec in self.inputs:
            what = f"input '{spec.name}'"
            tensors.append(to_core(as_array(given[spec.name], spec.dtype, what), what))
        return self._results([from_core(tensor) for tensor in self._artifact.run(tensors)])

    def run_image(self, path: str | os.PathLike[str]) -> Any:
        """Runs the model on an image file, by the pre-processing that the artifact stores."""
        tensor = self._artifact.prepare_image(Path(path))
        return self._results([from_core(result) for result in self._artifact.run([tensor])])

    def prepare_image(self, path: str | os.PathLike[str]) -> AnyArray:
        """The input array that `run_image` makes of an image file."""
        return from_core(self._artifact.prepare_image(Path(path)))

    def _results(self, arrays: list[AnyArray]) -> AnyArray | dict[str, AnyArray]:
        if len(arrays) == 1:
            return arrays[0]
        return {spec.name: array for spec, array in zip(self.outputs, arrays, strict=True)}

    def __repr__(self) -> str:
        def listed(specs: tuple[TensorSpec, ...]) -> str:
            return ", ".join(
                f"{s.name}: {s.dtype}[{', '.join('?' if d is None else str(d) for d in s.shape)}]"
                for s in specs
            )

        return f"<acuate.Model on {self.target}: {listed(self.inputs)} -> {listed(self.outputs)}>"


def load(folder: str | os.PathLike[str], *, model: Any = None, threads: int = 0) -> Any:
    """Opens an artifact that `convert` wrote; its files are checked against the manifest.

    Returns a `Model`, which takes arrays; of a PyTorch module what is called like the original
    (acuate.pytorch.converted.ConvertedModel). `model` is that original: pieces that stay in PyTorch
    need it, and its weights are checked. `threads` of the engine; 0: as many as this process may
    use.
    """
    if (Path(folder) / "signature.json").exists():
        from acuate.pytorch.converted import load_artifact

        return load_artifact(folder, model, threads)
    if model is not None:
        raise Error(f"{folder} was not converted from PyTorch: it has no signature.json")
    return Model(_core.open_artifact(Path(folder), threads, spinning=True))
