"""README.md and the other documents: snippets run, links lead somewhere, make targets exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import BINARY, DETECTOR, ROOT, pages

DOCUMENTS = [
    path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if path.name != "LICENSE"
]
SNIPPETS = re.findall(
    r"<!-- test -->\n```(sh|python)\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder: the built program, a model, pages."""
    (tmp_path / "build" / "bin").mkdir(parents=True)
    (tmp_path / "build" / "bin" / "acuate").symlink_to(BINARY.resolve())
    (tmp_path / "model.onnx").symlink_to(DETECTOR)
    (tmp_path / "pages").mkdir()
    for page in pages("calibration", 4):
        (tmp_path / "pages" / page.name).symlink_to(page)
    (tmp_path / "page.png").symlink_to(pages("evaluation", 3)[1])
    return tmp_path


def test_the_readme_has_snippets_of_both_kinds() -> None:
    assert {language for language, _ in SNIPPETS} == {"sh", "python"}


@pytest.mark.parametrize(("language", "snippet"), SNIPPETS, ids=[s[0] for s in SNIPPETS])
def test_snippets_of_the_readme_run(folder: Path, language: str, snippet: str) -> None:
    command = ["bash", "-euc", snippet] if language == "sh" else [sys.executable, "-c", snippet]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert list(folder.glob("*/report.html"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not link.startswith("http"):
            assert (document.parent / link).exists(), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = re.findall(r"(?:^ {4}|`)make ([a-z-]+)", document.read_text("utf-8"), re.MULTILINE)
    assert set(named) <= targets


def test_the_picture_is_small() -> None:
    assert (ROOT / "docs" / "images" / "report.png").stat().st_size < 300_000
