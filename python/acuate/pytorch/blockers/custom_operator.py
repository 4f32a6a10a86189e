"""Operators of other libraries, and torch.autograd.Function."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from acuate.pytorch import watch
from acuate.pytorch.blocker import ERROR, WARNING, Blocker, leave_out
from acuate.pytorch.source import Source, function_around
from acuate.pytorch.translations import is_custom, translations
from acuate.pytorch.watch import Facts, Operator, Watch


@dataclass
class _Seen:
    operators: dict[str, None] = field(default_factory=dict)
    count: int = 0


class Detector(watch.Detector):
    def __init__(self) -> None:
        self.operators: dict[tuple[str, Source, str], _Seen] = {}
        self.functions: dict[tuple[str, Source, str], _Seen] = {}

    def wants_operator(self, func: Any) -> bool:
        return is_custom(func) and not translations().registered(func)

    def operator(self, watch: Watch, operator: Operator) -> None:
        seen = self.operators.setdefault(
            (watch.module, watch.source(), str(operator.func)), _Seen()
        )
        seen.count += 1

    def wants_function(self, name: str) -> bool:
        return True

    def function(
        self, watch: Watch, name: str, args: tuple[Any, ...], result: Any, frame: FrameType | None
    ) -> Any:
        if frame is not None and (function := function_around(frame)):
            code = frame.f_code
            source = Source(code.co_filename, code.co_firstlineno, code.co_qualname)
            seen = self.functions.setdefault((watch.module, source, function), _Seen())
            seen.operators[name] = None
            seen.count += 1
        return result

    def blockers(self, facts: Facts) -> Iterator[Blocker]:
        for (module, source, name), seen in self.operators.items():
            yield Blocker(
                kind="custom_operator",
                severity=ERROR,
                module=module,
                file=source.file,
                line=source.line,
                evidence=f"the operator {name} is not torch's own and has no ONNX translation",
                remedy="write it with torch's operators, or give the exporter a translation "
                f"(custom_translation_table of torch.onnx.export); or {leave_out(module)}",
                operators=(name,),
                count=seen.count,
            )
        for (module, source, name), seen in self.functions.items():
            yield Blocker(
                kind="custom_operator",
                severity=WARNING,
                module=module,
                file=source.file,
                line=source.line,
                evidence=f"the torch.autograd.Function {name} runs; an export keeps the operators "
                f"of its forward: {', '.join(list(seen.operators)[:6])}",
                remedy="nothing to do where its forward consists of torch's operators",
                operators=(name,),
                count=1,
            )
