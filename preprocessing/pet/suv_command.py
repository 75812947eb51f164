"""``python -m preprocessing pet suv``."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.existing_output import check_absent, check_no_input
from preprocessing.folder_lock import made_folder
from preprocessing.provenance import package_versions
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.suv import SuvFactor, suv_factor
from taskgan_ext.errors import ConfigError, RefusedSeries
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import save_nifti

ENDING = ".nii.gz"


def add_suv(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``suv``.

    Args:
        commands: of the parser of all PET commands.
    """
    parser = commands.add_parser(
        "suv",
        help="turn a DICOM series into standardised uptake values",
        description=(
            "Read one PET series and write its SUV by body weight (g/ml), by the rules of its vendor. A "
            "series that lacks an attribute which SUV needs is refused, with its name. A JSON "
            "file beside the volume tells the rule, the factor and what is odd about them, and nothing about "
            "the patient but the dose and the weight."
        ),
    )
    parser.add_argument("folder", type=Path, metavar="DICOM_DIR", help="files of one series, in any order")
    parser.add_argument(
        "--series",
        metavar="UID",
        help="SeriesInstanceUID of the series to read, where the folder has several",
    )
    parser.add_argument("--out", type=Path, required=True, metavar=f"FILE{ENDING}", help="file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.set_defaults(run=_run_suv)


def _run_suv(arguments: argparse.Namespace) -> None:
    out: Path = arguments.out
    if not out.name.endswith(ENDING):
        raise ConfigError(f"--out: expected a file name that ends in {ENDING}, got {out.name}")
    sidecar = out.with_name(f"{out.name.removesuffix(ENDING)}.json")
    check_absent([out, sidecar], arguments.overwrite)
    with made_folder(out.parent):
        series = read_series(arguments.folder, series_uid=arguments.series, modality="PT")
        check_no_input((out, sidecar), series.files)
        found = suv_factor(series.headers)
        volume = (series.volume * np.float64(found.factor)).astype(np.float32)
        if not np.isfinite(volume).all():
            raise RefusedSeries(
                "nonfinite", f"{arguments.folder}: expected finite SUV, got others; check slopes and dose"
            )
        save_nifti(volume, series.affine, out)
        write_json(sidecar, _sidecar(found, volume))
    lines = [
        f"SUV: {out}",
        f"rule: {found.rule}",
        f"factor: {found.factor:.6g} g/ml per unit of the series",
        f"SUVmax {float(volume.max()):.4g}, SUVmean {_mean(volume):.4g} (of all voxels)",
        *(f"warning: {text}" for text in (*series.warnings, *found.warnings)),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _sidecar(found: SuvFactor, volume: NDArray[np.float32]) -> Mapping[str, Any]:
    """Names of BIDS-PET where there are some; its times count from the injection.

    Warnings of the reader stay out: they name folders, and folders can be named after patients.
    """
    facts = {
        "Description": "Standardised uptake value by body weight",
        "Units": "g/mL",
        "InjectedRadioactivity": None if found.injected_bq is None else found.injected_bq / 1e6,
        "InjectedRadioactivityUnits": None if found.injected_bq is None else "MBq",
        "InjectionStart": None if found.uptake is None else 0,
        "ScanStart": found.uptake,
        "ImageDecayCorrected": None if found.dose_bq is None else True,
        "ImageDecayCorrectionTime": 0 if found.rule.endswith("ADMIN") else found.uptake,
        "BodyWeight": found.weight_kg,
        "RadionuclideHalfLife": found.half_life,
        "SUVFactor": found.factor,
        "SUVRule": found.rule,
        "SUVMax": float(volume.max()),
        "SUVMean": _mean(volume),
        "Warnings": list(found.warnings),
        "versions": package_versions(("taskgan-ext", "numpy", "nibabel", "pydicom", "highdicom")),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _mean(volume: NDArray[np.float32]) -> float:
    return float(volume.mean(dtype=np.float64))
