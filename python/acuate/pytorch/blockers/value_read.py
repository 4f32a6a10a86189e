"""Values that Python reads out of tensors: `.item()`, `if tensor:`, `int()`, `.tolist()`, a tensor
as an index; and comparisons of sizes that values decide."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch

from acuate.pytorch import watch
from acuate.pytorch.blocker import ERROR, WARNING, Blocker, leave_out
from acuate.pytorch.source import Source
from acuate.pytorch.translations import translations
from acuate.pytorch.watch import NO_READ, Facts, Operator, Watch

_SHOWN = 3
_KEPT = 16
_HOW = {
    "__bool__": "bool() (an `if`, `while`, `assert`, `and`, `or` or `not`)",
    "__int__": "int()",
    "__float__": "float()",
    "__complex__": "complex()",
    "__index__": "as a Python index or length",
    "__getitem__": "as a Python index",
    "__setitem__": "as a Python index",
    "__contains__": "by `in`",
    "item": ".item()",
    "tolist": ".tolist()",
    "size": "by a comparison of a size that values decide",
    "one_hot": "by torch.one_hot for the number of classes, which is not given",
}
# Functions that give Python a value; of any other, a read inside is its own affair.
_READS = (frozenset(_HOW) - {"one_hot"}) | {"equal", "allclose", "is_nonzero", ""}


@dataclass
class _Read:
    operators: dict[str, None] = field(default_factory=dict)
    values: dict[int, list[Any]] = field(default_factory=dict)
    """By sample: the first ones."""
    tainted: bool = False
    count: int = 0


class Detector(watch.Detector):
    def __init__(self) -> None:
        self.reads: dict[tuple[str, Source, str], _Read] = {}

    def wants_operator(self, func: Any) -> bool:
        return torch.Tag.data_dependent_output in getattr(func, "tags", ())

    def wants_function(self, name: str) -> bool:
        return name in ("tolist", "one_hot")

    def operator(self, watch: Watch, operator: Operator) -> None:
        if operator.api in NO_READ:
            return
        # A function that an exporter takes whole may read inside, as one_hot does to check.
        if operator.api not in _READS and _whole(operator):
            return
        self.see(watch, operator.api, str(operator.func), operator.result, operator.tainted)

    def function(
        self, watch: Watch, name: str, args: tuple[Any, ...], result: Any, frame: FrameType | None
    ) -> Any:
        if name == "one_hot":
            if len(args) < 2 or args[1] == -1:
                tainted = watch.is_tainted(args[0])
                self.see(watch, name, "aten.one_hot.default", result.shape[-1], tainted)
            return result
        values = str(result) if args[0].numel() <= _KEPT else f"{args[0].numel()} values"
        self.see(watch, name, "torch.Tensor.tolist", values, watch.is_tainted(args[0]))
        return result

    def see(self, watch: Watch, how: str, operator: str, value: Any, tainted: bool) -> None:
        read = self.reads.setdefault((watch.module, watch.source(), how), _Read())
        read.operators[operator] = None
        read.count += 1
        read.tainted |= tainted
        kept = read.values.setdefault(watch.sample, [])
        if len(kept) < _KEPT:
            kept.append(value)
        if tainted:
            watch.values_leave()

    def blockers(self, facts: Facts) -> Iterator[Blocker]:
        for (module, source, how), read in self.reads.items():
            text = _HOW.get(how, f"by torch.{how}" if how else "by torch")
            varies = len({str(values) for values in read.values.values()}) > 1
            if read.tainted:
                seen = f"a value that the inputs decide is read {text}: {_shown(read.values)}"
            elif varies:
                seen = f"a value that follows from shapes is read {text}: {_shown(read.values)}"
            else:
                seen = (
                    f"a value that no input decides is read {text}: {_shown(read.values)}; an "
                    "export freezes it, which is right, but torch.export may refuse it"
                )
            severity = ERROR if read.tainted or varies else WARNING
            remedy = (
                "compute both sides and choose with torch.where, or state the branch by torch.cond;"
                f" or {leave_out(module)}"
            )
            if severity == WARNING:
                remedy = "read it once in __init__ and keep the number"
            elif ("value_read", source.file, source.line) in facts.guarded:
                severity = WARNING
                seen += "; the code leaves it out while it is exported"
                remedy = "nothing to do where the code that runs instead computes the same"
            yield Blocker(
                kind="value_read",
                severity=severity,
                module=module,
                file=source.file,
                line=source.line,
                evidence=seen,
                remedy=remedy,
                operators=tuple(read.operators),
                count=read.count,
            )


def _whole(operator: Operator) -> bool:
    name = operator.func._schema.name.partition("::")[2]
    return operator.api != name and translations().api_registered(operator.api)


def _shown(values: dict[int, list[Any]]) -> str:
    """`True in sample 0, False in sample 1`."""
    shown: dict[str, int] = {}
    for sample, kept in values.items():
        text = ", ".join(_number(value) for value in kept[:_SHOWN])
        shown.setdefault(text + (", …" if len(kept) > _SHOWN else ""), sample)
    parts = [f"{text} in sample {sample}" for text, sample in list(shown.items())[:_SHOWN]]
    return ", ".join(parts) if len(shown) > 1 else f"{next(iter(shown), '')}"


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
