"""`python -m acuate.pytorch`: the command line for PyTorch models.

The program `acuate` runs it where its model is `package.module:factory`.
"""

import inspect
import json
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import acuate
from acuate.pytorch.factory import load_callable, load_model, load_samples
from acuate.pytorch.samples import calls
from acuate.pytorch.scan import scan

USAGE = """\
usage: acuate convert  MODEL --samples NAME -o DIR [--target T] [flags of acuate convert]
       acuate diagnose MODEL --samples NAME [--limit N] [--json FILE|-]

MODEL is package.module:name, a torch.nn.Module or what makes one; modules of the working folder are
found. A NAME is file.py:name or package.module:name.

  --samples NAME      what the model is called with: an iterable, or what makes one
  --limit N           the first N samples alone
  --pre NAME          a function from a sample to (args, kwargs)
  --calibration NAME  other samples, for the ranges of int8 (convert)
  --evaluator NAME    makes what judges both models on the samples (convert)
  --json FILE|-       the machine-readable form; with - stdout is JSON only

Examples:
  acuate convert mymodel:build --samples data.py:images -o out --target onnxruntime
  acuate diagnose mymodel:build --samples data.py:images
"""

DONE, CONDITION_FAILED, CALLERS_MISTAKE, OUR_BUG, INTERRUPTED = 0, 1, 2, 3, 130
_OWN = ("samples", "limit", "pre", "calibration", "evaluator", "json")

# Flags of the form NAME=VALUE.
_MAPPED: dict[str, type] = {"pad": int, "pad_fill": float, "pad_output": str}

# Arguments of convert() that are no flags here.
_NOT_HERE = frozenset({"model", "progress", "note", "signature", "dynamic_axes"})


class _MistakeError(Exception):
    """Arguments that make no sense."""


