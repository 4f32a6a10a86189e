"""Which modules become engines where the whole model cannot: pieces at module borders.

From the top down: a module that exports, computes the same on every call and is faster as an engine
than in PyTorch is a piece as a whole; one that does not export is opened, and its children are
asked. What is left stays in PyTorch. Speed is measured on the module's own calls, borders included,
so that a piece is never slower than what it replaces.
"""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from acuate._core import Error
from acuate.pytorch import judge
from acuate.pytorch.export import Exported, save, unchanged
from acuate.pytorch.faithful import export_faithful
from acuate.pytorch.probe import Engine, named
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature, derive, parameters_of
from acuate.pytorch.structure import flatten
from acuate.pytorch.verify import check

CAPTURED_CALLS = 8
"""Of one module, over the samples; a module that is called more often is checked on these, and the
whole model on every sample."""
TIMED_RUNS = 5

STRATEGIES = ("auto", "recursive")


@dataclass(frozen=True)
class Piece:
    """A module that becomes an engine."""

    path: str
    signature: Signature
    exported: Exported
    errors: list[list[float]]
    calls: list[Call]
    eager_ms: float
    engine_ms: float
    """Of one call, medians; both taken in turn."""


@dataclass
class Plan:
    """How a model is divided between engines and PyTorch."""

    pieces: list[Piece] = field(default_factory=list)
    """In the order of `named_modules()`; none is inside of another."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Why a module is not converted as a whole, by path."""


@dataclass(frozen=True)
class Limits:
    """What a division must keep to."""

    strategy: str = "auto"
    """auto, or recursive: every module that exports with the shapes of one sample and plain tensors
    at its borders, whether that is faster or not."""
    exclude: frozenset[str] = frozenset()
    """Modules that stay in PyTorch, with all that they hold."""
    only: frozenset[str] | None = None
    """Modules that may be converted, with all that they hold; None: all."""
    blocked: Mapping[str, str] = field(default_factory=dict)
    """Modules in which something was found that no exporter takes, and what it is."""


def split(
    model: nn.Module,
    taken: Sequence[Call],
    folder: Path,
    limits: Limits,
    config_keys: Mapping[str, str],
    note: Callable[[str], None] | None = None,
) -> Plan:
    """Divides a model that cannot be converted as a whole; files are written to `folder`.

    `config_keys`, by path, are equal for modules that compute the same function of their inputs and
    weights: such a module is not tried again when another has failed on inputs of the same form,
    and takes over the graph of one that was exported.
    """
    modules = dict(model.named_modules())
    plan = Plan()
    known: dict[tuple[str, str], Exported | str] = {}
    frontier = [path for path, _ in model.named_children()]
    while frontier:
        tried = [path for path in frontier if _may_try(path, limits)]
        captured = capture(model, taken, tried)
        opened: list[str] = []
        for path in frontier:
            if path in limits.exclude:
                plan.reasons[path] = "excluded"
                continue
            reason = _own_reason(path, tried, captured, limits)
            if reason is None:
                attempt = _Attempt(model, path, captured[path], folder, limits, known, config_keys)
                found = attempt.run()
                if isinstance(found, Piece):
                    plan.pieces.append(found)
                    if note is not None:
                        note(_told(found))
                    continue
                reason = found
            plan.reasons[path] = reason
            if not reason.startswith(_SLOWER):
                opened += [f"{path}.{name}" for name, _ in modules[path].named_children()]
        first = {path for path, _ in model.named_modules()}
        frontier = [path for path in opened if path in first]
    order = {path: place for place, path in enumerate(modules)}
    plan.pieces.sort(key=lambda piece: order[piece.path])
    return plan


_SLOWER = "slower as an engine"


def capture(
    model: nn.Module, taken: Sequence[Call], paths: Iterable[str]
) -> dict[str, list[tuple[Call, Any]]]:
    """What modules are called with and what they give, over the samples, in order: copies of the
    tensors, of CAPTURED_CALLS calls of each module at most."""
    modules = dict(model.named_modules())
    seen: dict[str, list[tuple[Call, Any]]] = {path: [] for path in paths}

    def note(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, kwargs: Any, result: Any) -> None:
            # From each sample some, so that sizes that vary are seen.
            if len(seen[path]) < CAPTURED_CALLS:
                seen[path].append((_copy(Call(args, kwargs)), _shapes(result)))

        return hook

    with ExitStack() as stack:
        for path in seen:
            handle = modules[path].register_forward_hook(note(path), with_kwargs=True)
            stack.callback(handle.remove)
        with torch.no_grad(), unchanged(model):
            for call in taken:
                model(*call.args, **call.kwargs)
    return seen


def _copy(call: Call) -> Call:
    structure, leaves = flatten((call.args, dict(call.kwargs)))
    args, kwargs = structure.rebuild([leaf.tensor.detach().clone() for leaf in leaves])
    return Call(args, kwargs)


def _shapes(result: Any) -> Any:
    structure, leaves = flatten(result)
    return structure.rebuild([leaf.tensor.to("meta") for leaf in leaves])


