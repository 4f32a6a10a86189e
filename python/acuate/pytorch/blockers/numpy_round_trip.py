"""Values that leave torch for NumPy: what comes back is a constant for any exporter."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch

from acuate.pytorch import watch
from acuate.pytorch.blocker import ERROR, Blocker, leave_out
from acuate.pytorch.source import Source, shown
from acuate.pytorch.watch import Facts, Operator, Watch

_LEAVES = {
    "numpy": ".numpy()",
    "__array__": "np.asarray() or a function of NumPy",
    "__dlpack__": "DLPack",
}


@dataclass
class _Trip:
    how: str
    back: dict[Source, None] = field(default_factory=dict)
    count: int = 0


class Detector(watch.Detector):
    def __init__(self) -> None:
        self.trips: dict[tuple[str, Source], _Trip] = {}
        self._open: dict[str, _Trip] = {}  # by module, the last of this sample

    def begin_sample(self, watch: Watch) -> None:
        self._open.clear()

    def wants_function(self, name: str) -> bool:
        return name in _LEAVES

    def wants_operator(self, func: Any) -> bool:
        return bool(func is torch.ops.aten.lift_fresh.default)

    def function(
        self, watch: Watch, name: str, args: tuple[Any, ...], result: Any, frame: FrameType | None
    ) -> Any:
        if watch.is_tainted(args[0]):
            key = (watch.module, watch.source())
            trip = self.trips.setdefault(key, _Trip(_LEAVES[name]))
            trip.count += 1
            self._open[watch.module] = trip
            watch.values_leave()
        return result

    def operator(self, watch: Watch, operator: Operator) -> None:
        if trip := self._open.get(watch.module):
            trip.back[watch.source()] = None

    def blockers(self, facts: Facts) -> Iterator[Blocker]:
        for (module, source), trip in self.trips.items():
            evidence = f"values that the inputs decide leave torch by {trip.how}"
            if trip.back:
                places = ", ".join(f"{shown(s.file)}:{s.line}" for s in list(trip.back)[:3])
                evidence += f" and come back at {places}: a constant for any exporter"
            yield Blocker(
                kind="numpy_round_trip",
                severity=ERROR,
                module=module,
                file=source.file,
                line=source.line,
                evidence=evidence,
                remedy=f"compute it with torch's own functions; or {leave_out(module)}",
                operators=(f"torch.Tensor{'.numpy' if trip.how == '.numpy()' else '.__array__'}",),
                count=trip.count,
            )
