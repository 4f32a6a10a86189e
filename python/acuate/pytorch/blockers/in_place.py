"""In-place changes that outlive the call: of the model's inputs, and of its own tensors."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from acuate.pytorch import watch
from acuate.pytorch.blocker import ERROR, WARNING, Blocker
from acuate.pytorch.model_state import ModelState, StateName
from acuate.pytorch.source import Source, forward_of
from acuate.pytorch.watch import Facts, Operator, Watch, storage_key, tensors_in


@dataclass
class _Change:
    operators: dict[str, None] = field(default_factory=dict)
    count: int = 0


class Detector(watch.Detector):
    """`state` and `inputs` (key path and tensor by storage) are set by the scan."""

    def __init__(self) -> None:
        self.state: ModelState | None = None
        self.inputs: dict[int, tuple[str, torch.Tensor]] = {}
        self.of_inputs: dict[tuple[str, Source, str], _Change] = {}
        self.of_state: dict[tuple[str, Source, StateName], _Change] = {}
        self._saved: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def wants_operator(self, func: Any) -> bool:
        return bool(getattr(getattr(func, "_schema", None), "is_mutable", False))

    def before_operator(self, watch: Watch, operator: Operator) -> None:
        for tensor in _changed(operator):
            key = storage_key(tensor)
            if key in self.inputs:
                path, whole = self.inputs[key]
                if key not in self._saved:
                    self._saved[key] = (whole, whole.detach().clone())
                self._see(self.of_inputs, (watch.module, watch.source(), path), operator)
            elif self.state is not None and key in self.state.names:
                self.state.save(key)
                name, _ = self.state.names[key][0]
                self._see(self.of_state, (watch.module, watch.source(), name), operator)

    def _see(self, into: dict[Any, _Change], key: Any, operator: Operator) -> None:
        change = into.setdefault(key, _Change())
        change.operators[str(operator.func)] = None
        change.count += 1

    def assigned(self, watch: Watch, module: str, name: str, kind: str) -> None:
        """A parameter or buffer is replaced: `self.count = self.count + 1`."""
        key = (watch.module, watch.source(), StateName(module, name, kind))
        self.of_state.setdefault(key, _Change()).count += 1

    def end_sample(self, watch: Watch) -> None:
        """The samples are the caller's: they are as they were."""
        for tensor, copy in self._saved.values():
            tensor.detach().copy_(copy)
        self._saved.clear()
        if self.state is None:
            return
        for name, module in self.state.changed_attributes():
            source = forward_of(module) or Source("", 0, "")
            self.of_state.setdefault((name.module, source, name), _Change()).count += 1

    @property
    def changes_state(self) -> bool:
        return bool(self.of_state)

    def blockers(self, facts: Facts) -> Iterator[Blocker]:
        for (module, source, path), change in self.of_inputs.items():
            yield Blocker(
                kind="in_place",
                severity=WARNING,
                module=module,
                file=source.file,
                line=source.line,
                evidence=f"the input {path} of the model is changed in place: the caller's tensor "
                "changes; a converted model leaves it as it is",
                remedy="nothing to do where callers do not look at it afterwards; else work on "
                "x.clone()",
                operators=tuple(change.operators),
                count=change.count,
            )
        for (module, source, name), change in self.of_state.items():
            whole = f"{name.module}.{name.name}" if name.module else name.name
            outcome = (
                "and the result of a sample differs once others have run"
                if facts.state_matters
                else "but the result of a sample is the same once others have run"
            )
            yield Blocker(
                kind="in_place",
                severity=ERROR if facts.state_matters else WARNING,
                module=module,
                file=source.file,
                line=source.line,
                evidence=f"forward changes the {name.kind} {whole}, {outcome}; a converted model "
                "has no state between calls",
                remedy="make it an input and an output of forward"
                if facts.state_matters
                else f"nothing to do where {whole} is read by nobody else",
                operators=tuple(change.operators),
                count=change.count,
            )


def _changed(operator: Operator) -> Iterator[torch.Tensor]:
    """The tensors among the arguments that the operator writes to."""
    for place, argument in enumerate(operator.func._schema.arguments):
        if argument.alias_info is None or not argument.alias_info.is_write:
            continue
        if place < len(operator.args) and not argument.kwarg_only:
            yield from tensors_in((operator.args[place],))
        elif argument.name in operator.kwargs:
            yield from tensors_in((operator.kwargs[argument.name],))
