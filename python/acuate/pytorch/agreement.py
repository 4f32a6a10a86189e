"""How far each module's result is from the float model's, inside of the network that runs.

A module's result is a tensor of the exported graph: that which is equal to it. Where the converted
network still has that tensor, both are compared on the samples. What was merged into a neighbour,
such as a convolution into the normalization after it, has no result of its own any more.
"""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from acuate import _core
from acuate._core import Error
from acuate.pytorch.adapter import run_flat
from acuate.pytorch.export import size_bytes, unchanged, widen, widened
from acuate.pytorch.probe import module_hooks, probe, tensors_of_modules
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature
from acuate.pytorch.structure import flatten
from acuate.pytorch.tensors import relative_error

MAX_SAMPLES = 3
MAX_SECONDS = 3.0
"""Another sample is begun as long as less has passed."""
MAX_RESULT_BYTES = 512 << 20
"""Of all results of one sample, the smallest first; they are held twice, with those of the exported
graph."""
MAX_WEIGHT_BYTES = 1 << 30

SAME = 1e-3
"""Relative: a tensor of the exported graph that is no further away is the module's result."""

NEVER = "never called"
NO_TENSOR = "its result is no tensor of the exported graph"
MERGED = "merged into its neighbours: the converted network has no such tensor"
TOO_LARGE = f"the results take more than {MAX_RESULT_BYTES >> 20} MiB"

_SUFFIXES = ("", "_float16", "_bfloat16")
"""Of a tensor's name in the converted network, where it is computed in another type."""


@dataclass
class Agreement:
    """Sums over all values of a module's results."""

    signal: float = 0.0
    noise: float = 0.0
    product: float = 0.0
    found: float = 0.0

    def add(self, expected: torch.Tensor, found: torch.Tensor) -> None:
        x, y = expected.flatten().double(), found.flatten().double()
        sums = _sums(x, y)
        if not all(map(math.isfinite, sums)):
            fine = x.isfinite() & y.isfinite()
            sums = _sums(x[fine], y[fine])
        self.signal += sums[0]
        self.noise += sums[1]
        self.product += sums[2]
        self.found += sums[3]

    def members(self) -> dict[str, Any]:
        """`sqnr_db`, `cosine` and why one is None, as report.json has them."""
        sqnr_db = cosine = None
        reason = {}
        if self.signal > 0 and self.noise > 0:
            sqnr_db = 10 * math.log10(self.signal / self.noise)
        else:
            reason["sqnr_db"] = "its values are zero" if self.noise else "infinite: no error"
        if self.signal > 0 and self.found > 0:
            ratio = self.product / math.sqrt(self.signal * self.found)
            cosine = max(-1.0, min(1.0, ratio))
        else:
            reason["cosine"] = "undefined: its values are zero"
        return {"sqnr_db": sqnr_db, "cosine": cosine, "reason": reason}


def _sums(x: torch.Tensor, y: torch.Tensor) -> tuple[float, float, float, float]:
    difference = x - y
    return float(x.dot(x)), float(difference.dot(difference)), float(x.dot(y)), float(y.dot(y))


Found = Mapping[str, "Agreement | str"]


def tell_agreement(rows: Sequence[dict[str, Any]], found: Found | str) -> None:
    """Writes it into the `modules` of a report; what the core measured of a module stays where
    nothing was measured here. `found` is a reason where nothing could be measured at all."""
    for row in rows:
        path = "" if row["path"] == "(model)" else row["path"]
        one = found if isinstance(found, str) else found.get(path, NO_TENSOR)
        reason = dict(row.get("reason") or {})
        for member in ("sqnr_db", "cosine"):
            if isinstance(one, Agreement):
                members = one.members()
                row[member] = members[member]
                reason.pop(member, None)
                reason |= {k: v for k, v in members["reason"].items() if k == member}
            elif row[member] is None:
                reason[member] = one
        row.pop("reason", None)
        if reason:
            row["reason"] = reason


def measure_agreement(
    model: nn.Module,
    taken: Sequence[Call],
    signature: Signature,
    exported: Path,
    artifact: Path,
) -> Found | str:
    """By module path (the whole model: empty); or why nothing can be said.

    `exported` is the file that the artifact was made of, `signature` that of the file, and `taken`
    calls of it; MAX_SAMPLES of them are run, the smallest first.
    """
    try:
        network, target = _network_of(artifact)
        _core.require_target(target)  # an engine that only runs elsewhere cannot be asked
        if size_bytes(model) > MAX_WEIGHT_BYTES:
            return f"a network of more than {MAX_WEIGHT_BYTES >> 30} GiB is not run once more"
        # The float model: weights of 16 bits are rounded in themselves.
        wide, order = widened(model), sorted(taken, key=lambda call: _size(call, signature))
        calls = [_wide(call, signature) for call in order[:MAX_SAMPLES]]
        return _Measurement(wide, calls, signature, exported, network, target).run()
    except Error as error:
        return f"could not be measured: {error}"