def main(arguments: Sequence[str]) -> int:
    """Runs `convert` or `diagnose`; the exit status is that of the blueprint."""
    if not arguments or {"-h", "--help"} & set(arguments):
        print(USAGE, end="")
        return DONE if arguments else CALLERS_MISTAKE
    command, *rest = arguments
    try:
        if command not in ("convert", "diagnose"):
            raise _MistakeError(f"'{command}' is no command for PyTorch models: convert, diagnose")
        model, given = _parsed(rest)
        return (_convert if command == "convert" else _diagnose)(model, given)
    except KeyboardInterrupt:
        print(f"acuate {command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except (acuate.Error, _MistakeError) as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        print(f"acuate {command}: {error}", file=sys.stderr)
        return CALLERS_MISTAKE
    except acuate.InternalError as error:
        print(f"acuate {command}: this is a bug in acuate: {error}", file=sys.stderr)
        return OUR_BUG
    except Exception:
        traceback.print_exc()
        print(f"acuate {command}: this is a bug in acuate, see above", file=sys.stderr)
        return OUR_BUG


def _convert(model_name: str, given: dict[str, Any]) -> int:
    if "output" not in given:
        raise _MistakeError("-o DIR is required")
    if "data" in given:
        raise _MistakeError(
            "--data is for ONNX files; a PyTorch model takes --samples file.py:name"
        )
    to = given.pop("json", None)
    say = _speaker(to)
    model, samples, pre = _loaded(model_name, given)
    for name, load in (("calibration", load_samples), ("evaluator", _made)):
        if name in given:
            given[name] = load(given[name])
    if isinstance(given.get("config"), str):
        given["config"] = json.loads(Path(given["config"]).read_text("utf-8"))
    limit = given.pop("limit", None)
    if limit is not None:
        given["samples"] = int(limit)
    result = acuate.convert(model, samples, pre=pre, note=say, **given)
    say(str(result.report))
    say(f"\nWritten to {result.output}")
    for sentence in result.unmet:
        say(f"Required condition failed: {sentence}")
    _write_json(to, dict(result.report))
    return DONE if result.ok else CONDITION_FAILED


def _diagnose(model_name: str, given: dict[str, Any]) -> int:
    to = given.pop("json", None)
    say = _speaker(to)
    model, samples, pre = _loaded(model_name, given)
    limit = given.pop("limit", None)
    if given:
        raise _MistakeError(f"--{next(iter(given))} is no flag of diagnose for PyTorch models")
    found = scan(model, calls(samples, pre, model=model, limit=_number("limit", limit)))
    say(str(found))
    blockers = [asdict(blocker) for blocker in found.blockers]
    varying = {path: record.varying() for path, record in found.modules.items()}
    _write_json(
        to,
        {
            "model": model_name,
            "samples": found.samples,
            "random": found.random,
            "blockers": blockers,
            "varying": {path: axes for path, axes in varying.items() if axes},
            "never_called": [path for path, record in found.modules.items() if not record.called],
        },
    )
    return CONDITION_FAILED if any(found.errors()) else DONE


def _loaded(model_name: str, given: dict[str, Any]) -> tuple[Any, Any, Any]:
    if "samples" not in given:
        raise _MistakeError("--samples file.py:name is required: what the model is called with")
    model = load_model(model_name)
    pre = given.pop("pre", None)
    return model, load_samples(given.pop("samples")), None if pre is None else load_callable(pre)


def _made(name: str) -> Any:
    return load_callable(name)()


def _parsed(arguments: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The model, and the flags as arguments of `acuate.convert`."""
    parameters = inspect.signature(acuate.convert).parameters
    model: str | None = None
    given: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if not argument.startswith("-"):
            if model is not None:
                raise _MistakeError(f"two models are given: {model} and {argument}")
            model = argument
            continue
        flag, equals, value = argument.partition("=")
        name = "output" if flag == "-o" else flag.removeprefix("--").replace("-", "_")
        if name in _OWN:
            kind: Any = str
        elif name in parameters and name not in _NOT_HERE:
            default, kind = parameters[name].default, parameters[name].annotation
            if default is False:
                if equals:
                    raise _MistakeError(f"{flag} takes no value")
                given[name] = True
                continue
        else:
            raise _MistakeError(f"there is no flag {flag}")
        if not equals:
            if not rest:
                raise _MistakeError(f"{flag} needs a value")
            value = rest.pop(0)
        _add(given, name, flag, kind, value)
    if model is None:
        raise _MistakeError("no model is given: package.module:name")
    return model, given


def _add(given: dict[str, Any], name: str, flag: str, kind: Any, value: str) -> None:
    key, is_named, item = value.partition("=")
    if name in _MAPPED and is_named:
        mapped = given.setdefault(name, {})
        if not isinstance(mapped, dict):
            raise _MistakeError(f"{flag} is given in two forms")
        mapped[key] = _number(flag, item, _MAPPED[name])
        return
    if name == "pad" and value == "true":
        given[name] = True
        return
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    for number in (int, float):
        if number in kinds and str not in kinds:
            given[name] = _number(flag, value, number)
            return
    if name == "input_names":
        given[name] = tuple(value.split(","))
    elif name not in given:
        given[name] = value
    elif name in _OWN or name == "output":
        raise _MistakeError(f"{flag} is given twice")
    else:
        before = given[name]
        given[name] = [*(before if isinstance(before, list) else [before]), value]


def _number(flag: str, value: Any, kind: Any = int) -> Any:
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError as error:
        raise _MistakeError(f"{flag}: '{value}' is no number") from error


def _speaker(to: str | None) -> Any:
    def say(text: str) -> None:
        print(text, file=sys.stderr if to == "-" else sys.stdout, flush=True)

    return say


def _write_json(to: str | None, content: dict[str, Any]) -> None:
    if to is None:
        return
    text = json.dumps(content, indent=2) + "\n"
    if to == "-":
        sys.stdout.write(text)
        return
    try:
        Path(to).write_text(text, "utf-8")
    except OSError as error:
        raise _MistakeError(f"--json: {error}") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
