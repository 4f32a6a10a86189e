"""Random numbers: operators that draw, and models of which two runs differ."""

from collections.abc import Iterator
from typing import Any

import torch

from acuate.pytorch import watch
from acuate.pytorch.blocker import ERROR, WARNING, Blocker
from acuate.pytorch.source import Source
from acuate.pytorch.watch import Facts, Operator, Watch


class Detector(watch.Detector):
    def __init__(self) -> None:
        self.drawn: dict[tuple[str, Source, str], int] = {}
        self._before: list[torch.Tensor] = []

    def wants_operator(self, func: Any) -> bool:
        return torch.Tag.nondeterministic_seeded in getattr(func, "tags", ())

    def before_operator(self, watch: Watch, operator: Operator) -> None:
        self._before = _generators()

    def operator(self, watch: Watch, operator: Operator) -> None:
        # The tag is on whatever may draw, attention without dropout among it.
        own = operator.kwargs.get("generator") is not None
        changed = any(
            not torch.equal(a, b) for a, b in zip(self._before, _generators(), strict=False)
        )
        if own or changed:
            key = (watch.module, watch.source(), str(operator.func))
            self.drawn[key] = self.drawn.get(key, 0) + 1

    def blockers(self, facts: Facts) -> Iterator[Blocker]:
        outcome = (
            "two runs of sample 0 differ under the same weights"
            if facts.random
            else "two runs of sample 0 give the same outputs"
        )
        for (module, source, name), count in self.drawn.items():
            yield Blocker(
                kind="random_values",
                severity=ERROR if facts.random else WARNING,
                module=module,
                file=source.file,
                line=source.line,
                evidence=f"{name} draws random numbers; {outcome}",
                remedy="hand the random numbers in as an input, or leave the drawing out in "
                "evaluation mode: no result can be checked against one that differs by itself",
                operators=(name,),
                count=count,
            )
        if facts.random and not self.drawn:
            record = facts.modules[facts.random_module or ""]
            yield Blocker(
                kind="random_values",
                severity=ERROR,
                module=record.path,
                file=record.file,
                line=record.line,
                evidence="two runs of sample 0 differ under the same weights, first in what this "
                "module gives; no operator of torch drew: Python's or NumPy's random numbers, the "
                "time, or something outside the model",
                remedy="hand what differs in as an input, or keep it fixed in evaluation mode",
            )


def _generators() -> list[torch.Tensor]:
    states = [torch.default_generator.get_state()]
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        states += torch.cuda.get_rng_state_all()
    return states
