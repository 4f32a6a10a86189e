"""Arguments and results of classes that exporters do not know: any class that holds tensors."""

from collections.abc import Iterator

from acuate.pytorch import watch
from acuate.pytorch.blocker import ERROR, WARNING, Blocker
from acuate.pytorch.borders import known_classes, strange_classes
from acuate.pytorch.records import ModuleRecord
from acuate.pytorch.watch import Facts


class Detector(watch.Detector):
    """Goes by the records of calls."""

    def blockers(self, facts: Facts) -> Iterator[Blocker]:
        known = known_classes()
        for record in facts.modules.values():
            for (side, class_), held in _strange(record, known).items():
                name = class_.rpartition(":")[2]
                local = "<locals>" in name
                yield Blocker(
                    kind="containers",
                    severity=ERROR if local else WARNING,
                    module=record.path,
                    file=record.file,
                    line=record.line,
                    evidence=f"forward {side} {class_}, which exporters do not know; it holds "
                    f"{', '.join(held)}",
                    remedy=f"define {name.rpartition('.')[2]} at the level of its module: inside a "
                    "function it has no name to be found by"
                    if local
                    else "mended by the adapter: it is taken apart into its tensors and put "
                    "together again",
                )


def _strange(record: ModuleRecord, known: set[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for call in record.calls:
        for side, structure in (("takes", call.inputs), ("gives", call.outputs)):
            if structure is not None:
                for _, class_, held in strange_classes(structure, known):
                    found.setdefault((side, class_), held)
    return found
