"""The artifact of a model that is divided between engines and PyTorch."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from acuate import _convert
from acuate._core import Error, __version__
from acuate.pytorch import judge
from acuate.pytorch.agreement import measure_agreement, tell_agreement
from acuate.pytorch.converted import SIGNATURE_FILE, state_digest
from acuate.pytorch.describe import arrays, describe
from acuate.pytorch.report import Report
from acuate.pytorch.signature import Port, Signature
from acuate.pytorch.split import Piece, Plan

# Why a module is not converted, where that is no failure.
_NO_FAILURES = ("excluded", "never called", "slower", "it holds", "the configuration", "no tensors")


def write_divided(
    model: nn.Module,
    signature: Signature | None,
    plan: Plan,
    calls: Mapping[str, int],
    *,
    changing: Sequence[str],
    output: Path,
    overwrite: bool,
    precision_of: Callable[[str], str],
    note: Callable[[str], None] | None,
    **options: Any,
) -> Report:
    """Converts the pieces and writes the artifact, which appears whole.

    `signature` is None where the model's own arguments or results have no stored form; `calls`: how
    often each module is called in one inference; `changing`: buffers that a forward changes;
    `precision_of` a piece's. `options` go to the
    conversion of each piece. Errors: the folder exists and may not be replaced; a piece that cannot
    be converted, with its path; nothing is left behind.
    """
    if output.exists() and not (overwrite and (output / "manifest.json").is_file()):
        how = "is no artifact" if overwrite else "exists; overwrite=True replaces an artifact"
        raise Error(f"{output} {how}")
    output.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    try:
        reports: dict[str, dict[str, Any]] = {}
        places: dict[str, str] = {}
        for number, piece in enumerate(plan.pieces):
            places[piece.path] = f"{number:02d}_{piece.path}"
            reports[piece.path] = _convert_piece(
                model, piece, work / "pieces" / places[piece.path], precision_of, options
            )
            if note is not None:
                note(f"{number + 1} of {len(plan.pieces)} pieces converted: {piece.path}")
        details = {
            "schema_version": 1,
            "model_class": f"{type(model).__module__}:{type(model).__qualname__}",
            "torch": torch.__version__,
            "state_digest": state_digest(model, changing),
            "changing_buffers": list(changing),
            "pieces": places,
        }
        (work / SIGNATURE_FILE).write_text(json.dumps(details), "utf-8")
        report = _report(model, signature, plan, calls, reports, places)
        manifest = _manifest(model, signature, plan, places, report)
        (work / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")
        report.write(work)
        if output.exists():
            aside = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
            output.rename(aside / "old")
            work.rename(output)
            shutil.rmtree(aside)
        else:
            work.rename(output)
        return report
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _convert_piece(
    model: nn.Module,
    piece: Piece,
    folder: Path,
    precision_of: Callable[[str], str],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    module = model.get_submodule(piece.path)
    described = describe(module, piece.calls[0], piece.signature, piece.exported, piece.errors)
    folder.parent.mkdir(exist_ok=True)
    file = piece.exported.path.with_suffix(".json")
    file.write_text(json.dumps(described), "utf-8")
    precision = precision_of(piece.path)
    data = [arrays(call, piece.signature) for call in piece.calls] if precision == "int8" else None
    try:
        report = Report(
            _convert.convert(
                piece.exported.path,
                data,
                output=folder,
                signature=file,
                precision=precision,
                runs=0,
                **options,
            ).report
        )
    except Error as error:
        raise Error(f"module '{piece.path}': {error}") from error
    found = measure_agreement(module, piece.calls, piece.signature, piece.exported.path, folder)
    tell_agreement(report["modules"], found)
    report.write(folder)
    return report


def _report(
    model: nn.Module,
    signature: Signature | None,
    plan: Plan,
    calls: Mapping[str, int],
    reports: Mapping[str, Mapping[str, Any]],
    places: Mapping[str, str],
) -> Report:
    """One report of all pieces and of what stays in PyTorch."""
    rows = _rows(model, plan, calls, reports, places)
    all_reports = list(reports.values())
    pieces_of = [report["model"] for report in all_reports]
    nodes = sum(entry["nodes_after"] for entry in pieces_of)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    unknown = "some modules stay in PyTorch"
    ports = [
        [
            {"name": p.name, "type": p.dtype, "shape_before": shape, "shape_after": shape}
            for p, shape in ((p, list(p.shape)) for p in side)
        ]
        for side in (_inputs(signature), _outputs(signature))
    ]
    target = dict(all_reports[0]["target"]) if all_reports else _no_target()
    return Report(
        schema_version=1,
        model={
            "path": type(model).__qualname__,
            "hash": "",
            "size_bytes": sum(p.nbytes for p in model.parameters()),
            "converted_size_bytes": sum(m["converted_size_bytes"] or 0 for m in pieces_of),
            "inputs": ports[0],
            "outputs": ports[1],
            "nodes_before": sum(entry["nodes_before"] for entry in pieces_of),
            "nodes_after": nodes,
            "parameters": parameters,
            "macs": None,
            "opset": pieces_of[0]["opset"] if pieces_of else [],
            "producer": f"PyTorch {torch.__version__}",
            "reason": {"macs": unknown},
        },
        target=target,
        coverage={
            "modules_converted": sum(row["status"] == "converted" for row in rows),
            "modules_total": len(rows),
            "engines": sum(report["coverage"]["engines"] for report in all_reports),
            "nodes_on_target": sum(r["coverage"]["nodes_on_target"] for r in all_reports),
            "nodes_total": sum(r["coverage"]["nodes_total"] for r in all_reports),
            "macs_on_target_fraction": None,
            "options": [],
            "reason": {"macs_on_target_fraction": unknown},
        },
        findings=[
            _prefixed(finding, path)
            for path, report in reports.items()
            for finding in report["findings"]
            if finding["id"] != "no_evaluation_data"
        ],
        modules=rows,
        accuracy={},
        latency=judge.latency_section([], []),
        candidates=[],
        quantization={"tensors": [], "recovery": [], "hybrid": None},
        kernels=_kernels(all_reports),
        stages=[],
        environment=dict(all_reports[0]["environment"]) if all_reports else {},
    )


def _rows(
    model: nn.Module,
    plan: Plan,
    calls: Mapping[str, int],
    reports: Mapping[str, Mapping[str, Any]],
    places: Mapping[str, str],
) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path, report in reports.items():
        for row in report["modules"]:
            inside = "" if row["path"] == "(model)" else f".{row['path']}"
            engine = row["engine"] and f"pieces/{places[path]}/{row['engine']}"
            found[path + inside] = {**row, "path": path + inside, "engine": engine}
    rows = []
    why = "it is run by PyTorch"
    for path, module in model.named_modules():
        if path in found:
            rows.append({**found[path], "calls": calls.get(path, 0)})
            continue
        reason = plan.reasons.get(path, "")
        is_failure = bool(reason) and not reason.startswith(_NO_FAILURES)
        status = "failed" if is_failure else "host" if calls.get(path) else "ignored"
        rows.append(
            {
                "path": path or "(model)",
                "class": type(module).__qualname__,
                "status": status,
                "engine": None,
                "nodes": 0,
                "calls": calls.get(path, 0),
                "macs": None,
                "parameters": sum(p.numel() for p in module.parameters(recurse=False)),
                "time_us": None,
                "sqnr_db": None,
                "cosine": None,
                "error": reason,
                "num_errors": int(is_failure),
                "reason": dict.fromkeys(("macs", "time_us", "sqnr_db", "cosine"), why),
            }
        )
    # A list of modules is never called: it is where all that it holds is.
    by_path = {row["path"]: row for row in rows}
    for path, module in reversed(list(model.named_modules())):
        held = [by_path[f"{path}.{name}"] for name, _ in module.named_children() if path]
        row = by_path[path or "(model)"]
        if row["status"] == "ignored" and held and all(r["status"] == "converted" for r in held):
            row |= {"status": "converted", "error": "", "num_errors": 0}
    return rows


def _prefixed(finding: Mapping[str, Any], path: str) -> dict[str, Any]:
    def within(module: str) -> str:
        return f"{path}.{module}" if module else path

    again = {**finding, "module": within(finding.get("module") or "")}
    if "modules" in finding:
        again["modules"] = [within(module) for module in finding["modules"]]
    return again


def _kernels(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    total: dict[str, int] = {}
    for report in reports:
        for kernel, count in report["kernels"].items():
            if kernel == "unproven":
                return {"unproven": count}
            total[kernel] = total.get(kernel, 0) + count
    return total or {"unproven": "nothing was converted"}


def _inputs(signature: Signature | None) -> tuple[Port, ...]:
    return signature.inputs if signature else ()


def _outputs(signature: Signature | None) -> tuple[Port, ...]:
    return signature.outputs if signature else ()


def _no_target() -> dict[str, Any]:
    names = ("id", "engine", "version", "device", "precision", "scheme")
    none = dict.fromkeys(names, "")
    return none | {"id": "none", "engine": "PyTorch", "device": "CPU", "precision": "fp32"}


def _manifest(
    model: nn.Module,
    signature: Signature | None,
    plan: Plan,
    places: Mapping[str, str],
    report: Report,
) -> dict[str, Any]:
    target = report["target"]["id"]
    inputs = [{"name": p.name, "type": p.dtype, "shape": list(p.shape)} for p in _inputs(signature)]
    outputs = [
        {"name": p.name, "type": p.dtype, "shape": list(p.shape)} for p in _outputs(signature)
    ]
    host = {
        "kind": "torch",
        "file": f"{type(model).__module__}:{type(model).__qualname__}",
        "target": "pytorch",
        "inputs": [port["name"] for port in inputs],
        "outputs": [port["name"] for port in outputs],
    }
    pieces = [
        {
            "kind": "onnx",
            "file": f"pieces/{places[piece.path]}/modules/model.onnx",
            "target": target,
            "inputs": [f"{piece.path}:{port.name}" for port in piece.signature.inputs],
            "outputs": [f"{piece.path}:{port.name}" for port in piece.signature.outputs],
        }
        for piece in plan.pieces
    ]
    return {
        "schema_version": 1,
        "acuate": __version__,
        "target": target,
        "inputs": inputs,
        "outputs": outputs,
        "preprocess": None,
        "modules": [host, *pieces],
        "files": [],  # each piece is an artifact with a manifest of its own
        "environment": report["environment"],
    }
