"""The runs of the model that a scan consists of."""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import torch

from acuate._core import Error
from acuate.pytorch import blockers
from acuate.pytorch.model_state import ModelState, modules_of
from acuate.pytorch.module_config import config_keys
from acuate.pytorch.outcome import Outcome
from acuate.pytorch.records import LeafSpec, ModuleCall, ModuleRecord
from acuate.pytorch.samples import Call
from acuate.pytorch.source import Source, failure, forward_of
from acuate.pytorch.structure import Structure, flatten
from acuate.pytorch.watch import (
    Active,
    Detector,
    DispatchMode,
    Facts,
    FunctionMode,
    Hooks,
    Watch,
    storage_key,
)

MAX_CALLS = 16
"""Calls of a module that are recorded, per sample; all are counted."""

# What code may leave out while it is exported is looked for once more under the exporter's flags.
_GUARDED = ("value_read", "numpy_round_trip", "data_dependent_shape")


def _call_model(model: torch.nn.Module, call: Call) -> Any:
    """Walks up the stack end here: what is above is not the model's."""
    return model(*call.args, **call.kwargs)


def arguments(model: torch.nn.Module, call: Call) -> list[tuple[str, torch.Tensor]]:
    """The tensors of a call by key path, from the names of forward's parameters."""
    try:
        given = inspect.signature(model.forward).bind(*call.args, **call.kwargs).arguments
    except (TypeError, ValueError):  # forward will say so itself
        given = {f"argument {index}": value for index, value in enumerate(call.args)}
        given |= call.kwargs
    return [
        (leaf.path, leaf.tensor)
        for name, value in given.items()
        for leaf in flatten(value, name)[1]
    ]


