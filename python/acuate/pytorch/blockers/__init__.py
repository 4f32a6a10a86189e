"""The kinds of blockers: one file each, its name the kind, with a `Detector` class."""

import importlib
import pkgutil

from acuate.pytorch.watch import Detector


def kinds() -> list[str]:
    """The kinds that there are, by name."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def detector(kind: str) -> Detector:
    """A new detector of a kind."""
    found: Detector = importlib.import_module(f"{__name__}.{kind}").Detector()
    return found
