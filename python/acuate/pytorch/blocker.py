"""What stands between a model and its export, as data."""

from dataclasses import dataclass

from acuate.pytorch.source import shown

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True)
class Blocker:
    """One thing that an exporter refuses, freezes or has to be helped with."""

    kind: str
    """The file of blockers/ that found it: `value_read`, `no_translation`, …"""
    severity: str
    """`error`: no exporter carries it as it is. `warning`: mended by acuate, or worth knowing."""
    module: str
    """Key of `named_modules()`: the innermost module whose forward does it; "" for the model."""
    file: str
    """Of the user: the nearest frame outside torch. Empty where no source is known."""
    line: int
    evidence: str
    """What was seen, with numbers: a sentence."""
    remedy: str
    """What to do: a sentence."""
    operators: tuple[str, ...] = ()
    """Operators or functions of torch that did it: `aten.index.Tensor`."""
    count: int = 1
    """How many times over all samples."""

    @property
    def place(self) -> str:
        """`file:line`, the file as seen from the working folder."""
        return f"{shown(self.file)}:{self.line}" if self.file else "(source unknown)"

    def __str__(self) -> str:
        times = f" ({self.count} times)" if self.count > 1 else ""
        return (
            f"{self.severity}: {self.kind} in {self.module or '(model)'} at {self.place}{times}\n"
            f"    {self.evidence}\n"
            f"    remedy: {self.remedy}"
        )


def leave_out(module: str) -> str:
    """The remedy that is always there."""
    if module:
        return f"leave the module to PyTorch: exclude=[{module!r}]"
    return "move it into a module of its own, to be left to PyTorch by exclude=[…]"