def _may_try(path: str, limits: Limits) -> bool:
    return path not in limits.exclude and _is_allowed(path, limits)


def _is_allowed(path: str, limits: Limits) -> bool:
    return limits.only is None or any(_is_within(path, holder) for holder in limits.only)


def _is_within(path: str, holder: str) -> bool:
    return not holder or path == holder or path.startswith(holder + ".")


def _own_reason(
    path: str,
    tried: Sequence[str],
    captured: Mapping[str, Sequence[Any]],
    limits: Limits,
) -> str | None:
    """Why a module is opened without being tried."""
    if path not in tried:
        return "the configuration does not name it"
    if not captured[path]:
        return "never called"
    for inside in limits.exclude:
        if _is_within(inside, path):
            return f"it holds '{inside}', which is excluded"
    for inside, reason in limits.blocked.items():
        if _is_within(inside, path):
            return reason
    return None


class _Attempt:
    """One module on its way to an engine."""

    def __init__(
        self,
        model: nn.Module,
        path: str,
        captured: Sequence[tuple[Call, Any]],
        folder: Path,
        limits: Limits,
        known: dict[tuple[str, str], Exported | str],
        config_keys: Mapping[str, str],
    ) -> None:
        self._module = model.get_submodule(path)
        self._path = path
        self._calls = [call for call, _ in captured]
        self._results = [result for _, result in captured]
        self._file = folder / f"{path or 'model'}.onnx"
        self._limits = limits
        self._known = known
        self._config = config_keys.get(path, path)

    def run(self) -> Piece | str:
        """The piece, or why there is none."""
        try:
            signature = derive(self._calls, self._results, parameters_of(self._module.forward))
            signature.to_json()
        except Error as error:
            return str(error)
        if not signature.inputs or not signature.outputs:
            return "no tensors at its border"
        if self._limits.strategy == "recursive" and (reason := _not_plain(signature)):
            return reason
        key = self._config, str(signature.to_json())
        before = self._known.get(key)
        if isinstance(before, str):
            return before
        try:
            exported, errors = self._export(signature, before)
        except Error as error:
            self._known[key] = str(error)
            return str(error)
        self._known[key] = exported
        eager_ms, engine_ms = self._time(signature, exported)
        if self._limits.strategy == "auto" and engine_ms >= eager_ms:
            return f"{_SLOWER}: {engine_ms:.2f} ms against {eager_ms:.2f} ms in PyTorch"
        return Piece(self._path, signature, exported, errors, self._calls, eager_ms, engine_ms)

    def _export(
        self, signature: Signature, alike: Exported | None
    ) -> tuple[Exported, list[list[float]]]:
        if alike is not None and with_weights_of(self._module, alike.path, self._file):
            exported = Exported(self._file, alike.exporter, 0.0)
            try:
                return exported, check(self._module, self._calls, signature, self._file)
            except Error:
                pass  # its weights stand in the graph in another form: exported by itself below
        return export_faithful(self._module, self._calls, signature, self._file)

    def _time(self, signature: Signature, exported: Exported) -> tuple[float, float]:
        engine = Engine(exported.path)

        def as_engine(*args: Any, **kwargs: Any) -> Any:
            results = engine.run(named(Call(args, kwargs), signature))
            return signature.output_structure.rebuild(results)

        with unchanged(self._module):
            eager, converted = judge.time_interleaved(
                [self._module, as_engine], self._calls, TIMED_RUNS
            )
        return statistics.median(eager), statistics.median(converted)


def _not_plain(signature: Signature) -> str | None:
    """What a conversion without adapters does not take."""
    if len(signature.input_structure.children) == 2 and signature.input_structure.children[1].keys:
        return "it is called with keywords"
    for what, structure in (
        ("argument", signature.input_structure),
        ("result", signature.output_structure),
    ):
        found = [structure]
        for node in found:
            if node.kind in ("dict", "object", "namedtuple") and node.children:
                return f"its {what} is a {node.cls.split(':')[-1] or 'dict'}"
            found += node.children
    for port in (*signature.inputs, *signature.outputs):
        if port.symbols():
            return f"the shape of '{port.name}' varies: {list(port.shape)}"
    return None


def with_weights_of(module: nn.Module, alike: Path, to: Path) -> bool:
    """Writes the graph of another module with this one's weights.

    False where a weight of this module has no initializer of its name, type and shape.
    """
    model = onnx.load(alike)
    initializers = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, tensor in module.state_dict(keep_vars=True).items():
        initializer = initializers.get(name)
        value = tensor.detach().cpu()
        if value.dtype in (torch.bfloat16, torch.float16):
            value = value.float()
        if initializer is None or tuple(initializer.dims) != tuple(value.shape):
            if value.numel() <= 1:  # counters such as num_batches_tracked
                continue
            return False
        initializer.CopyFrom(onnx.numpy_helper.from_array(value.numpy(), name))
    save(model, to)
    return True


def _told(piece: Piece) -> str:
    return (
        f"{piece.path}: an engine, {piece.engine_ms:.2f} ms for {piece.eager_ms:.2f} ms in PyTorch"
    )
