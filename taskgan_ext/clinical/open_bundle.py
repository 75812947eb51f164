"""A bundle that was checked, with its tables for clinical use."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskgan_ext.clinical.applicability import Applicability
from taskgan_ext.clinical.bundle_model import BundleModel
from taskgan_ext.clinical.dropout_samples import dropping_out
from taskgan_ext.clinical.mr_restoration import MrRestoration
from taskgan_ext.clinical.output_gate import OutputGate
from taskgan_ext.clinical.pet_restoration import PetRestoration
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.clinical.scan_restoration import ScanRestoration
from taskgan_ext.clinical.task_witness import TaskWitness
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.release.check import check_bundle
from taskgan_ext.release.manifest import MANIFEST

TABLE = "clinical.json"
"""In ``configs``; data, not a configuration."""


@dataclass(frozen=True)
class ClinicalBundle:
    """A bundle, loaded.

    Attributes:
        name: of the bundle.
        version: of the bundle.
        weights_sha256: of the generator's weights.
        gate: its bounds.
        restoration: restores scans.
    """

    name: str
    version: str
    weights_sha256: str
    gate: OutputGate
    restoration: ScanRestoration


def open_bundle(options: ProcessOptions) -> ClinicalBundle:
    """Check a bundle by its manifest, then load it.

    Args:
        options: name it.

    Raises:
        BundleError: it is not what its manifest says, or has none; nothing of it was parsed then.
        ConfigError: it has no table for clinical use, or a wrong one; or its generator has no dropout, and
            samples are wanted.
        CheckpointError: the weights do not fit.
    """
    folder = options.bundle
    if not options.allow_unsealed or (folder / MANIFEST).exists():
        check_bundle(folder, options.manifest_sha256 or None)
    table = _table(folder)
    applies = Applicability.from_dict(table["applies_to"])
    gate = OutputGate.from_dict(table["gate"])
    model = BundleModel(folder, options.device)
    if options.uncertainty:
        with dropping_out(model.network):
            pass  # a network without dropout is refused now, and not after an hour of work
    recipe = Recipe(model.name, model.version, model.weights_sha256, table["action"], table["text"])
    witness = TaskWitness(folder, model.device)
    kind = PetRestoration if applies.modality == "PT" else MrRestoration
    restoration = kind(model, witness, applies, recipe)
    return ClinicalBundle(model.name, model.version, model.weights_sha256, gate, restoration)


def _table(folder: Path) -> dict[str, Any]:
    path = folder / "configs" / TABLE
    if not path.is_file():
        raise ConfigError(
            f"{path}: expected a table that says what the bundle applies to, found none; bundles for DICOM "
            "images have one"
        )
    table: dict[str, Any] = read_json(path)
    missing = {"action", "text", "applies_to", "gate"} - set(table)
    if missing:
        raise ConfigError(f"{path}: expected {', '.join(sorted(missing))}, found none")
    return table
