"""The JSON beside a reconstructed image: how it was made, and what was left out."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from preprocessing.pet.reconstruct.event_histogram import EventTally
from preprocessing.pet.reconstruct.image_frame import orientation_text
from preprocessing.pet.reconstruct.line_model import DetectorLines, LineModel, SinogramLines
from preprocessing.pet.reconstruct.settings import ReconstructionSettings
from preprocessing.provenance import package_versions
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import read_json

IMAGE_ENDINGS = (".nii.gz", ".nii")
UNIT = (
    "decays per second and ml that detectors of perfect efficiency would need for these counts; a "
    "calibration factor of the scanner makes Bq/ml of it"
)
_MARK = "ReconMethodName"
_PACKAGES = ("taskgan-ext", "numpy", "torch", "nibabel")


@dataclass(frozen=True)
class Reconstruction:
    """What happened to a file.

    Attributes:
        model: the scanner.
        settings: what the user chose.
        passes: iterations and subsets.
        duration: seconds of the scan before thinning.
        dose: dose fraction in the model.
        dose_from: where the dose fraction comes from.
        prompts: what became of the prompts.
        delayeds: what became of the delayeds.
        file: facts of the input: format, digest, notices.
        attenuation: digest of the map, None without.
    """

    model: LineModel
    settings: ReconstructionSettings
    passes: tuple[int, int]
    duration: float
    dose: float
    dose_from: str
    prompts: EventTally
    delayeds: EventTally
    file: dict[str, Any]
    attenuation: str | None


def sidecar_path(image: Path) -> Path:
    """Return the sidecar of an image, after checking that both may be written.

    Args:
        image: ends in ``.nii`` or ``.nii.gz``.

    Raises:
        ConfigError: the name has another ending, or the sidecar's name belongs to another file, such as the
            report of a thinned scan.
    """
    ending = next((end for end in IMAGE_ENDINGS if image.name.endswith(end)), None)
    if ending is None or image.name == ending:
        raise ConfigError(f"--out: expected a name that ends in .nii.gz or .nii, got {image}")
    path = image.with_name(image.name.removesuffix(ending) + ".json")
    if path.exists():
        try:
            ours = _MARK in read_json(path)
        except DataError:
            ours = False
        if not ours:
            raise ConfigError(
                f"--out: the image would need {path} for its sidecar, which is another file; choose another "
                "name"
            )
    return path


def sidecar_content(result: Reconstruction) -> dict[str, Any]:
    """Collect everything; names of BIDS-PET where they exist.

    Args:
        result: what happened.
    """
    settings, model = result.settings, result.model
    return {
        "Units": "arbitrary" if settings.calibration is None else "Bq/mL",
        "UnitOfTheImage": UNIT if settings.calibration is None else "Bq/ml, by the user's calibration factor",
        "ManufacturersModelName": model.geometry.name,
        "AcquisitionMode": "list mode",
        "FrameTimesStart": [0],
        "FrameDuration": [result.duration],
        "ImageDecayCorrected": False,
        "DoseCalibrationFactor": settings.calibration,
        _MARK: _method_name(result),
        "ReconMethodParameterLabels": ["iterations", "subsets"],
        "ReconMethodParameterUnits": ["none", "none"],
        "ReconMethodParameterValues": list(result.passes),
        "ReconFilterType": "Gaussian" if settings.post_filter else "none",
        "ReconFilterSize": settings.post_filter,
        "AttenuationCorrection": "map given by the user" if result.attenuation else "none",
        "ScatterCorrectionMethod": "none",
        "RandomsCorrectionMethod": _randoms_text(result),
        "Orientation": orientation_text(model.geometry),
        "DoseFraction": result.dose,
        "DoseFractionFrom": result.dose_from,
        "Prompts": asdict(result.prompts),
        "Delayeds": asdict(result.delayeds),
        "Input": result.file,
        "AttenuationSha256": result.attenuation,
        "Sampling": _sampling(model),
        "Settings": asdict(settings),
        "Notices": [*result.file["warnings"], *notices(result)],
        "Simplifications": list(simplifications(result)),
        "Versions": package_versions(_PACKAGES),
    }


def simplifications(result: Reconstruction) -> tuple[str, ...]:
    """List what the reconstruction leaves out.

    Args:
        result: what happened.
    """
    texts = [
        "no correction of scatter",
        "normalisation from the geometry and the file's detector efficiencies only; detectors tile the "
        "cylinder and face the axis",
        "no correction of dead time, pile-up, motion, and decay within the scan",
        "no model of the resolution",
    ]
    if result.settings.engine == "2d":
        texts += [
            "planes are reconstructed one by one; oblique lines count for one plane (single-slice "
            "rebinning), which blurs along the axis",
            "one ray per sinogram bin, angles and radial positions to the nearest bin",
            "attenuation of oblique lines from that of the plane, lengthened by the mean obliquity",
        ]
    else:
        texts += [
            "sensitivity from random lines (Monte Carlo with a fixed seed)",
            "randoms: one number for all lines and time-of-flight bins",
        ]
    return tuple(texts)


def notices(result: Reconstruction) -> tuple[str, ...]:
    """List what this image lacks and another one of the same scanner might have.

    Args:
        result: what happened.
    """
    model, texts = result.model, []
    if result.attenuation is None:
        texts.append(
            "no correction of attenuation (no --attenuation): values sink towards the middle of the body"
        )
    if result.delayeds.total == 0:
        texts.append("the file has no delayed coincidences: randoms stay in the image")
    if isinstance(model, SinogramLines) and model.geometry.num_tof_bins > 1:
        texts.append("time of flight is not used: the file does not tell its bins")
    if isinstance(model, DetectorLines):
        if model.geometry.tof_edges.size > 2 and not model.sampling.with_tof:
            texts.append(
                "time of flight is not used: its bins are uneven, off centre, or without a resolution"
            )
        if model.layout.separability_error > 0.01:
            texts.append(
                "efficiencies as a product of transaxial position and ring; relative error "
                f"{model.layout.separability_error:.2f}"
            )
    return tuple(texts)


def _sampling(model: LineModel) -> dict[str, Any]:
    sampling, scanner = model.sampling, model.sampling.scanner
    tof = {
        "TofBins": scanner.num_tof_bins,
        "TofBinSize": scanner.tof_bin_size,
        "TofFwhm": scanner.tof_fwhm,
    }
    return {
        "Matrix": sampling.grid.size,
        "VoxelSize": sampling.grid.voxel_size,
        "Planes": sampling.num_planes,
        "PlaneSpacing": sampling.plane_spacing,
        "Angles": scanner.num_angles,
        "RadialBins": scanner.num_bins,
        **(tof if sampling.with_tof else {}),
    }


def _method_name(result: Reconstruction) -> str:
    tof = "TOF-" if result.model.sampling.with_tof else ""
    if result.settings.engine == "3d":
        return f"3D list-mode {tof}OSEM"
    return f"2D {tof}OSEM after {tof}SSRB"


def _randoms_text(result: Reconstruction) -> str:
    if result.delayeds.total == 0:
        return "none"
    return "delayed coincidences, " + ("mean" if result.settings.engine == "3d" else "smoothed")
