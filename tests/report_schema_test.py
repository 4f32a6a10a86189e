"""The schemas are the contract of report.json and manifest.json."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOM = ROOT / "src" / "report"


def load(path: str) -> Any:
    return json.loads((ROOM / path).read_text(encoding="utf-8"))


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = load(f"schema/{name}.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", ["report", "manifest"])
def test_the_example_is_valid(name: str) -> None:
    errors = validator(name).iter_errors(load(f"testdata/example_{name}.json"))
    assert [f"{error.json_path}: {error.message[:200]}" for error in errors] == []


def replaced(document: Any, path: list[Any], value: Any) -> Any:
    """A copy in which the member at `path` is `value`, or gone where `value` is `...`."""
    result = copy.deepcopy(document)
    parent = result
    for step in path[:-1]:
        parent = parent[step]
    if value is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return result


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["schema_version"], 2),
        (["coverage"], ...),
        (["coverage", "engines"], -1),
        (["model", "hash"], "xyz"),
        (["model", "macs"], None),  # null without a reason
        (["modules", 0, "time_us"], None),
        (["modules", 0, "status"], "done"),
        (["findings", 0, "severity"], "fatal"),
        (["findings", 0, "id"], "Not-Snake"),
        (["findings", 0, "fix"], "set-shape x 1"),
        (["accuracy", "f1", "interval"], [0.5]),
        (["accuracy", "cosine sigmoid_0.tmp_0", "reason"], ...),
        (["quantization", "tensors", 0, "clipped_fraction"], 1.5),
        (["quantization", "tensors", 0, "histogram", "counts", 0], -1),
        (["kernels", "unproven"], "both at once"),
        (["kernels"], {}),
        (["stages", 0, "seconds"], None),
        (["environment", "threads"], 2),
    ],
)
def test_a_broken_report_is_refused(path: list[Any], value: Any) -> None:
    broken = replaced(load("testdata/example_report.json"), path, value)
    assert list(validator("report").iter_errors(broken))


def test_unproven_kernels_and_reasons_are_valid() -> None:
    report = load("testdata/example_report.json")
    report["kernels"] = {"unproven": "the engine gives no profile"}
    report["modules"][0]["time_us"] = None
    report["modules"][0]["reason"] = {"time_us": "not measured"}
    report["padding"] = {"sizes": {"width": 1333}, "fills": {"image": "0.0"}, "outputs": {}}
    report["padding"] |= {"padded_ms": 2.5, "sqnr_db": None, "metrics": {"ap": 0.5}}
    report["padding"]["reason"] = {"sqnr_db": "infinite: no error"}
    validator("report").validate(report)
    del report["padding"]["reason"]
    assert list(validator("report").iter_errors(report))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["modules"], []),
        (["modules", 0, "kind"], "pickle"),
        (["modules", 0, "file"], "../outside.onnx"),
        (["files", 0, "file"], "/etc/passwd"),
        (["files", 0, "file"], "modules/../../outside"),
        (["files", 0, "hash"], ...),
        (["inputs", 0, "shape"], [1.5]),
        (["preprocess"], "imagenet"),
    ],
)
def test_a_broken_manifest_is_refused(path: list[Any], value: Any) -> None:
    broken = replaced(load("testdata/example_manifest.json"), path, value)
    assert list(validator("manifest").iter_errors(broken))


def test_a_torch_module_needs_no_file_of_the_artifact() -> None:
    manifest = load("testdata/example_manifest.json")
    manifest["preprocess"] = None
    manifest["modules"].append(
        {
            "kind": "torch",
            "file": "package.models:Detector.head",
            "target": "torch",
            "inputs": ["sigmoid_0.tmp_0"],
            "outputs": ["boxes"],
        }
    )
    validator("manifest").validate(manifest)


@pytest.mark.parametrize("name", ["report", "manifest"])
def test_every_member_is_documented(name: str) -> None:
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([a-z_0-9]+)`", text))
    schema = load(f"schema/{name}.schema.json")
    members = set(schema["properties"])
    for definition in schema["$defs"].values():
        members |= set(definition.get("properties", {}))
    assert members - documented == set()
