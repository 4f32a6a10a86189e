"""How to pad a model's inputs, and what to do with its results, judged by its own outputs.

Where images and masks vary in size, a network of one size needs them filled up to a bound. Which
values disturb least is not known beforehand, nor whether results are cut, or are coordinates that
must be scaled back: the model is run on the samples, as they are and padded.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from acuate._core import Error
from acuate.pytorch.adapter import run_flat
from acuate.pytorch.export import unchanged
from acuate.pytorch.inverse import Cells, Part, Scale, Step
from acuate.pytorch.inverse_search import Observation, change, find_steps
from acuate.pytorch.padding import Fill, Padding, sizes_of
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Port, Signature

JUDGED_SAMPLES = 3
MAX_TRIALS = 32

# What may stand for nothing, by kind of tensor.
_FLOATS = (0.0, 1.0)
_BOOLS = (True, False)
_INTEGERS = (0,)

KEEP = "keep"

Given = Mapping[str, str | Sequence[str | None]]
"""By output: KEEP, results as they come; or what each place of the last axis is a part of."""


@dataclass(frozen=True)
class Trial:
    """A choice of values, and the mean relative change of the worst output."""

    padding: Padding
    change: float


def search_padding(
    model: nn.Module,
    taken: Sequence[Call],
    signature: Signature,
    bounds: int | Mapping[str, int] | bool,
    fills: Mapping[str, Fill] | None = None,
    outputs: Given | None = None,
    note: Callable[[str], None] | None = None,
) -> Padding:
    """The padding whose values change the model's outputs least.

    `bounds`: the size of all axes that vary, that of each symbol, or True: the largest of the
    samples. `fills` are given for some inputs and `outputs` for some outputs, and searched for the
    others; every trial is told. Errors: no axis varies; a bound below a sample's size; too many
    inputs to try; a name that is not there.
    """
    tensors = [signature.flatten(call) for call in taken]
    sizes = [sizes_of(signature.inputs, sample) for sample in tensors]
    largest = {symbol: max(own[symbol] for own in sizes) for symbol in (sizes[0] if sizes else ())}
    chosen = _bounds(bounds, largest)
    open_ports = [p for p in signature.inputs if any(s in chosen for s in p.symbols().values())]
    given = _given(outputs or {}, signature.outputs, list(largest))
    weights = [sum(tensor.numel() for tensor in sample) for sample in tensors]
    judged = _judged(sizes, weights, chosen)
    runs = _Runs(model, [taken[place] for place in judged], signature)
    trials = []
    for by_name in _combinations(open_ports, fills or {}):
        seen = runs.observe(Padding(chosen, by_name, {}), chosen)
        steps = find_steps(signature.outputs, seen) | given
        left = [_worst(change(signature.outputs, steps, one)) for one in seen]
        trials.append(Trial(Padding(chosen, by_name, steps), sum(left) / len(left)))
        if note is not None:
            note(f"Padding with {_text(by_name)} changes the outputs by {trials[-1].change:.2%}")
    best = min(trials, key=lambda trial: trial.change).padding
    if any(isinstance(step, (Cells, Scale)) for steps in best.steps.values() for step in steps):
        steps = find_steps(signature.outputs, runs.observe_each(best)) | given
        best = Padding(best.bounds, best.fills, steps)
    if note is not None:
        text = ", ".join(f"{symbol} = {size}" for symbol, size in chosen.items())
        note(f"Padded to {text} with {_text(best.fills)}")
        for line in _told(best, signature, runs.observe(best, chosen)):
            note(line)
    return best


class _Runs:
    """Runs of the judged samples; as they are, they are run once."""

    def __init__(self, model: nn.Module, taken: Sequence[Call], signature: Signature) -> None:
        self._model, self._taken, self._signature = model, taken, signature
        self._expected = [self._run(call) for call in taken]

    def observe(self, padding: Padding, bounds: Mapping[str, int]) -> list[Observation]:
        """All of them, padded to these bounds."""
        only = Padding(dict(bounds), padding.fills, {})
        seen = []
        for call, expected in zip(self._taken, self._expected, strict=True):
            tensors = self._signature.flatten(call)
            sizes = sizes_of(self._signature.inputs, tensors)
            padded = self._signature.rebuild_call(only.pad(self._signature.inputs, tensors))
            whole = {**sizes, **bounds}
            seen.append(Observation(sizes, whole, expected, self._run(padded)))
        return seen

    def observe_each(self, padding: Padding) -> list[Observation]:
        """Padded to all bounds, and to each alone: images of one shape do not tell height from
        width. What the model does not take padded so is left out."""
        seen = self.observe(padding, padding.bounds)
        for symbol, size in padding.bounds.items():
            try:
                seen += self.observe(padding, {symbol: size})
            except Exception:  # whatever a forward raises for a size that it does not take
                continue
        return seen

    def _run(self, call: Call) -> Sequence[torch.Tensor]:
        with unchanged(self._model):
            return [t.detach().clone() for t in run_flat(self._model, call, self._signature)]


def _judged(
    sizes: Sequence[Mapping[str, int]], weights: Sequence[int], bounds: Mapping[str, int]
) -> list[int]:
    """The smallest samples; and for each symbol that is at its bound in all of them one where it is
    not."""
    order = sorted(range(len(sizes)), key=lambda place: weights[place])
    chosen = order[:JUDGED_SAMPLES]
    for symbol, bound in bounds.items():
        if all(sizes[place][symbol] == bound for place in chosen):
            chosen.append(min(order, key=lambda place: sizes[place][symbol]))
    return list(dict.fromkeys(chosen))


def _combinations(ports: Sequence[Port], given: Mapping[str, Fill]) -> list[dict[str, Fill]]:
    names = [port.name for port in ports]
    if unknown := [name for name in given if name not in names]:
        raise Error(
            f"pad_fill: '{unknown[0]}' is no input that is padded; there are: {', '.join(names)}"
        )
    choices = [[given[port.name]] if port.name in given else _candidates(port) for port in ports]
    combinations = list(itertools.product(*choices))
    if len(combinations) > MAX_TRIALS:
        raise Error(
            f"{len(combinations)} ways to fill {len(ports)} inputs; give some of them with "
            "pad_fill={name: value}"
        )
    return [dict(zip(names, values, strict=True)) for values in combinations]


def _candidates(port: Port) -> Sequence[Fill]:
    dtype = getattr(torch, port.dtype)
    if dtype == torch.bool:
        return _BOOLS
    return _FLOATS if dtype.is_floating_point else _INTEGERS


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


def _given(
    given: Given, ports: Sequence[Port], symbols: Sequence[str]
) -> dict[str, tuple[Step, ...]]:
    by_name = {port.name: port for port in ports}
    steps: dict[str, tuple[Step, ...]] = {}
    for name, how in given.items():
        port = by_name.get(name)
        if port is None:
            raise Error(f"pad_output: there is no output '{name}'; there are: {', '.join(by_name)}")
        if how == KEEP:
            steps[name] = ()
            continue
        parts = how.split(",") if isinstance(how, str) else list(how)
        parts = [part or None for part in parts]
        if not port.shape or port.shape[-1] != len(parts):
            raise Error(
                f"pad_output: '{name}' is given {len(parts)} parts, its shape is "
                f"{list(port.shape)}; expected one for each place of the last axis, or '{KEEP}'"
            )
        if unknown := [part for part in parts if part is not None and part not in symbols]:
            raise Error(
                f"pad_output: there is no axis '{unknown[0]}'; there are: {', '.join(symbols)}"
            )
        of = tuple(Part() if part is None else Part((part,)) for part in parts)
        steps[name] = (Scale(len(port.shape) - 1, of),)
    return steps


def _told(padding: Padding, signature: Signature, seen: Sequence[Observation]) -> list[str]:
    """What was found for each output that needs something, and what the change is with and without;
    outputs that keep another size than the original's."""
    ports = signature.outputs
    without = [change(ports, {}, one) for one in seen]
    left = [change(ports, padding.steps, one) for one in seen]
    told = []
    for place, port in enumerate(ports):
        before, after = [row[place] for row in without], [row[place] for row in left]
        if None in after:
            told.append(
                f"Output '{port.name}' grows with the inputs in a way that was not recognized, and "
                "keeps what belongs to the padding"
            )
        elif how := padding.told().get(port.name):
            was = "" if None in before else f" (without it: {_worst(before):.2%})"
            told.append(f"Output '{port.name}': {how}; changed by {_worst(after):.2%}{was}")
    return told


def _worst(changes: Sequence[float | None]) -> float:
    return max((change for change in changes if change is not None), default=0.0)


def _text(fills: Mapping[str, Fill]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in fills.items())
