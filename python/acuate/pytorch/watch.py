"""Watches a model run: modules by hooks, functions of torch by a function mode, operators by a
dispatch mode; detectors are told of what concerns them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from acuate.pytorch.blocker import Blocker
from acuate.pytorch.records import ModuleRecord
from acuate.pytorch.source import Source, source_of, user_frame

NO_READ = frozenset({"__repr__", "__str__", "__format__"})
"""Functions that read values for a text; nothing is computed from it."""


@dataclass
class Active:
    """A module whose forward runs."""

    path: str
    module: torch.nn.Module
    index: int
    """Which call of it within the sample."""


@dataclass
class Operator:
    """An operator that ran below autograd."""

    func: Any
    """OpOverload, or a higher-order operator."""
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    api: str
    """The function of torch that the user's code called: `__bool__`, `linear`; "" for none."""
    tainted: bool
    """Whether values of the inputs reach it."""
    result: Any = None


@dataclass
class Facts:
    """What the whole scan found out, for the detectors' verdicts."""

    modules: dict[str, ModuleRecord]
    samples: int
    random: bool
    """Two runs of a sample differ under the same weights and buffers."""
    random_module: str | None
    """Where `random`: the first module whose result differs, if one's does."""
    state_matters: bool
    """A sample's result differs after other samples have run."""
    guarded: frozenset[tuple[str, str, int]]
    """(kind, file, line) that the code leaves out while it is exported."""


class Detector:
    """Finds one kind of blocker. Its methods are called while a sample runs."""

    def wants_operator(self, func: Any) -> bool:
        """Asked once per operator: whether before_operator and operator are called for it."""
        return False

    def wants_function(self, name: str) -> bool:
        """Asked once per function of torch: whether `function` is called for it."""
        return False

    def begin_sample(self, watch: "Watch") -> None: ...
    def before_operator(self, watch: "Watch", operator: Operator) -> None: ...
    def operator(self, watch: "Watch", operator: Operator) -> None: ...
    def function(
        self, watch: "Watch", name: str, args: tuple[Any, ...], result: Any, frame: FrameType | None
    ) -> Any:
        """`args`: keyword ones behind the others. Gives the result, or what the code is to get in
        its place."""
        return result

    def enter(self, watch: "Watch", active: Active) -> None: ...
    def leave(self, watch: "Watch", active: Active) -> None: ...
    def end_sample(self, watch: "Watch") -> None: ...

    def blockers(self, facts: "Facts") -> Iterator[Blocker]:
        """Asked once, when all samples have run."""
        return iter(())


def tensors_in(values: Sequence[Any]) -> Iterator[torch.Tensor]:
    """The tensors among arguments of an operator: lists are one deep there."""
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(value)


def storage_key(tensor: torch.Tensor) -> int:
    """Equal for tensors that share memory, for as long as they live."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError):  # sparse and wrapped tensors have none
        return id(tensor)


@dataclass
class Watch:
    """One run. `paths` gives the path of each module; `stop` is the code of the function that calls
    the model, where walks up the stack end."""

    detectors: Sequence[Detector]
    paths: dict[int, str]
    stop: CodeType
    sample: int = 0
    stack: list[Active] = field(default_factory=list)
    api: list[str] = field(default_factory=list)
    tainted: set[int] = field(default_factory=set)
    """Storages that values of the inputs reach."""
    left: list[Active] = field(default_factory=list)
    """Modules whose code has taken a value of the inputs to Python in this sample."""
    hidden: int = 0
    """Above zero, what runs is acuate's own."""
    saw_higher_order: bool = False
    """torch.cond and its like ran; torch compiles them, and remembers that a mode was on."""

    @property
    def module(self) -> str:
        return self.stack[-1].path if self.stack else ""

    def source(self) -> Source:
        return source_of(self.stop) or Source("", 0, "")

    def is_tainted(self, tensor: torch.Tensor) -> bool:
        return storage_key(tensor) in self.tainted

    def values_leave(self) -> None:
        """Tensors that the module that runs makes of host data may follow from the inputs now."""
        if self.stack and self.stack[-1] not in self.left:
            self.left.append(self.stack[-1])

    def begin(self, sample: int, inputs: Sequence[torch.Tensor]) -> None:
        self.sample = sample
        self.stack.clear()
        self.left.clear()
        self.tainted = {storage_key(tensor) for tensor in inputs}
        for detector in self.detectors:
            detector.begin_sample(self)

    def end(self) -> None:
        for detector in self.detectors:
            detector.end_sample(self)


