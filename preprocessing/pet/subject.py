"""One simulated subject on disk: volumes, region map and the sidecar that says how they were made."""

from pathlib import Path
from typing import Any

import numpy as np

from preprocessing.cohort import subject_name
from preprocessing.pet.cohort_settings import CohortSettings
from preprocessing.pet.grid import brain_grid
from preprocessing.pet.label import GREY_ZONE, RESOLUTION_FWHM, SUVR_CUT_OFF
from preprocessing.pet.phantom import draw_labelled_phantom
from preprocessing.pet.regions import REGION_CODES
from preprocessing.pet.scan import simulate_scan
from preprocessing.provenance import package_versions
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.keys import CASE, IMAGE, LABEL, PROPERTY, REGIONS, SUBJECT

INJECTED_MBQ, BODY_WEIGHT_KG, DECAY_TO_SCAN = 330.0, 75.0, 0.567
"""Protocol of the paper; decay of 18F over 90 minutes of uptake."""
SUV_ONE = INJECTED_MBQ * 1e6 * DECAY_TO_SCAN / (BODY_WEIGHT_KG * 1e3)
"""Activity concentration at SUV 1 at the time of the scan (Bq/ml)."""
_PACKAGES = ("taskgan-ext", "numpy", "scipy", "torch", "nibabel", "nilearn")


def write_subject(cohort_dir: Path, index: int, settings: CohortSettings) -> None:
    """Simulate one subject and write its folder; the sidecar comes last and marks it as complete.

    Args:
        cohort_dir: folder of the cohort.
        index: number of the subject, from 0.
        settings: of the cohort.

    Raises:
        TaskGANError: the anatomy is missing or the scan cannot be simulated.
    """
    name = subject_name(index)
    folder = cohort_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    phantom = draw_labelled_phantom(settings.seed, index, settings.preset, settings.drawn_positive(index))
    scanner, spacing = settings.scan.scanner, settings.scan.slice_spacing_mm
    activity, attenuation = phantom.render(brain_grid(scanner.simulation_grid, settings.num_slices, spacing))
    scan = simulate_scan(
        activity=activity * np.float32(SUV_ONE),
        attenuation=attenuation,
        settings=settings.scan,
        doses=settings.doses,
        realisations=settings.realisations,
        seed=settings.seed,
        subject=name,
        listmode_path=folder / f"{name}_listmode.l" if index < settings.listmode_subjects else None,
    )

    grid = brain_grid(scanner.reconstruction_grid, settings.num_slices, spacing)
    full, regions = f"{name}_full.nii.gz", f"{name}_regions.nii.gz"
    save_nifti(scan.full, grid.affine, folder / full)
    save_nifti(phantom.render_regions(grid), grid.affine, folder / regions)
    low = {}
    for (dose, realisation), volume in scan.low.items():
        file = _low_name(name, dose, realisation)
        low[file] = {"dose": dose, "realisation": realisation}
        save_nifti(volume, grid.affine, folder / file)
    write_json(
        folder / f"{name}.json",
        {
            SUBJECT: name,
            "index": index,
            PROPERTY: phantom.truth["label"],
            "units": "Bq/ml",
            "suv_one": SUV_ONE,
            # Names of BIDS-PET; the volumes hold the activity at the time of the scan.
            "InjectedRadioactivity": INJECTED_MBQ,
            "InjectedRadioactivityUnits": "MBq",
            "BodyWeight": BODY_WEIGHT_KG,
            "DecayFactorToScan": DECAY_TO_SCAN,
            "ImageDecayCorrected": False,
            "settings": settings.to_dict(),
            "label_rule": {
                "suvr_cut_off": SUVR_CUT_OFF,
                "grey_zone": GREY_ZONE,
                "resolution_fwhm": RESOLUTION_FWHM,
            },
            "truth": dict(phantom.truth),
            "scan": scan.info,
            "region_codes": REGION_CODES,
            "full": full,
            REGIONS: regions,
            "low": low,
            "sha256": {file: sha256(folder / file) for file in (full, regions, *low)},
            "versions": package_versions(_PACKAGES),
        },
    )


def is_complete(cohort_dir: Path, index: int) -> bool:
    """Whether a subject's sidecar and every file that it names are there.

    Args:
        cohort_dir: folder of the cohort.
        index: number of the subject, from 0.
    """
    name = subject_name(index)
    sidecar = cohort_dir / name / f"{name}.json"
    return sidecar.is_file() and all(
        (sidecar.parent / file).is_file() for file in read_json(sidecar)["sha256"]
    )


def list_pairs(cohort_dir: Path, index: int) -> list[dict[str, Any]]:
    """Items of the data list from one complete subject, a pair per dose and realisation.

    Args:
        cohort_dir: folder of the cohort; the paths are relative to it.
        index: number of the subject, from 0.
    """
    name = subject_name(index)
    sidecar = read_json(cohort_dir / name / f"{name}.json")
    return [
        {
            IMAGE: f"{name}/{file}",
            LABEL: f"{name}/{sidecar['full']}",
            REGIONS: f"{name}/{sidecar[REGIONS]}",
            PROPERTY: sidecar[PROPERTY],
            SUBJECT: name,
            CASE: file.removesuffix(".nii.gz"),
            "true_suvr": round(sidecar["truth"]["suvr_composite"], 6),
            **low,
            "sha256": [sidecar["sha256"][name_] for name_ in (file, sidecar["full"])],
        }
        for file, low in sidecar["low"].items()
    ]


def _low_name(name: str, dose: float, realisation: int) -> str:
    percent = f"{100 * dose:.6g}".replace(".", "p")
    suffix = f"_real-{realisation}" if realisation > 1 else ""
    return f"{name}_dose-{percent:0>2}{suffix}.nii.gz"
