"""Results without tensors: an export has nothing to give, or freezes them."""

from collections.abc import Iterator
from typing import Any

from acuate.pytorch import watch
from acuate.pytorch.blocker import ERROR, WARNING, Blocker
from acuate.pytorch.borders import constants
from acuate.pytorch.records import ModuleRecord
from acuate.pytorch.structure import Structure
from acuate.pytorch.watch import Facts

_LONGEST = 60


class Detector(watch.Detector):
    """Goes by the records of calls."""

    def blockers(self, facts: Facts) -> Iterator[Blocker]:
        for record in facts.modules.values():
            empty = [
                call.outputs
                for call in record.calls
                if call.outputs is not None and not call.output_leaves
            ]
            varying = _varying(record)
            if not (empty or varying):
                continue
            shown = next(iter(constants(empty[0])), None) if empty else None
            if empty and shown is None and record.path:
                continue  # None: called for something else
            root = record.path == ""
            if varying:
                path, (first, other), samples = varying
                evidence = (
                    f"the result holds no tensor but a value at {path or 'its root'}: "
                    f"{_text(first)} in sample {samples[0]}, {_text(other)} in sample {samples[1]};"
                    " an export freezes one of them"
                )
            else:
                what = f": {_text(shown[1])}" if shown else ""
                evidence = f"the result is {_class(empty[0])} without tensors{what}; " + (
                    "there is nothing to convert" if root else "an export freezes it"
                )
            yield Blocker(
                kind="object_output",
                severity=ERROR if root or varying else WARNING,
                module=record.path,
                file=record.file,
                line=record.line,
                evidence=evidence,
                remedy="return tensors, and make objects of them behind the model"
                if root or varying
                else "nothing to do where it is the same for all inputs; else return tensors",
            )


def _varying(record: ModuleRecord) -> tuple[str, tuple[Any, Any], tuple[int, int]] | None:
    """The first constant of a result that differs between samples."""
    first: dict[tuple[int, str], tuple[Any, int]] = {}
    for call in record.calls:
        if call.outputs is None:
            continue
        for path, value in constants(call.outputs):
            known, sample = first.setdefault((call.index, path), (value, call.sample))
            if type(known) is type(value) and _differ(known, value):
                return path, (known, value), (sample, call.sample)
    return None


def _differ(a: Any, b: Any) -> bool:
    if isinstance(a, (bool, int, float, str)):
        return bool(a != b)
    return False


def _class(structure: Structure) -> str:
    name = structure.cls.rpartition(":")[2] or type(structure.value).__name__
    if structure.kind not in ("opaque", "constant") and not structure.cls:
        name = structure.kind
    return f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}"


def _text(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
