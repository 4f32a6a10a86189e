"""What the eager scan saw: modules, their calls, and what stands in the way of an export."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from acuate.pytorch.blocker import ERROR, Blocker
from acuate.pytorch.structure import Structure


@dataclass(frozen=True)
class LeafSpec:
    """A tensor at a module's border: key path (`tensors`, `[0].mask`), dtype (`float32`), shape."""

    path: str
    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


@dataclass
class ModuleCall:
    """One call of a module. The structures are those of `(args, kwargs)` and of the result."""

    sample: int
    index: int
    """Which call of the module within the sample, from 0."""
    inputs: Structure | None
    input_leaves: tuple[LeafSpec, ...]
    outputs: Structure | None = None
    output_leaves: tuple[LeafSpec, ...] = ()
    time_us: float | None = None
    """Inclusive, from a run of sample 0 that nothing watches; None for other samples."""


@dataclass
class ModuleRecord:
    """A module of the model, called or not."""

    path: str
    """The first key of `named_modules()`; "" is the model."""
    aliases: tuple[str, ...]
    """The other paths of a module that is registered several times."""
    class_name: str
    """`module:qualname`."""
    config: str
    """Equal for modules that compute the same function of inputs and weights: class, settings and
    children, but not the values of weights."""
    file: str = ""
    line: int = 0
    """Where its forward is defined."""
    calls_per_sample: list[int] = field(default_factory=list)
    calls: list[ModuleCall] = field(default_factory=list)
    """The first MAX_CALLS of each sample."""
    time_us: float = 0.0
    """Inclusive, of all calls of sample 0 together, in a run that nothing watches."""

    @property
    def called(self) -> bool:
        return any(self.calls_per_sample)

    def varying(self) -> dict[str, tuple[int, ...]]:
        """Axes whose size differs between calls, of one sample or of several, by key path; that of
        a result begins with `->`. A leaf whose rank differs has the axis -1."""
        axes: dict[str, set[int]] = {}
        first: dict[str, LeafSpec] = {}
        for call in self.calls:
            for prefix, leaves in (("", call.input_leaves), ("->", call.output_leaves)):
                for leaf in leaves:
                    known = first.setdefault(prefix + leaf.path, leaf)
                    if len(known.shape) != len(leaf.shape):
                        axes.setdefault(prefix + leaf.path, set()).add(-1)
                        continue
                    differing = {
                        axis
                        for axis, (a, b) in enumerate(zip(known.shape, leaf.shape, strict=True))
                        if a != b
                    }
                    if differing:
                        axes.setdefault(prefix + leaf.path, set()).update(differing)
        return {path: tuple(sorted(found)) for path, found in axes.items()}


@dataclass
class Scan:
    """What one eager run over the samples saw."""

    modules: dict[str, ModuleRecord]
    """By path, in the order of `named_modules()`."""
    blockers: list[Blocker]
    """Errors first, then by module in the order of `named_modules()`, then by line."""
    samples: int
    random: bool = False
    """Two runs of one sample differ under the same weights and buffers."""
    seconds: float = 0.0
    """Wall time of the whole scan."""
    eager_seconds: float = 0.0
    """Wall time of sample 0 in a run that nothing watches."""
    left_out: tuple[str, ...] = ()
    """What was not recorded for its size, a sentence each."""

    def errors(self) -> Iterator[Blocker]:
        return (blocker for blocker in self.blockers if blocker.severity == ERROR)

    def __str__(self) -> str:
        called = sum(record.called for record in self.modules.values())
        varying = sum(bool(record.varying()) for record in self.modules.values())
        errors = sum(1 for _ in self.errors())
        lines = [
            f"{len(self.modules)} modules, {called} called with "
            f"{self.samples} sample{'s' if self.samples != 1 else ''}; shapes vary in {varying}",
            f"{errors} error{'s' if errors != 1 else ''}, "
            f"{len(self.blockers) - errors} warning"
            f"{'s' if len(self.blockers) - errors != 1 else ''}",
        ]
        lines += [_told(alike) for alike in _grouped(self.blockers)]
        lines += self.left_out
        return "\n".join(lines)


def _grouped(blockers: list[Blocker]) -> list[list[Blocker]]:
    """Those of one kind at one line together: layers of one class."""
    groups: dict[tuple[str, str, str, int, tuple[str, ...]], list[Blocker]] = {}
    for b in blockers:
        groups.setdefault((b.kind, b.severity, b.file, b.line, b.operators), []).append(b)
    return list(groups.values())


def _told(alike: list[Blocker]) -> str:
    if len(alike) == 1:
        return str(alike[0])
    text = str(alike[0])
    module = alike[0].module or "(model)"
    more = f"{module} and {len(alike) - 1} more modules"
    return text.replace(f" in {module} at ", f" in {more} at ", 1)
