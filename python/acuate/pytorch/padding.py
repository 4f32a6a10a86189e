"""Padding to one size, for targets that take no others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from acuate._core import Error
from acuate.pytorch.inverse import Step, step_from_json, undone
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Port, Signature
from acuate.pytorch.structure import flatten

Fill = float | int | bool


@dataclass(frozen=True)
class Padding:
    """How the tensors of a call become those of a network of one size, and its results those of the
    original."""

    bounds: dict[str, int]
    """Size by symbol."""
    fills: dict[str, Fill]
    """By input."""
    steps: dict[str, tuple[Step, ...]]
    """What is done to outputs, by name."""

    def pad(self, ports: Sequence[Port], tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """The inputs at their bounds; what is filled in stands behind. Errors: one is larger."""
        padded = []
        for port, tensor in zip(ports, tensors, strict=True):
            grown = list(tensor.shape)
            for axis, symbol in port.symbols().items():
                bound = self.bounds.get(symbol, tensor.shape[axis])
                if tensor.shape[axis] > bound:
                    raise Error(
                        f"{port.path} has {tensor.shape[axis]} along axis {axis}, the model was "
                        f"converted for {bound} at most"
                    )
                grown[axis] = bound
            if grown == list(tensor.shape):
                padded.append(tensor)
                continue
            whole = torch.full(grown, self.fills[port.name], dtype=tensor.dtype)
            whole[tuple(slice(0, size) for size in tensor.shape)] = tensor
            padded.append(whole)
        return padded

    def undo(
        self, ports: Sequence[Port], tensors: Sequence[torch.Tensor], sizes: Mapping[str, int]
    ) -> list[torch.Tensor]:
        """The outputs as the original gives them; `sizes` are those of the call."""
        bounds = {**sizes, **self.bounds}
        return [
            undone(tensor, self.steps.get(port.name, ()), sizes, bounds)
            for port, tensor in zip(ports, tensors, strict=True)
        ]

    def told(self) -> dict[str, str]:
        """What is done to each output that is not left as it is."""
        return {n: "; ".join(s.text() for s in steps) for n, steps in self.steps.items() if steps}

    def in_words(self) -> dict[str, Any]:
        """The head of `padding` in report.json."""
        fills = {name: str(value) for name, value in self.fills.items()}
        return {"sizes": self.bounds, "fills": fills, "outputs": self.told()}

    def to_json(self) -> dict[str, Any]:
        outputs = {name: [step.to_json() for step in steps] for name, steps in self.steps.items()}
        return {"bounds": self.bounds, "fills": self.fills, "outputs": outputs}

    @staticmethod
    def from_json(json: Any, ports: Sequence[Port]) -> "Padding":
        """What `to_json` gave, for these inputs. Errors: anything else."""
        symbols = [symbol for port in ports for symbol in port.symbols().values()]
        try:
            steps = {
                str(name): tuple(step_from_json(step, symbols) for step in stored)
                for name, stored in json["outputs"].items()
            }
            bounds = {str(symbol): int(size) for symbol, size in json["bounds"].items()}
            fills = dict(json["fills"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Error(f"signature: its padding cannot be read: {error!r}") from error
        if not all(isinstance(value, (bool, int, float)) for value in fills.values()):
            raise Error("signature: a padding is filled with numbers")
        return Padding(bounds, fills, steps)


class Padded:
    """A model on padded inputs, whose results are those of the original as far as that goes."""

    def __init__(self, model: nn.Module, signature: Signature, padding: Padding) -> None:
        self._model, self._signature, self._padding = model, signature, padding

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        ports, outputs = self._signature.inputs, self._signature.outputs
        tensors = self._signature.flatten(Call(args, kwargs))
        call = self._signature.rebuild_call(self._padding.pad(ports, tensors))
        structure, leaves = flatten(self._model(*call.args, **call.kwargs))
        found = [leaf.tensor for leaf in leaves]
        return structure.rebuild(self._padding.undo(outputs, found, sizes_of(ports, tensors)))


def sizes_of(ports: Sequence[Port], tensors: Sequence[torch.Tensor]) -> dict[str, int]:
    """What the symbols are in a call."""
    return {
        symbol: tensor.shape[axis]
        for port, tensor in zip(ports, tensors, strict=True)
        for axis, symbol in port.symbols().items()
    }