class FunctionMode(TorchFunctionMode):
    """Sees each function of torch that code outside torch's own functions calls."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch
        self.wanted: dict[str, list[Detector]] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        watch = self.watch
        if watch.hidden:
            return func(*args, **(kwargs or {}))
        name = func.__name__ if hasattr(func, "__name__") else str(func)
        if name == "__get__":  # of a property: `shape`
            name = getattr(func.__self__, "__name__", name)
        wanted = self.wanted.get(name)
        if wanted is None:
            wanted = [d for d in watch.detectors if d.wants_function(name)]
            self.wanted[name] = wanted
        watch.api.append(name)
        try:
            result = func(*args, **(kwargs or {}))
        finally:
            watch.api.pop()
        if wanted:
            frame = user_frame(watch.stop)
            given = (*args, *kwargs.values()) if kwargs else args
            for detector in wanted:
                result = detector.function(watch, name, given, result, frame)
        return result


class DispatchMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees each operator that runs, and follows what values of the inputs reach."""

    supports_higher_order_operators = True

    def __init__(self, watch: Watch) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.watch = watch
        self.wanted: dict[Any, list[Detector]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        watch = self.watch
        kwargs = kwargs or {}
        if watch.hidden:
            return func(*args, **kwargs)
        wanted = self.wanted.get(func)
        if wanted is None:
            wanted = [d for d in watch.detectors if d.wants_operator(func)]
            self.wanted[func] = wanted
            watch.saw_higher_order |= not hasattr(func, "_schema")
        watch.hidden += 1
        try:
            tainted = self._taint_of(func, args, kwargs)
            operator = Operator(func, args, kwargs, watch.api[-1] if watch.api else "", tainted)
            for detector in wanted:
                detector.before_operator(watch, operator)
            result = operator.result = func(*args, **kwargs)
            self._pass_on(tainted, result)
            for detector in wanted:
                detector.operator(watch, operator)
        finally:
            watch.hidden -= 1
        return result

    def _taint_of(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        watch = self.watch
        if func is torch.ops.aten.lift_fresh.default:  # a tensor of host data is born
            return bool(watch.stack) and watch.stack[-1] in watch.left
        given = (*args, *kwargs.values()) if kwargs else args
        return any(storage_key(tensor) in watch.tainted for tensor in tensors_in(given))

    def _pass_on(self, tainted: bool, result: Any) -> None:
        results = (result,) if isinstance(result, torch.Tensor) else result
        if not isinstance(results, (tuple, list)):
            return
        for tensor in tensors_in(results):
            # A storage may have the address of one that is gone.
            (self.watch.tainted.add if tainted else self.watch.tainted.discard)(storage_key(tensor))


Leave = Callable[[Active, Any, Any, Any], None]


class Hooks:
    """Forward hooks on all modules for the time of a `with`: `enter` and `leave` are called with
    the module, its arguments and (leave) its result."""

    def __init__(
        self,
        paths: dict[int, str],
        modules: Sequence[torch.nn.Module],
        stack: list[Active],
        enter: Callable[[Active, tuple[Any, ...], dict[str, Any]], None],
        leave: Callable[[Active, Any], None],
    ) -> None:
        self._paths, self._modules, self._stack = paths, modules, stack
        self._enter, self._leave = enter, leave
        self._counts: dict[int, int] = {}
        self._handles: list[Any] = []
        self._thread = threading.get_ident()

    def __enter__(self) -> "Hooks":
        try:
            for module in self._modules:
                # First of all before, last of all after: what the user's own hooks do is the model.
                self._handles += [
                    module.register_forward_pre_hook(self._before, prepend=True, with_kwargs=True),
                    module.register_forward_hook(self._after, always_call=True),
                ]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def begin_sample(self) -> None:
        self._counts.clear()

    def counts(self) -> dict[int, int]:
        """Calls of this sample by id of the module."""
        return self._counts

    def _before(
        self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if threading.get_ident() != self._thread:
            return
        index = self._counts.get(id(module), 0)
        self._counts[id(module)] = index + 1
        active = Active(self._paths[id(module)], module, index)
        self._enter(active, args, kwargs)
        self._stack.append(active)

    def _after(self, module: torch.nn.Module, args: tuple[Any, ...], result: Any) -> None:
        if threading.get_ident() != self._thread:
            return
        # always_call: also of modules that raised, with None for their result.
        while self._stack:
            active = self._stack.pop()
            if active.module is module:
                self._leave(active, result)
                return
