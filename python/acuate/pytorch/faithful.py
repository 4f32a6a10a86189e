"""A module as a file that computes the same."""

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from acuate._core import Error
from acuate.pytorch.export import EXPORTERS, Exported, ExportError, examples, export
from acuate.pytorch.samples import Call
from acuate.pytorch.signature import Signature
from acuate.pytorch.verify import check


def export_faithful(
    model: nn.Module,
    taken: Sequence[Call],
    signature: Signature,
    file: Path,
    exporters: Sequence[str] = EXPORTERS,
) -> tuple[Exported, list[list[float]]]:
    """By the first exporter that takes the module and is faithful on every call; with the relative
    errors of its outputs, call by call.

    Errors: there is none; the message has each one's reason.
    """
    reasons = []
    first = examples(taken, signature)[0]
    for exporter in exporters:
        try:
            exported = export(model, first, signature, file, exporter)
            return exported, check(model, taken, signature, exported.path)
        except ExportError as error:
            reasons.append(str(error))
        except Error as error:  # unfaithful, or the engine does not take the file
            reasons.append(f"{exporter}: {error}")
    raise ExportError("; ".join(reasons), exporters[0])
