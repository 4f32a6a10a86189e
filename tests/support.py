"""What the tests in Python share: where things are, and running the command line."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = Path(os.environ.get("ACUATE_FIXTURES", ROOT / ".deps" / "fixtures"))
BINARY = Path(os.environ.get("ACUATE_BINARY", ROOT / "build" / "bin" / "acuate"))
DETECTOR = FIXTURES / "ppocr_v4_det.onnx"


def pages(kind: str, count: int) -> list[Path]:
    """`count` pages of `calibration` or `evaluation`, evenly over the documents."""
    files = sorted((FIXTURES / "pages" / kind).glob("*.png"))
    assert len(files) >= count, "the pages are missing: scripts/fixtures pages"
    return files[:: len(files) // count][:count]


def acuate(*arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the command line, which must end with `status`."""
    done = subprocess.run(
        [str(BINARY), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
    return done
