"""Which modules are converted, and how: AcuiRT's configuration, checked.

Two forms, as AcuiRT takes them: settings of the whole model, with `children` that nest,
`{"rt_mode": null, "children": {"backbone": {"rt_mode": "onnx", "fp16": true}}}`; or settings by
module path, `{"backbone.conv.stem1": {"rt_mode": "onnx", "auto": true}}`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from torch import nn

from acuate._core import Error

_MODES = ("onnx", "auto", "torch", None)
_FLAGS = ("auto", "fp16", "bf16", "int8")
# Of the whole model alone: what the samples tell of all others.
_INPUT_KEYS = ("input_shapes", "input_args", "input_names", "dynamic_axes")
_KEYS = ("rt_mode", *_FLAGS, *_INPUT_KEYS, "children")


@dataclass(frozen=True)
class Choice:
    """What a configuration says of one module."""

    convert: bool
    """`rt_mode`: "onnx" or "auto" convert; "torch" or null leave it where it is."""
    may_divide: bool
    """`auto`: what cannot be converted inside stays in PyTorch; else the module goes whole or not
    at all."""
    precision: str
    """fp32, fp16, bf16 or int8."""


@dataclass(frozen=True)
class Config:
    """A configuration of a model; paths are keys of its `named_modules()`."""

    root: Choice | None = None
    """Of the whole model; None: only `modules` are named."""
    modules: dict[str, Choice] = field(default_factory=dict)
    input_names: tuple[str, ...] = ()
    """Of the model's tensors in order; empty: from the containers that hold them."""
    dynamic_axes: dict[str, dict[int, tuple[str, int | None, int | None]]] = field(
        default_factory=dict
    )
    """Symbol, least and largest size (None: not given) by input and axis."""
    input_shapes: tuple[tuple[int, ...], ...] = ()
    """Of positional tensors, where there are no samples."""
    input_args: tuple[Any, ...] = ()
    """Positional arguments, where there are no samples."""

    @property
    def converted(self) -> dict[str, Choice]:
        """The modules that are to be converted, the whole model as ""."""
        chosen = {path: choice for path, choice in self.modules.items() if choice.convert}
        return {"": self.root, **chosen} if self.root and self.root.convert else chosen


def read_config(config: Mapping[str, Any] | None, model: nn.Module) -> Config:
    """The configuration, checked against the modules of `model`.

    Errors name the key: one that is unknown, of another type or that cannot be followed, a module
    that does not exist or stands twice, and a converted module inside of a converted one.
    """
    if config is None:
        return Config(root=Choice(convert=True, may_divide=True, precision="fp32"))
    if not isinstance(config, Mapping):
        raise Error(f"config: a {type(config).__name__}, expected a mapping")
    is_settings = any(key in _KEYS for key in config)
    found: dict[str, Mapping[str, Any]] = {}
    for path, settings in _settings("", config) if is_settings else _children("", config):
        if path in found:
            raise Error(f"config: module '{path}' stands twice")
        found[path] = settings
    paths = {path for path, _ in model.named_modules(remove_duplicate=False)}
    choices: dict[str, Choice] = {}
    for path, settings in found.items():
        if path not in paths:
            close = get_close_matches(path, paths, 1)
            raise Error(
                f"config: the model has no module '{path}'"
                + (f"; did you mean '{close[0]}'?" if close else "")
            )
        if choice := _choice(path, settings):
            choices[path] = choice
    _refuse_overlap(choices)
    whole = found.get("", {})
    return Config(
        root=choices.pop("", None),
        modules=choices,
        input_names=_names(whole.get("input_names")),
        dynamic_axes=_axes(whole.get("dynamic_axes")),
        **_inputs(whole),
    )


