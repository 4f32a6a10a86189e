"""Types and ranks that differ between samples: one exported model has one of each."""

from collections.abc import Iterator

from acuate.pytorch import watch
from acuate.pytorch.blocker import ERROR, WARNING, Blocker
from acuate.pytorch.records import LeafSpec, ModuleRecord
from acuate.pytorch.watch import Facts


class Detector(watch.Detector):
    """Goes by the records of calls: sizes that vary are no blocker, `ModuleRecord.varying` has
    them."""

    def blockers(self, facts: Facts) -> Iterator[Blocker]:
        for record in facts.modules.values():
            if found := _differing(record):
                what, first, other, samples = found
                root = record.path == ""
                yield Blocker(
                    kind="varying",
                    severity=ERROR if root else WARNING,
                    module=record.path,
                    file=record.file,
                    line=record.line,
                    evidence=f"{what} is {first} in sample {samples[0]}, {other} in sample "
                    f"{samples[1]}",
                    remedy="give all samples the same types and ranks; convert once for each kind "
                    "of sample where both are needed"
                    if root
                    else "nothing to do where the model is exported as a whole",
                )


def _differing(record: ModuleRecord) -> tuple[str, str, str, tuple[int, int]] | None:
    first: dict[tuple[int, str, str], tuple[LeafSpec, int]] = {}
    for call in record.calls:
        for side, leaves in (("the input", call.input_leaves), ("the output", call.output_leaves)):
            for leaf in leaves:
                key = (call.index, side, leaf.path)
                known, sample = first.setdefault(key, (leaf, call.sample))
                if (known.dtype, len(known.shape)) != (leaf.dtype, len(leaf.shape)):
                    what = f"{side} {leaf.path}".rstrip()
                    return what, str(known), str(leaf), (sample, call.sample)
    return None
