"""Operators of torch that no exporter translates to ONNX, nor decomposes into ones that it does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from acuate.pytorch import watch
from acuate.pytorch.blocker import ERROR, Blocker, leave_out
from acuate.pytorch.source import Source
from acuate.pytorch.translations import is_custom, translations
from acuate.pytorch.watch import Facts, Operator, Watch


@dataclass
class _Seen:
    missing: dict[str, None] = field(default_factory=dict)
    count: int = 0


class Detector(watch.Detector):
    def __init__(self) -> None:
        self.seen: dict[tuple[str, Source, str], _Seen] = {}

    def wants_operator(self, func: Any) -> bool:
        return not is_custom(func) and not translations().registered(func)

    def operator(self, watch: Watch, operator: Operator) -> None:
        missing = translations().missing(operator.func, operator.args, operator.kwargs)
        if not missing or translations().api_registered(operator.api):
            return
        key = (watch.module, watch.source(), str(operator.func))
        seen = self.seen.setdefault(key, _Seen())
        seen.missing.update(dict.fromkeys(missing))
        seen.count += 1

    def blockers(self, facts: Facts) -> Iterator[Blocker]:
        for (module, source, name), seen in self.seen.items():
            inner = [missing for missing in seen.missing if missing != name]
            through = f": it comes down to {', '.join(inner)}" if inner else ""
            yield Blocker(
                kind="no_translation",
                severity=ERROR,
                module=module,
                file=source.file,
                line=source.line,
                evidence=f"neither of torch's exporters has an ONNX translation of {name}{through}",
                remedy="write it with other operators, or give the exporter a translation "
                f"(custom_translation_table of torch.onnx.export); or {leave_out(module)}",
                operators=(name,),
                count=seen.count,
            )
