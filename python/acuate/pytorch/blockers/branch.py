"""Branches and loops of Python that differ between samples: the same call of a module runs other
functions of torch. An export keeps what one sample ran."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from acuate.pytorch import watch
from acuate.pytorch.blocker import ERROR, Blocker, leave_out
from acuate.pytorch.branch_line import branch_line
from acuate.pytorch.source import shown, user_frame
from acuate.pytorch.watch import Active, Facts, Watch

MAX_STEPS = 2_000_000
"""Functions of sample 0 that are remembered."""

# They ask, and compute nothing.
_QUERIES = frozenset(
    {"shape", "size", "dim", "ndim", "numel", "__len__", "dtype", "device", "layout", "names"}
    | {"is_cuda", "is_cpu", "is_meta", "is_sparse", "is_quantized", "is_nested", "is_mkldnn"}
    | {"requires_grad", "requires_grad_", "grad", "grad_fn", "is_leaf", "_set_grad_enabled"}
    | {"data_ptr", "stride", "storage_offset", "is_contiguous", "untyped_storage", "is_pinned"}
    | {"is_floating_point", "is_complex", "is_signed", "is_conj", "is_neg", "is_inference"}
    | {"element_size", "itemsize", "nbytes", "get_device", "finfo", "iinfo", "is_tensor"}
    | {"__repr__", "__str__", "__format__", "__hash__", "__bool__", "item", "is_same_size"}
    | {"_is_view", "_base", "_version", "__dlpack_device__"}
)

_Step = tuple[str, CodeType | None, int]


@dataclass
class _Parting:
    """A module whose steps differ between samples."""

    first: _Step | None
    """What sample 0 does next; None: its forward ends."""
    other: _Step | None
    sample: int
    count: int = 1


class Detector(watch.Detector):
    def __init__(self) -> None:
        self._ids: dict[_Step, int] = {}
        self._steps: list[_Step] = []
        self._first: dict[tuple[str, int], array[int]] = {}  # steps of sample 0
        self._total = 0
        self._open: list[tuple[array[int], int]] = []  # reference and place, per active module
        self.partings: dict[str, _Parting] = {}
        self.complete = True

    def wants_function(self, name: str) -> bool:
        return name not in _QUERIES

    def begin_sample(self, watch: Watch) -> None:
        self._open.clear()

    def function(
        self, watch: Watch, name: str, args: tuple[Any, ...], result: Any, frame: FrameType | None
    ) -> Any:
        self._step(watch, name, frame)
        return result

    def enter(self, watch: Watch, active: Active) -> None:
        if watch.stack:
            self._step(watch, active.path, user_frame(watch.stop))
        key = (active.path, active.index)
        if watch.sample == 0:
            steps = self._first.setdefault(key, array("I"))
            self._open.append((steps, 0))
        else:
            # A call that sample 0 has not is the caller's parting.
            self._open.append((self._first.get(key, array("I")), 0 if key in self._first else -1))

    def leave(self, watch: Watch, active: Active) -> None:
        steps, place = self._open.pop()
        if watch.sample > 0 and 0 <= place < len(steps):
            self._part(watch, active.path, self._steps[steps[place]], None)

    def _step(self, watch: Watch, name: str, frame: FrameType | None) -> None:
        if not self._open:
            return
        step = (name, frame.f_code if frame else None, frame.f_lineno if frame else 0)
        number = self._ids.get(step)
        if number is None:
            number = self._ids[step] = len(self._steps)
            self._steps.append(step)
        steps, place = self._open[-1]
        if watch.sample == 0:
            self._total += 1
            if self._total <= MAX_STEPS:
                steps.append(number)
            else:
                self.complete = False
            return
        if place < 0 or not self.complete:
            return
        if place < len(steps) and steps[place] == number:
            self._open[-1] = (steps, place + 1)
            return
        first = self._steps[steps[place]] if place < len(steps) else None
        self._part(watch, watch.module, first, step)
        self._open[-1] = (steps, -1)

    def _part(self, watch: Watch, path: str, first: _Step | None, other: _Step | None) -> None:
        known = self.partings.get(path)
        if known is None:
            self.partings[path] = _Parting(first, other, watch.sample)
        else:
            known.count += 1

    def blockers(self, facts: Facts) -> Iterator[Blocker]:
        for module, parting in self.partings.items():
            given = [step for step in (parting.first, parting.other) if step and step[1]]
            code = given[0][1] if given else None
            same = tuple(step[2] for step in given if step[1] is code)
            file = code.co_filename if code else ""
            yield Blocker(
                kind="branch",
                severity=ERROR,
                module=module,
                file=file,
                line=branch_line(file, same) if code else 0,
                evidence=f"sample 0 {_told(parting.first)}, sample {parting.sample} "
                f"{_told(parting.other)}: an export keeps what one of them does",
                remedy="make the choice by torch.where or torch.cond, or make the samples alike "
                f"(one size, one length); or {leave_out(module)}",
                operators=tuple(dict.fromkeys(step[0] for step in given)),
                count=parting.count,
            )


def _told(step: _Step | None) -> str:
    if step is None:
        return "ends here"
    name, code, line = step
    return f"goes on with {name}" + (f" at {shown(code.co_filename)}:{line}" if code else "")
