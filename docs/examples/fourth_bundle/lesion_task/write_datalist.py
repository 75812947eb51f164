"""From pairs of NIfTI files and a table to what a bundle trains on.

python lesion_task/write_datalist.py SCANS DATA
reads SCANS/degraded/NAME.nii.gz, SCANS/target/NAME.nii.gz and SCANS/lesion_load.csv, and writes DATA with
its datalist.json.
"""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np

from preprocessing.collect import collect
from taskgan_ext.errors import DataError, TaskGANError
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.io.nifti import load_nifti, save_nifti

FULL_LOAD = 0.3
"""The lesion load that is y = 1: T answers from 0 to 1, so divide a quantity by its largest value."""


def write_subject(scans: Path, data: Path, name: str, load: float) -> dict[str, Any]:
    """Copy a pair with a sidecar that says where it comes from; give its item of the data list."""
    volumes = {"image": load_nifti(scans / "degraded" / f"{name}.nii.gz")}
    volumes["label"] = load_nifti(scans / "target" / f"{name}.nii.gz")
    shapes = {key: volume.shape for key, (volume, _) in volumes.items()}
    affines = [affine for _, affine in volumes.values()]
    if len(set(shapes.values())) > 1 or not np.allclose(*affines, atol=1e-3):
        raise DataError(f"{name}: expected a pair on one grid, got {shapes}; resample the target first")
    item: dict[str, Any] = {"subject": name, "property": round(min(load / FULL_LOAD, 1.0), 4)}
    for key, (volume, affine) in volumes.items():
        item[key] = f"{name}/{name}_{key}.nii.gz"
        save_nifti(volume, affine, data / item[key])
    files = {key: sha256(data / item[key]) for key in volumes}
    write_json(data / name / f"{name}.json", {"lesion_load": load, "full_load": FULL_LOAD, "sha256": files})
    # Not the load itself: sections get the same mix of strata, and every load is different.
    return item | {"true_load": load, "stratum": int(3 * item["property"])}


def main(scans: Path, data: Path) -> None:
    """Write all pairs and divide the subjects among training, validation and test."""
    with (scans / "lesion_load.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    collect(
        [write_subject(scans, data, row["subject"], float(row["lesion_load"])) for row in rows],
        data / "datalist.json",
        name="simulated lesions",
        description="Tissue with small lesions; the degraded image lacks the outer k-space",
        modality="MR",
        property_info={"name": "lesion_load", "type": "continuous", "classes": []},
        fractions={"training": 0.6, "validation": 0.1, "test": 0.3},
    )


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except TaskGANError as error:
        sys.exit(f"error: {error}")
