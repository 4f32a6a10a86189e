"""The report of a conversion, as Python holds it."""

import json
from pathlib import Path
from typing import Any

from acuate import _core


class Report(dict[str, Any]):
    """report.json (docs/report.md); printed, it is the text that the command line shows."""

    @classmethod
    def read(cls, folder: Path) -> "Report":
        """That of an artifact."""
        return cls(json.loads((folder / "report.json").read_text("utf-8")))

    def write(self, folder: Path) -> None:
        """Into an artifact, as report.json and report.html. Errors: it is not of the schema."""
        _core.write_report(folder, json.dumps(self))

    def __str__(self) -> str:
        return _core.render_report(json.dumps(self), False)
