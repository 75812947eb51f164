"""From a list-mode file to the pairs of one subject: thin it, reconstruct both, write them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from preprocessing.pet.imported_files import LowDose, write_imported
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.pair_picture import write_pair_picture
from preprocessing.pet.reconstruct.reconstruct_file import ReconstructionRequest, reconstruct_file
from preprocessing.pet.reconstruct.settings import ReconstructionSettings
from preprocessing.pet.thin_file import ThinnedFile, thin_file
from preprocessing.pet.thin_request import ThinRequest
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.nifti import load_nifti

_SCRATCH = ".scratch"
"""No subject can have such a name."""


@dataclass(frozen=True)
class ListModeRequest:
    """One scanned subject.

    Attributes:
        file: list-mode file, or header of a Siemens one.
        value: the property y, from 0 to 1.
        subject: name of the subject.
        thin: doses, realisations and mode; its subject is that of the case.
        attenuation: map in 1/cm, or ``None``.
        settings: of the reconstruction; the dose fraction comes from the thinning.

    Raises:
        ConfigError: the property is out of range, or the settings name a dose fraction.
    """

    file: Path
    value: float
    subject: str
    thin: ThinRequest
    attenuation: Path | None = None
    settings: ReconstructionSettings = field(default_factory=ReconstructionSettings)

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 1:
            raise ConfigError(f"expected a property from 0 (negative) to 1 (positive), got {self.value}")
        if self.settings.dose is not None:
            raise ConfigError("the dose fraction of a thinned scan is known; leave it out")


def write_listmode_subject(request: ListModeRequest, folder: Path) -> tuple[str, ...]:
    """Thin, reconstruct full and low dose with one model, and write the pairs.

    Args:
        request: what to do.
        folder: of the cohort; a hidden sub-folder is left for the caller to remove.

    Returns:
        What the user should know about the scan, one text each.

    Raises:
        TaskGANError: the file is refused, or cannot be thinned or reconstructed.
    """
    name, scratch = request.subject, folder / _SCRATCH
    copies = thin_file(request.file, request.thin, scratch)
    settings = _common_settings(request, copies, scratch)
    full, recipe = _reconstruct(request, request.file, settings, scratch)
    volume, affine = load_nifti(full)
    low = {}
    for copy in copies:
        image, _ = _reconstruct(request, copy.path, settings, scratch)
        facts = {key: copy.report[key] for key in ("dose", "realisation")}
        low[_part(copy)] = LowDose(load_nifti(image)[0], facts)
    picture = folder / name / f"{name}_pair.png"
    write_pair_picture(picture, [volume, *(image.volume for image in low.values())], affine)
    write_imported(
        folder,
        name,
        affine,
        volume,
        low,
        value=request.value,
        facts={
            "units": recipe["Units"],
            "imported": True,
            "reconstruction": recipe,
            "thinning": {_part(copy): _thinning_facts(copy) for copy in copies},
        },
    )
    return tuple(recipe["Input"]["warnings"])


def _common_settings(
    request: ListModeRequest, copies: Sequence[ThinnedFile], scratch: Path
) -> ReconstructionSettings:
    """Give full and low dose the iterations and subsets that the lowest dose needs.

    Few counts in many subsets lose the scale, and images that were iterated in different ways are no pair.
    """
    lowest = min(copies, key=lambda copy: copy.report["dose"])
    _, recipe = _reconstruct(request, lowest.path, request.settings, scratch)
    iterations, subsets = recipe["ReconMethodParameterValues"]
    return replace(request.settings, iterations=iterations, subsets=subsets)


def _reconstruct(
    request: ListModeRequest, file: Path, settings: ReconstructionSettings, scratch: Path
) -> tuple[Path, dict[str, Any]]:
    image = scratch / f"{file.name}_image.nii.gz"
    made = ReconstructionRequest(image, request.attenuation, overwrite=True)
    return image, reconstruct_file(open_listmode(file), made, settings)


def _part(copy: ThinnedFile) -> str:
    """``dose-01_real-2`` of ``sub-01_dose-01_real-2.l``: the name of the copy without that of the subject."""
    return copy.path.name.removeprefix(f"{copy.report['subject']}_").removesuffix(copy.path.suffix)


def _thinning_facts(copy: ThinnedFile) -> dict[str, Any]:
    keys: Sequence[str] = ("mode", "dose", "realisation", "keep", "key", "window_ms", "seed", "source_sha256")
    return {key: copy.report[key] for key in keys if key in copy.report} | {
        "events": copy.report["events"]["kept"]
    }