def _children(holder: str, children: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(children, Mapping):
        raise Error(f"config: {_where(holder)}: expected modules by name, found {children!r}")
    for name, settings in children.items():
        path = f"{holder}.{name}" if holder else str(name)
        if not isinstance(settings, Mapping):
            raise Error(f"config: '{path}' is {settings!r}; expected a mapping of settings")
        yield from _settings(path, settings)


def _settings(path: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key in settings:
        if key not in _KEYS:
            close = get_close_matches(str(key), _KEYS, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(_KEYS)}"
            raise Error(f"config: {_where(path)} has the unknown key '{key}'; {hint}")
    if set(settings) != {"children"}:
        yield path, settings
    if settings.get("children") is not None:
        yield from _children(path, settings["children"])


def _where(path: str) -> str:
    return f"'{path}'" if path else "the whole model"


def _choice(path: str, settings: Mapping[str, Any]) -> Choice | None:
    mode = settings.get("rt_mode")
    if mode not in _MODES:
        known = ", ".join(repr(known) for known in _MODES)
        raise Error(f"config: rt_mode of {_where(path)} is {mode!r}; expected one of {known}")
    for key in _FLAGS:
        if not isinstance(settings.get(key, False), bool):
            raise Error(
                f"config: {key} of {_where(path)} is {settings[key]!r}; expected true or false"
            )
    if path:
        for key in _INPUT_KEYS:
            if settings.get(key) is not None:
                raise Error(
                    f"config: {key} of '{path}' cannot be followed: what a module inside is called "
                    "with is taken from the samples; remove the key"
                )
    if "rt_mode" not in settings and not any(settings.get(key) for key in _FLAGS):
        return None
    # int8 and fp16 together mean 8 bits where there are any, floats of 16 bits elsewhere.
    precision = next((key for key in ("int8", "fp16", "bf16") if settings.get(key)), "fp32")
    if settings.get("fp16") and settings.get("bf16"):
        raise Error(f"config: {_where(path)} has both fp16 and bf16; name one of them")
    return Choice(
        convert=mode in ("onnx", "auto"),
        may_divide=mode == "auto" or settings.get("auto", False),
        precision=precision,
    )


def _refuse_overlap(choices: Mapping[str, Choice]) -> None:
    converted = [path for path, choice in choices.items() if choice.convert]
    for path in converted:
        parts = path.split(".") if path else []
        for length in range(len(parts)):
            holder = ".".join(parts[:length])
            if holder in converted:
                raise Error(
                    f"config: '{path}' is converted with {_where(holder)}, which holds it; name "
                    "one of them"
                )


def _names(names: Any) -> tuple[str, ...]:
    if names is None:
        return ()
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise Error(f"config: input_names is {names!r}; expected a list of names")
    if len(set(names)) != len(names):
        raise Error(f"config: input_names {names!r} has a name twice")
    return tuple(names)


def _axes(given: Any) -> dict[str, dict[int, tuple[str, int | None, int | None]]]:
    axes: dict[str, dict[int, tuple[str, int | None, int | None]]] = {}
    for name, entries in (given or {}).items():
        for axis, value in entries.items():
            symbol, *sizes = (value,) if isinstance(value, str) else tuple(value)
            # JSON has texts for keys.
            ok = str(axis).lstrip("-").isdigit() and isinstance(symbol, str)
            if not ok or len(sizes) not in (0, 2) or (sizes and not sizes[0] <= sizes[1]):
                raise Error(
                    f"config: dynamic_axes of '{name}' has {axis!r}: {value!r}; expected "
                    "AXIS: SYMBOL or AXIS: (SYMBOL, LEAST, LARGEST)"
                )
            least, largest = sizes or (None, None)
            axes.setdefault(name, {})[int(axis)] = (symbol, least, largest)
    return axes


def _inputs(settings: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    shapes, arguments = settings.get("input_shapes"), settings.get("input_args")
    if shapes is not None and arguments is not None:
        raise Error("config: input_shapes and input_args both say what the inputs are; name one")
    result: dict[str, tuple[Any, ...]] = {}
    if arguments is not None:
        is_many = isinstance(arguments, (tuple, list))
        result["input_args"] = tuple(arguments) if is_many else (arguments,)
    if shapes is not None:
        # One shape, or one for each argument.
        many = [shapes] if shapes and isinstance(shapes[0], int) else shapes
        if not all(_is_shape(shape) for shape in many):
            raise Error(f"config: input_shapes is {shapes!r}; expected a list of shapes")
        result["input_shapes"] = tuple(tuple(shape) for shape in many)
    return result


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, Sequence) and all(isinstance(dim, int) and dim >= 0 for dim in shape)
