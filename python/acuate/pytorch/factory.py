"""Models and samples by the name of what makes them: `package.module:name`, `file.py:name`."""

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from acuate._core import Error
from acuate.pytorch.source import failure


def load_model(name: str) -> torch.nn.Module:
    """The model that `name` is, or that it gives when it is called without arguments, in evaluation
    mode.

    Errors: see `load`; what is made is no nn.Module.
    """
    made = load(name)
    if not isinstance(made, torch.nn.Module):
        made = _called(made, name)
    if not isinstance(made, torch.nn.Module):
        raise Error(f"{name}: gives a {type(made).__name__}, expected a torch.nn.Module")
    return made.eval()


def load_samples(name: str) -> Iterable[Any]:
    """The samples that `name` is, or gives when it is called without arguments."""
    made = load(name)
    return made if not callable(made) else _called(made, name)  # type: ignore[no-any-return]


def load_callable(name: str) -> Any:
    """The function or class itself."""
    made = load(name)
    if not callable(made):
        raise Error(f"{name}: is a {type(made).__name__}, expected a function")
    return made


def load(name: str) -> Any:
    """What a name of the form `package.module:name` or `file.py:name` stands for; `name` may have
    dots. Modules are looked for in the working folder first.

    Errors: another form; a file or module that is not there, or raises when it is imported (its
    exception is the cause); no such name in it.
    """
    place, colon, attribute = name.rpartition(":")
    if not colon or not place or not all(part.isidentifier() for part in attribute.split(".")):
        raise Error(f"'{name}': expected package.module:name or file.py:name")
    is_file = place.endswith(".py") or "/" in place
    module = _file_module(Path(place)) if is_file else _module(place)
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            near = [n for n in vars(module) if not n.startswith("_")]
            raise Error(f"{place} has no '{attribute}'; it has: {', '.join(near[:12])}")
        found = getattr(found, part)
    return found


def _module(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            raise Error(f"there is no module '{error.name}' on sys.path, nor in {here}") from error
        raise Error(_said(name, error)) from error
    except Exception as error:
        raise Error(_said(name, error)) from error


def _file_module(file: Path) -> ModuleType:
    """A file as the module of its stem: its classes are found again by that name where the folder
    is on sys.path, which it is put on."""
    file = file.absolute()
    if not file.is_file():
        raise Error(f"there is no file '{file}'")
    known = sys.modules.get(file.stem)
    if known is not None and getattr(known, "__file__", None) == str(file):
        return known
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if known is not None or spec is None or spec.loader is None or not file.stem.isidentifier():
        raise Error(f"{file}: there is a module '{file.stem}' already; give the file another name")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[file.stem]
        if not isinstance(error, Exception):
            raise
        raise Error(_said(str(file), error)) from error
    return module


def _called(made: Any, name: str) -> Any:
    if not callable(made):
        raise Error(f"{name}: is a {type(made).__name__}, expected what makes one")
    try:
        return made()
    except Exception as error:
        raise Error(_said(name, error)) from error


def _said(what: str, error: Exception) -> str:
    where, _ = failure(error, {})
    return f"{what} raises {type(error).__name__}{where}: {error}"
