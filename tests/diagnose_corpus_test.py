"""What `acuate diagnose` finds in each of the 1,072 operator models of libonnx-testdata, against a
second opinion that shares no code with it: for vsi_npu the table read by diagnose_judge.py, for
onnxruntime the engine's own word when it opens the model."""

import json
import os
import signal
from collections import Counter
from pathlib import Path

import onnx
import onnxruntime
import pytest
import yaml
from acuate import _core
from diagnose_judge import judge
from support import ROOT

TESTDATA = Path(os.environ.get("ACUATE_ONNX_TESTDATA", "/usr/share/libonnx-testdata/data"))
MODELS = sorted(TESTDATA.rglob("model.onnx"))
TABLE = ROOT / "src" / "targets" / "vsi_npu" / "table.yaml"
# Every second opinion is wholly decided for this many models at least; in the others some ids hang
# on what simplification makes of the model or on shapes that the onnx library does not infer.
DECIDED = 870


def name_of(model: Path) -> str:
    return model.parent.relative_to(TESTDATA).as_posix()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, set[str]]]:
    """By model and target (empty: of the model itself) the ids of its findings; one process runs
    all."""
    file = tmp_path_factory.mktemp("diagnose") / "findings.json"
    ids: dict[str, dict[str, set[str]]] = {}
    for model in MODELS:
        arguments = ["diagnose", str(model), "--target", "vsi-npu,onnxruntime", "--json", str(file)]
        assert _core.run_command_line(arguments) == 0, model
        by_target = ids.setdefault(
            name_of(model), {"": set(), "vsi_npu": set(), "onnxruntime": set()}
        )
        for finding in json.loads(file.read_text("utf-8"))["findings"]:
            by_target[finding["target"]].add(finding["id"])
    # The command line takes Ctrl-C for itself; here it is Python's again.
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))
    return ids


def test_the_set_is_there() -> None:
    assert len(MODELS) == 1072


def test_vsi_npu_as_its_table_says(found: dict[str, dict[str, set[str]]]) -> None:
    table = yaml.safe_load(TABLE.read_text("utf-8"))
    disagreements, undecided, decided, certain = [], Counter[str](), 0, 0
    for model in MODELS:
        verdict = judge(onnx.load(str(model)), table)
        ids = found[name_of(model)]["vsi_npu"] | found[name_of(model)][""]
        missing, extra = verdict.must - ids, ids - verdict.may
        if missing or extra:
            disagreements.append(f"{name_of(model)}: not told {missing}, told beside {extra}")
        decided += not verdict.undecided
        certain += len(verdict.must)
        undecided.update(verdict.undecided)
    print(f"{decided} models wholly decided, {certain} findings certain, undecided: {undecided}")
    assert not disagreements, "\n".join(disagreements)
    assert decided >= DECIDED
    assert certain >= 1300


def engine_refuses(model: Path) -> str:
    """What ONNX Runtime says when it opens the model; empty where it takes it."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        return str(error)
    return ""


# How the engine words a refusal, and the findings that say the same before the model is opened.
REFUSALS = {
    "is not a registered function/op": {"unsupported_operator"},
    "NOT_IMPLEMENTED": {"unsupported_opset", "unsupported_type"},
    "Exception during initialization": {"unsupported_attribute"},
}
REFUSED = 62


def test_onnxruntime_as_the_engine_says(found: dict[str, dict[str, set[str]]]) -> None:
    disagreements, refused = [], 0
    for model in MODELS:
        ids = found[name_of(model)]["onnxruntime"]
        refusal = engine_refuses(model)
        refused += bool(refusal)
        allowed = next((ids for words, ids in REFUSALS.items() if words in refusal), set[str]())
        if bool(ids) != bool(refusal) or not ids <= allowed:
            disagreements.append(f"{name_of(model)}: found {ids}, the engine: {refusal}")
    assert not disagreements, "\n".join(disagreements)
    assert refused >= REFUSED
