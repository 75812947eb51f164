"""Stand-in for your scans: sharp volumes with small lesions, and what half of the k-space leaves of them.

python lesion_task/simulate.py FOLDER --number 40
writes FOLDER/target/NAME.nii.gz, FOLDER/degraded/NAME.nii.gz and FOLDER/lesion_load.csv.
"""

import argparse
import csv
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

SHAPE = (64, 64, 8)
VOXEL_MM = (2.0, 2.0, 4.0)
KEPT = 12  # of 32 frequencies to either side
NOISE = 4.0  # of the degraded image, where tissue has 100


def simulate(generator: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Draw a volume: the sharp image, the degraded one, and the share of the tissue that lesions cover."""
    x, y, _ = np.meshgrid(*(np.arange(length) for length in SHAPE), indexing="ij")
    (centre_x, centre_y), (axis_x, axis_y) = generator.uniform(30, 33, 2), generator.uniform(20, 26, 2)
    tissue = ((x - centre_x) / axis_x) ** 2 + ((y - centre_y) / axis_y) ** 2 < 1
    # Lesions are the peaks of smooth noise, in every slice as many as the load asks for.
    load, field = (
        generator.uniform(0.01, 0.28),
        gaussian_filter(generator.normal(size=SHAPE), (1.3, 1.3, 0.7)),
    )
    threshold = [np.quantile(part[inside], 1 - load) for part, inside in zip(field.T, tissue.T, strict=True)]
    lesions = tissue & (field > threshold)
    # The contrast varies, so that the mean of an image does not give its load away.
    sharp = 100.0 * tissue + generator.uniform(60, 90) * lesions
    sharp += 10 * np.cos(x / generator.uniform(5, 9)) * tissue
    frequencies = np.fft.fft2(sharp, axes=(0, 1))
    for axis in (0, 1):
        far = np.abs(np.fft.fftfreq(SHAPE[axis], 1 / SHAPE[axis])) > KEPT
        np.moveaxis(frequencies, axis, 0)[far] = 0
    blurred = np.fft.ifft2(frequencies, axes=(0, 1))
    noise = generator.normal(0, NOISE, (2, *SHAPE))
    degraded = np.abs(blurred + noise[0] + 1j * noise[1])
    return sharp.astype(np.float32), degraded.astype(np.float32), float(lesions[tissue].mean())


def main() -> None:
    """Write the volumes and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=40, help="of subjects")
    given = parser.parse_args()
    affine = np.diag([*VOXEL_MM, 1.0])
    for kind in ("target", "degraded"):
        (given.folder / kind).mkdir(parents=True, exist_ok=True)
    with (given.folder / "lesion_load.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["subject", "lesion_load"])
        for number in range(given.number):
            name = f"sub-{number + 1:03d}"
            sharp, degraded, load = simulate(np.random.default_rng([number, 4]))
            for kind, volume in {"target": sharp, "degraded": degraded}.items():
                image = nib.Nifti1Image(volume, affine)
                image.header.set_xyzt_units("mm")
                nib.save(image, given.folder / kind / f"{name}.nii.gz")
            table.writerow([name, f"{load:.4f}"])


if __name__ == "__main__":
    main()
