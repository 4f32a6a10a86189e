"""Which line of the user's own files runs: the nearest frame outside torch, NumPy, Python's own
library and acuate."""

import inspect
import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
import torch

import acuate


def _folder(module: Any) -> str:
    return str(Path(module.__file__).absolute().parent) + os.sep


_FOREIGN = (_folder(torch), _folder(np), _folder(acuate))
_LIBRARY = sysconfig.get_path("stdlib") + os.sep
_PACKAGES = tuple(f"{_LIBRARY}{name}{os.sep}" for name in ("site-packages", "dist-packages"))
_APPLY = torch.autograd.Function.apply.__func__.__code__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Source:
    """A line of a file; `function` is its qualified name."""

    file: str
    line: int
    function: str


_is_user: dict[CodeType, bool] = {}


def _users(code: CodeType) -> bool:
    known = _is_user.get(code)
    if known is None:
        file = code.co_filename
        library = file.startswith(_LIBRARY) and not file.startswith(_PACKAGES)
        known = not (file.startswith((*_FOREIGN, "<frozen")) or library)
        _is_user[code] = known
    return known


def user_frame(stop: CodeType) -> FrameType | None:
    """The innermost frame of the user's files above the frame of `stop`, which ends the walk; None
    where torch's own modules alone run."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not stop:
        if _users(frame.f_code):
            return frame
        frame = frame.f_back
    return None


def source_of(stop: CodeType) -> Source | None:
    """The line that runs; where none of the user's files does, that of torch's own module."""
    frame = user_frame(stop) or _torch_module(stop)
    if frame is None:
        return None
    return Source(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)


def _torch_module(stop: CodeType) -> FrameType | None:
    modules = f"{_FOREIGN[0]}nn{os.sep}modules{os.sep}"
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not stop:
        code = frame.f_code
        if code.co_filename.startswith(modules) and not code.co_filename.endswith("module.py"):
            return frame
        frame = frame.f_back
    return None


def function_around(frame: FrameType) -> str | None:
    """The name of the torch.autograd.Function whose forward the frame is, if it is one's."""
    caller = frame.f_back
    if caller is None or caller.f_code is not _APPLY:
        return None
    return frame.f_code.co_qualname.rpartition(".")[0] or frame.f_code.co_qualname


def forward_of(module: torch.nn.Module) -> Source | None:
    """Where the module's forward is defined."""
    if isinstance(module, torch.jit.ScriptModule):
        return None
    code = getattr(inspect.unwrap(type(module).forward), "__code__", None)
    if code is None:
        return None
    return Source(code.co_filename, code.co_firstlineno, code.co_qualname)


def shown(file: str) -> str:
    """A file as messages name it: relative to the working folder where it lies below."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except ValueError:
        return file


def failure(error: BaseException, paths: dict[int, str]) -> tuple[str, str]:
    """Of an exception out of a model: ` at file:line` of the user's last frame, and the path of the
    innermost module that was running."""
    where, path = "", ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_name == "_call_impl" and code.co_filename.startswith(_FOREIGN[0]):
            path = paths.get(id(trace.tb_frame.f_locals.get("self")), path)
        if _users(code):
            where = f" at {shown(code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return where, path