class Runs:
    """Runs a model on its calls; `records` and `detectors` gather what is seen. After a run the
    caller restores the state."""

    def __init__(self, model: torch.nn.Module, calls: Sequence[Call]) -> None:
        self.model, self.calls = model, calls
        found = modules_of(model)
        self.modules = {path: module for path, (module, _) in found.items()}
        self.paths = {id(module): path for path, module in self.modules.items()}
        keys = config_keys(self.modules)
        self.records = {
            path: ModuleRecord(
                path=path,
                aliases=aliases,
                class_name=f"{type(module).__module__}:{type(module).__qualname__}",
                config=keys[id(module)],
                file=forward.file,
                line=forward.line,
            )
            for path, (module, aliases) in found.items()
            for forward in (forward_of(module) or Source("", 0, ""),)
        }
        # What is compiled runs without hooks, and keeps its state outside Python.
        self.hooked = [
            m for m in self.modules.values() if not isinstance(m, torch.jit.ScriptModule)
        ]
        self.state = ModelState({self.paths[id(m)]: m for m in self.hooked})
        self.detectors = {kind: blockers.detector(kind) for kind in blockers.kinds()}
        self._first_places: set[tuple[str, str, int]] = set()  # of _GUARDED, seen in sample 0

    def watched(self) -> Outcome:
        """All samples, watched; gives the outcome of the first."""
        detectors = list(self.detectors.values())
        watch = Watch(detectors, self.paths, _call_model.__code__)
        reads, shapes = self.detectors["value_read"], self.detectors["data_dependent_shape"]
        shapes.on_comparison = lambda w, answer: reads.see(  # type: ignore[attr-defined]
            w, "size", "comparison of a size", answer, True
        )
        in_place: Any = self.detectors["in_place"]
        in_place.state = self.state
        hooks = Hooks(self.paths, self.hooked, watch.stack, *self._recorder(watch))
        functions, operators = FunctionMode(watch), DispatchMode(watch)
        outcomes = []
        with hooks, self._assignments(watch, in_place):
            for index, call in enumerate(self.calls):
                given = arguments(self.model, call)
                in_place.inputs = {storage_key(tensor): (path, tensor) for path, tensor in given}
                watch.begin(index, [tensor for _, tensor in given])
                hooks.begin_sample()
                try:
                    with functions, operators:
                        result = self._call(index)
                finally:
                    watch.end()
                    if watch.saw_higher_order:
                        torch._dynamo.reset()
                if index == 0:
                    outcomes.append(Outcome.of(result))
                    self._first_places = _places({k: self.detectors[k] for k in _GUARDED})
                counts = hooks.counts()
                for path, module in self.modules.items():
                    self.records[path].calls_per_sample.append(counts.get(id(module), 0))
        return outcomes[0]

    def _recorder(self, watch: Watch) -> tuple[Any, Any]:
        """What hooks do in a watched run: records of calls, and word to the detectors."""
        begun: dict[tuple[str, int], ModuleCall] = {}

        def enter(active: Active, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            watch.hidden += 1
            try:
                if active.index < MAX_CALLS:
                    structure, leaves = _border((args, kwargs))
                    call = ModuleCall(watch.sample, active.index, structure, leaves)
                    begun[active.path, active.index] = call
                    self.records[active.path].calls.append(call)
                for detector in watch.detectors:
                    detector.enter(watch, active)
            finally:
                watch.hidden -= 1

        def leave(active: Active, result: Any) -> None:
            watch.hidden += 1
            try:
                if call := begun.pop((active.path, active.index), None):
                    call.outputs, call.output_leaves = _border(result)
                for detector in watch.detectors:
                    detector.leave(watch, active)
            finally:
                watch.hidden -= 1

        return enter, leave

    def changes_state(self) -> bool:
        """Whether forward changed tensors of the model in a watched run."""
        return bool(self.detectors["in_place"].changes_state)  # type: ignore[attr-defined]

    def compared_all(self) -> bool:
        """Whether all functions that ran were compared between samples."""
        return bool(self.detectors["branch"].complete)  # type: ignore[attr-defined]

    def plain(self, index: int) -> Outcome:
        """A run that nothing watches."""
        with self._inputs_kept(index):
            return Outcome.of(self._call(index))

    def timed(self) -> tuple[float, Outcome]:
        """Sample 0 in a run that nothing watches: seconds of the whole, and of each module."""
        starts: dict[tuple[str, int], float] = {}
        times: dict[tuple[str, int], float] = {}

        def enter(active: Active, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            starts[active.path, active.index] = perf_counter()

        def leave(active: Active, result: Any) -> None:
            key = (active.path, active.index)
            times[key] = (perf_counter() - starts.pop(key)) * 1e6

        hooks = Hooks(self.paths, self.hooked, [], enter, leave)
        with self._inputs_kept(0), hooks:
            began = perf_counter()
            result = self._call(0)
            seconds = perf_counter() - began
            outcome = Outcome.of(result)
        for (path, _), time_us in times.items():
            self.records[path].time_us += time_us
        for path, record in self.records.items():
            for call in record.calls:
                if call.sample == 0:
                    call.time_us = times.get((path, call.index))
        return seconds, outcome

    def first_random(self) -> str | None:
        """The first module, in the order of their ends, whose result differs between two runs."""
        runs: list[list[tuple[str, list[float]]]] = []
        for _ in range(2):
            sums: list[tuple[str, list[float]]] = []

            def leave(active: Active, result: Any, sums: Any = sums) -> None:
                try:
                    _, leaves = flatten(result)
                except Error:  # holds itself
                    return
                of = [leaf.tensor.double().abs().sum().item() for leaf in leaves]
                sums.append((active.path, of))

            hooks = Hooks(self.paths, self.hooked, [], _no_entry, leave)
            with self._inputs_kept(0), hooks:
                self._call(0)
            self.state.restore()
            runs.append(sums)
        differing = (path for (path, a), (_, b) in zip(*runs, strict=False) if a != b)
        return next(differing, None)

    def guarded(self) -> frozenset[tuple[str, str, int]]:
        """What was seen, but is not where the code is told that it is exported."""
        if not self._first_places:
            return frozenset()
        again = {kind: blockers.detector(kind) for kind in _GUARDED}
        watch = Watch(list(again.values()), self.paths, _call_model.__code__)
        hooks = Hooks(self.paths, self.hooked, watch.stack, _no_entry, _no_exit)
        shapes: Any = again["data_dependent_shape"]
        reads: Any = again["value_read"]
        shapes.on_comparison = lambda w, answer: reads.see(w, "size", "", answer, True)
        watch.begin(0, [tensor for _, tensor in arguments(self.model, self.calls[0])])
        try:
            modes = FunctionMode(watch), DispatchMode(watch)
            with self._inputs_kept(0), hooks, modes[0], modes[1], _as_exported():
                _call_model(self.model, self.calls[0])
        except Exception:  # what such code needs of an exporter is not there
            return frozenset()
        return frozenset(self._first_places - _places(again))

    def _call(self, index: int) -> Any:
        try:
            return _call_model(self.model, self.calls[index])
        except Exception as error:
            where, path = failure(error, self.paths)
            raise Error(
                f"sample {index}: forward of {path or 'the model'} raises "
                f"{type(error).__name__}{where}: {error}"
            ) from error

    @contextmanager
    def _inputs_kept(self, index: int) -> Iterator[None]:
        """The samples are the caller's: what forward changes in place is put back."""
        in_place: Any = self.detectors["in_place"]
        copies = []
        if in_place.of_inputs:
            given = arguments(self.model, self.calls[index])
            copies = [(tensor, tensor.clone()) for _, tensor in given]
        try:
            yield
        finally:
            for tensor, copy in copies:
                tensor.copy_(copy)

    @contextmanager
    def _assignments(self, watch: Watch, in_place: Any) -> Iterator[None]:
        """Parameters and buffers that forward replaces."""

        def seen(kind: str) -> Any:
            def hook(module: torch.nn.Module, name: str, value: Any) -> None:
                path = self.paths.get(id(module))
                if path is not None and watch.stack:
                    in_place.assigned(watch, path, name, kind)

            return hook

        registry = torch.nn.modules.module
        handles = [
            registry.register_module_buffer_registration_hook(seen("buffer")),
            registry.register_module_parameter_registration_hook(seen("parameter")),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _no_entry(active: Active, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None: ...


def _no_exit(active: Active, result: Any) -> None: ...


def _border(value: Any) -> tuple[Structure | None, tuple[LeafSpec, ...]]:
    try:
        structure, leaves = flatten(value)
    except Error:  # holds itself, or is too deep: only the model's own border needs it
        return None, ()
    return structure, tuple(
        LeafSpec(leaf.path, str(leaf.tensor.dtype).removeprefix("torch."), tuple(leaf.tensor.shape))
        for leaf in leaves
    )


def _places(detectors: dict[str, Detector]) -> set[tuple[str, str, int]]:
    nothing = Facts({}, 1, False, None, False, frozenset())
    return {
        (blocker.kind, blocker.file, blocker.line)
        for detector in detectors.values()
        for blocker in detector.blockers(nothing)
    }


@contextmanager
def _as_exported() -> Iterator[None]:
    """torch.compiler.is_exporting() and is_compiling() are true, as in torch.export."""
    names = [n for n in ("_is_compiling_flag", "_is_exporting_flag") if hasattr(torch.compiler, n)]
    before = {name: getattr(torch.compiler, name) for name in names}
    try:
        for name in names:
            setattr(torch.compiler, name, True)
        yield
    finally:
        for name, value in before.items():
            setattr(torch.compiler, name, value)
