"""Operators whose output shape follows from values: nonzero, a boolean mask as an index, unique,
masked_select, repeat_interleave with a tensor."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch
from torch.utils.weak import WeakTensorKeyDictionary

from acuate.pytorch import watch
from acuate.pytorch.blocker import WARNING, Blocker
from acuate.pytorch.source import Source
from acuate.pytorch.watch import Facts, Operator, Watch, tensors_in

_SIZES = frozenset({"shape", "size", "__len__", "numel"})
_JOINS = frozenset({"aten::cat", "aten::stack", "aten::constant_pad_nd"})


@dataclass
class _Made:
    operators: dict[str, None] = field(default_factory=dict)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    count: int = 0


class TrackedSize(int):
    """A size that values decide: a Python int which tells of comparisons."""

    told: Callable[[bool], None]

    def __new__(cls, value: int, told: Callable[[bool], None]) -> "TrackedSize":
        size = super().__new__(cls, value)
        size.told = told
        return size

    def _tell(self, answer: Any) -> Any:
        if isinstance(answer, bool):
            self.told(answer)
        return answer

    def __bool__(self) -> bool:
        return bool(self._tell(int(self) != 0))

    def __eq__(self, other: object) -> Any:
        return self._tell(int.__eq__(self, other))

    def __ne__(self, other: object) -> Any:
        return self._tell(int.__ne__(self, other))

    def __lt__(self, other: int) -> Any:
        return self._tell(int.__lt__(self, other))

    def __le__(self, other: int) -> Any:
        return self._tell(int.__le__(self, other))

    def __gt__(self, other: int) -> Any:
        return self._tell(int.__gt__(self, other))

    def __ge__(self, other: int) -> Any:
        return self._tell(int.__ge__(self, other))

    __hash__ = int.__hash__


class Detector(watch.Detector):
    def __init__(self) -> None:
        self.made: dict[tuple[str, Source], _Made] = {}
        self.on_comparison: Callable[[Watch, bool], None] = lambda watch, answer: None
        self._sizes: Any = WeakTensorKeyDictionary()  # tensor → sizes that values decide

    def wants_operator(self, func: Any) -> bool:
        return hasattr(func, "_schema")  # all: what comes of such a shape is followed

    def wants_function(self, name: str) -> bool:
        return name in _SIZES

    def begin_sample(self, watch: Watch) -> None:
        self._sizes = WeakTensorKeyDictionary()

    def operator(self, watch: Watch, operator: Operator) -> None:
        func = operator.func
        if torch.Tag.dynamic_output_shape in func.tags and _decides(func, operator.args):
            made = self.made.setdefault((watch.module, watch.source()), _Made())
            made.operators[str(func)] = None
            made.count += 1
            result = operator.result
            results = list(tensors_in(result if isinstance(result, (tuple, list)) else (result,)))
            shape = tuple(results[0].shape)
            if len(made.shapes) < 3 and shape not in made.shapes:
                made.shapes.append(shape)
            for tensor in results:
                if tensor.dim() > 0:
                    self._sizes[tensor] = frozenset({int(tensor.shape[0])})
        elif len(self._sizes) > 0:
            self._follow(operator)

    def _follow(self, operator: Operator) -> None:
        known = [self._sizes[t] for t in tensors_in(operator.args) if t in self._sizes]
        if not known:
            return
        sizes = frozenset().union(*known)
        joins = operator.func._schema.name in _JOINS
        result = operator.result
        for tensor in tensors_in(result if isinstance(result, (tuple, list)) else (result,)):
            shape = tuple(tensor.shape)
            count = tensor.numel()
            if joins:
                self._sizes[tensor] = sizes | frozenset(shape)
            elif sizes & set(shape):
                self._sizes[tensor] = sizes
            elif tensor.dim() > 0 and any(n > 1 and count % n == 0 for n in sizes):
                self._sizes[tensor] = sizes | frozenset(shape)

    def function(
        self, watch: Watch, name: str, args: tuple[Any, ...], result: Any, frame: FrameType | None
    ) -> Any:
        if len(self._sizes) == 0 or not isinstance(args[0], torch.Tensor):
            return result
        sizes = self._sizes.get(args[0])
        if sizes is None:
            return result

        def told(answer: bool) -> None:
            if not watch.hidden and not watch.api:
                self.on_comparison(watch, answer)

        if isinstance(result, torch.Size):
            return torch.Size([TrackedSize(n, told) if n in sizes else n for n in result])
        # len() gives a plain int whatever __len__ returns.
        return TrackedSize(result, told) if isinstance(result, int) else result

    def blockers(self, facts: Facts) -> Iterator[Blocker]:
        for (module, source), made in self.made.items():
            shapes = ", ".join(str(list(shape)) for shape in made.shapes)
            yield Blocker(
                kind="data_dependent_shape",
                severity=WARNING,
                module=module,
                file=source.file,
                line=source.line,
                evidence=f"the shape of the result follows from values: {shapes}",
                remedy="ONNX Runtime takes it as it is; for targets with fixed shapes use "
                "torch.where, topk or a mask in place of a selection, or cut the model before it; "
                "what reads its size in Python is told apart",
                operators=tuple(made.operators),
                count=made.count,
            )


def _decides(func: Any, args: tuple[Any, ...]) -> bool:
    """An index decides a shape where it is a mask."""
    if func._schema.name != "aten::index":
        return True
    return any(index.dtype in (torch.bool, torch.uint8) for index in tensors_in(args[1:]))