class _Measurement:
    def __init__(
        self,
        model: nn.Module,
        calls: Sequence[Call],
        signature: Signature,
        exported: Path,
        network: Path,
        target: str,
    ) -> None:
        self._model, self._calls, self._signature = model, calls, signature
        self._exported, self._network, self._target = exported, network, target

    def run(self) -> Found:
        begin = time.perf_counter()
        found: dict[str, Agreement | str] = {path: NEVER for path, _ in self._model.named_modules()}
        sizes: dict[str, int] = {}

        def measure(path: str, number: int, tensor: torch.Tensor) -> None:
            sizes[path] = sizes.get(path, 0) + tensor.nbytes

        self._run(self._calls[0], measure)
        chosen = _within_budget(sizes)
        found |= {path: NO_TENSOR if path in chosen else TOO_LARGE for path in sizes}
        places = self._places(chosen)
        own = _tensor_names(self._network)
        kept = {}
        for key, name in places.items():
            found[key[0]] = MERGED
            if same := [name + suffix for suffix in _SUFFIXES if name + suffix in own]:
                kept[key] = same[0]
        # A module of several results is told by those that are left.
        sums = {path: Agreement() for path, _ in kept} | {"": Agreement()}
        with probe(self._network, sorted(set(kept.values())), self._target) as inside:
            for call in self._calls:
                self._add(call, inside(call, self._signature), kept, sums)
                if time.perf_counter() - begin > MAX_SECONDS:
                    break
        return found | sums

    def _places(self, chosen: set[str]) -> dict[tuple[str, int], str]:
        """The tensor of the exported graph that is the module's n-th result, by its path and n."""
        produced = tensors_of_modules(self._exported)
        wanted = sorted({name for path in chosen for name in produced.get(path, ())})
        with probe(self._exported, wanted) as inside:
            values = inside(self._calls[0], self._signature)
        places: dict[tuple[str, int], str] = {}

        def find(path: str, number: int, tensor: torch.Tensor) -> None:
            for name in produced.get(path, ()) if path in chosen else ():
                if _is_same(tensor, values[name]):
                    places[path, number] = name
                    return

        self._run(self._calls[0], find)
        return places

    def _add(
        self,
        call: Call,
        values: Mapping[str, torch.Tensor],
        kept: Mapping[tuple[str, int], str],
        sums: Mapping[str, Agreement],
    ) -> None:
        def add(path: str, number: int, tensor: torch.Tensor) -> None:
            name = kept.get((path, number))
            if name is not None and values[name].shape == tensor.shape:
                sums[path].add(tensor, values[name])

        expected = self._run(call, add)
        for port, tensor in zip(self._signature.outputs, expected, strict=True):
            value = values.get(port.name)
            if tensor.is_floating_point() and value is not None and value.shape == tensor.shape:
                sums[""].add(tensor, value)

    def _run(
        self, call: Call, take: Callable[[str, int, torch.Tensor], None]
    ) -> Sequence[torch.Tensor]:
        """The model's results. `take` is called with each tensor of floats that a module gives, as
        it ends, with its path and the tensor's number among all that it gives."""
        counts: dict[str, int] = {}

        def note(path: str) -> Any:
            def hook(module: nn.Module, args: Any, result: Any) -> None:
                try:
                    leaves = flatten(result)[1]
                except Error:  # holds itself
                    return
                for leaf in leaves:
                    number = counts.get(path, 0)
                    counts[path] = number + 1
                    if leaf.tensor.is_floating_point() and leaf.tensor.numel():
                        take(path, number, leaf.tensor.detach())

            return hook

        with module_hooks(self._model, note), unchanged(self._model):
            return run_flat(self._model, call, self._signature)


def _is_same(expected: torch.Tensor, found: torch.Tensor) -> bool:
    if expected.shape != found.shape or not found.is_floating_point():
        return False
    # Most are told apart by a few values.
    few = slice(None, None, max(1, expected.numel() // 64))
    a, b = expected.flatten()[few], found.flatten()[few]
    if not torch.allclose(b, a, rtol=0, atol=10 * SAME * float(a.abs().max()), equal_nan=True):
        return False
    a, b = expected.flatten(), found.flatten()
    signal, noise = float(a.dot(a)), float((b - a).square_().sum())
    if not math.isfinite(signal + noise):
        return relative_error(expected, found) <= SAME
    return noise <= SAME**2 * signal


def _within_budget(sizes: Mapping[str, int]) -> set[str]:
    chosen, total = set(), 0
    for path in sorted(sizes, key=lambda path: sizes[path]):
        total += sizes[path]
        if total > MAX_RESULT_BYTES:
            break
        chosen.add(path)
    return chosen


def _network_of(artifact: Path) -> tuple[Path, str]:
    """The one ONNX file of an artifact, and the target that runs it. Errors: there is another form
    of network."""
    modules = json.loads((artifact / "manifest.json").read_text("utf-8"))["modules"]
    if len(modules) != 1 or modules[0]["kind"] != "onnx":
        raise Error(f"the network is divided into {len(modules)} pieces")
    if arithmetic := modules[0].get("arithmetic"):
        raise Error(
            f"the engine itself computes in {arithmetic}, which no tensor of the file tells"
        )
    return artifact / modules[0]["file"], modules[0]["target"]


def _size(call: Call, signature: Signature) -> int:
    return sum(tensor.numel() for tensor in signature.flatten(call))


def _wide(call: Call, signature: Signature) -> Call:
    return signature.rebuild_call([widen(tensor) for tensor in signature.flatten(call)])


def _tensor_names(path: Path) -> set[str]:
    graph = onnx.load(path, load_external_data=False).graph
    return {name for node in graph.node for name in node.output}
