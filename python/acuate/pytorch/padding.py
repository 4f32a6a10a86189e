"""Padding to one size, for targets that take no others: which values to fill in, and what it costs.

Where images and masks vary in size, a network of one size needs them filled up to a bound. Which
values disturb least is not known beforehand: it is searched, and judged by how much the model's own
outputs change on the samples.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from acuate._core import Error
from acuate.pytorch.adapter import run_flat
from acuate.pytorch.export import unchanged
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Port, Signature
from acuate.pytorch.tensors import relative_errors

JUDGED_SAMPLES = 3
MAX_TRIALS = 32

# What may stand for nothing, by kind of tensor.
_FLOATS = (0.0, 1.0)
_BOOLS = (True, False)
_INTEGERS = (0,)

Fill = float | int | bool


@dataclass(frozen=True)
class Trial:
    """A choice of values, and the mean relative change of the worst output."""

    fills: dict[str, Fill]
    change: float


@dataclass(frozen=True)
class Padding:
    """How the tensors of a call become those of a network of one size."""

    bounds: dict[str, int]
    """Size by symbol."""
    fills: dict[str, Fill]
    """By input."""
    crops: dict[str, dict[int, tuple[str, float]]]
    """Outputs that grow with the inputs, by name and axis: the symbol, and their size over its."""

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

    def sizes(self, ports: Sequence[Port], tensors: Sequence[torch.Tensor]) -> dict[str, int]:
        """What the symbols are in a call."""
        return {
            symbol: tensor.shape[axis]
            for port, tensor in zip(ports, tensors, strict=True)
            for axis, symbol in port.symbols().items()
        }

    def crop(
        self, ports: Sequence[Port], tensors: Sequence[torch.Tensor], sizes: Mapping[str, int]
    ) -> list[torch.Tensor]:
        """The outputs without what belongs to the padding."""
        cropped = []
        for port, tensor in zip(ports, tensors, strict=True):
            for axis, (symbol, ratio) in self.crops.get(port.name, {}).items():
                size = min(tensor.shape[axis], math.ceil(sizes[symbol] * ratio - 1e-6))
                tensor = tensor.narrow(axis, 0, size)
            cropped.append(tensor)
        return cropped

    def to_json(self) -> dict[str, Any]:
        crops = {
            name: [[axis, symbol, ratio] for axis, (symbol, ratio) in axes.items()]
            for name, axes in self.crops.items()
        }
        return {"bounds": self.bounds, "fills": self.fills, "crops": crops}

    @staticmethod
    def from_json(json: Any) -> "Padding":
        """What `to_json` gave. Errors: anything else."""
        try:
            crops = {
                str(name): {int(axis): (str(symbol), float(r)) for axis, symbol, r in axes}
                for name, axes in json["crops"].items()
            }
            bounds = {str(symbol): int(size) for symbol, size in json["bounds"].items()}
            fills = dict(json["fills"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Error(f"signature: its padding cannot be read: {error!r}") from error
        if not all(isinstance(value, (bool, int, float)) for value in fills.values()):
            raise Error("signature: a padding is filled with numbers")
        return Padding(bounds, fills, crops)


def search_padding(
    model: nn.Module,
    taken: Sequence[Call],
    signature: Signature,
    bounds: int | Mapping[str, int] | bool,
    fills: Mapping[str, Fill] | None = None,
    note: Callable[[str], None] | None = None,
) -> Padding:
    """The padding whose values change the model's outputs least.

    `bounds`: the size of all axes that vary, that of each symbol, or True: the largest of the
    samples. `fills` are given for some inputs and searched for the others; every trial is told.
    Errors: no axis varies; a bound below a sample's size; too many inputs to try.
    """
    tensors = [signature.flatten(call) for call in taken]
    largest: dict[str, int] = {}
    for sample in tensors:
        for port, tensor in zip(signature.inputs, sample, strict=True):
            for axis, symbol in port.symbols().items():
                largest[symbol] = max(largest.get(symbol, 0), tensor.shape[axis])
    chosen = _bounds(bounds, largest)
    open_ports = [p for p in signature.inputs if any(s in chosen for s in p.symbols().values())]
    given = dict(fills or {})
    if unknown := [name for name in given if name not in {port.name for port in open_ports}]:
        names = ", ".join(port.name for port in open_ports)
        raise Error(f"pad_fill: '{unknown[0]}' is no input that is padded; there are: {names}")
    choices = [
        [given[port.name]] if port.name in given else _candidates(port) for port in open_ports
    ]
    combinations = list(itertools.product(*choices))
    if len(combinations) > MAX_TRIALS:
        raise Error(
            f"{len(combinations)} ways to fill {len(open_ports)} inputs; give some of them with "
            "pad_fill={name: value}"
        )
    judged = sorted(range(len(taken)), key=lambda i: sum(t.numel() for t in tensors[i]))
    judged = judged[:JUDGED_SAMPLES]
    crops = _crops(model, [taken[i] for i in judged], signature)
    trials = []
    for values in combinations:
        by_name = dict(zip((port.name for port in open_ports), values, strict=True))
        padding = Padding(chosen, by_name, crops)
        changes = [_change(model, taken[i], signature, padding) for i in judged]
        trials.append(Trial(by_name, sum(changes) / len(changes)))
        if note is not None:
            note(f"Padding with {_text(by_name)} changes the outputs by {trials[-1].change:.2%}")
    best = min(trials, key=lambda trial: trial.change)
    if note is not None:
        sizes = ", ".join(f"{symbol} = {size}" for symbol, size in chosen.items())
        note(f"Padded to {sizes} with {_text(best.fills)}")
    return Padding(chosen, best.fills, crops)


def _text(fills: Mapping[str, Fill]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in fills.items())


def _bounds(bounds: int | Mapping[str, int] | bool, largest: Mapping[str, int]) -> dict[str, int]:
    if not largest:
        raise Error("pad: no axis varies over the samples, so there is nothing to pad")
    if bounds is True:
        return dict(largest)
    if isinstance(bounds, Mapping):
        if unknown := [symbol for symbol in bounds if symbol not in largest]:
            raise Error(f"pad: there is no axis '{unknown[0]}'; there are: {', '.join(largest)}")
        chosen = dict(bounds)
    else:
        chosen = dict.fromkeys(largest, int(bounds))
    for symbol, size in chosen.items():
        if size < largest[symbol]:
            raise Error(f"pad: {symbol} = {size}, but a sample has {largest[symbol]}")
    return chosen


def _candidates(port: Port) -> Sequence[Fill]:
    dtype = getattr(torch, port.dtype)
    if dtype == torch.bool:
        return _BOOLS
    return _FLOATS if dtype.is_floating_point else _INTEGERS


def _crops(
    model: nn.Module, calls: Sequence[Call], signature: Signature
) -> dict[str, dict[int, tuple[str, float]]]:
    """Output axes that are a fixed fraction of a symbol in all samples."""
    rows = []
    for call in calls:
        with unchanged(model):
            outputs = run_flat(model, call, signature)
        given = signature.flatten(call)
        sizes = {
            symbol: tensor.shape[axis]
            for port, tensor in zip(signature.inputs, given, strict=True)
            for axis, symbol in port.symbols().items()
        }
        rows.append((sizes, [tuple(output.shape) for output in outputs]))
    crops: dict[str, dict[int, tuple[str, float]]] = {}
    for place, port in enumerate(signature.outputs):
        for axis in port.symbols():
            for symbol in rows[0][0]:
                ratios = [shapes[place][axis] / sizes[symbol] for sizes, shapes in rows]
                ratio = min(ratios)
                if all(
                    math.ceil(sizes[symbol] * ratio - 1e-6) == shapes[place][axis]
                    for sizes, shapes in rows
                ):
                    crops.setdefault(port.name, {})[axis] = (symbol, ratio)
                    break
    return crops


def _change(model: nn.Module, call: Call, signature: Signature, padding: Padding) -> float:
    tensors = signature.flatten(call)
    padded = padding.pad(signature.inputs, tensors)
    with unchanged(model):
        expected = run_flat(model, call, signature)
        whole = run_flat(model, signature.rebuild_call(padded), signature)
    sizes = padding.sizes(signature.inputs, tensors)
    return max(relative_errors(expected, padding.crop(signature.outputs, whole, sizes)), default=0)
