"""Evidence: the best classical filters, tuned on training subjects and measured on the test subjects.

python benchmarks/pet_filters.py

A 3D Gaussian filter and 3D non-local means are tuned for PSNR and, separately, for SSIM on some training
subjects of both classes, so that each faces the network at its best in either metric. A setting that wins at
the edge of its range is marked.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from results_file import save_results
from scipy.ndimage import gaussian_filter
from skimage.restoration import denoise_nl_means
from tqdm import tqdm

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.data.evaluation_case import Case
from taskgan_ext.io.nifti import load_nifti
from taskgan_ext.metrics import ImageQuality, RegionalUptake

Volume = NDArray[np.float32]
Filter = Callable[[Volume, NDArray[np.float64]], Volume]
DATA = Path(__file__).parents[1] / "bundles" / "pet_denoising" / "data"
SLICES = (4, 43)
METRICS = ("psnr", "ssim", "nrmse", "suvr_bias")


def gaussian(fwhm: float) -> Filter:
    """Make a 3D Gaussian filter of a width in mm."""
    return lambda volume, spacing: gaussian_filter(volume, fwhm / 2.3548 / spacing)


def non_local_means(strength: float, patch_size: int) -> Filter:
    """Make 3D non-local means; its strength is in units of the mean of the volume above zero."""

    def restore(volume: Volume, _: NDArray[np.float64]) -> Volume:
        scale = float(volume[volume > 0].mean())
        found = denoise_nl_means(
            volume / scale, h=strength, patch_size=patch_size, patch_distance=3, fast_mode=True
        )
        return found.astype(np.float32) * scale

    return restore


WIDTHS = (4, 5, 6, 7, 8, 9, 10, 12)
STRENGTHS = (0.6, 1.0, 1.4, 1.8, 2.4)
CANDIDATES: dict[str, list[dict[str, Filter]]] = {
    "Gaussian": [{f"FWHM {width} mm": gaussian(width) for width in WIDTHS}],
    "non-local means": [
        {f"h {h}, patch {size}": non_local_means(h, size) for h in STRENGTHS} for size in (3, 5)
    ],
}
"""Each list is a range in one parameter; a winner at either end of it is marked."""


def load_case(item: dict[str, str]) -> tuple[Case, NDArray[np.float64]]:
    """Read a pair with its regions and the voxel size in mm."""
    image, affine = load_nifti(item["image"])
    label, regions = load_nifti(item["label"])[0], load_nifti(item["regions"])[0]
    tensors = [torch.from_numpy(volume)[None] for volume in (image, label, regions)]
    case = Case(item["subject"], float(item["property"]), tensors[0], tensors[1], tensors[0], tensors[2])
    return case, np.abs(np.diag(affine)[:3])


def measure(filter_: Filter, cases: Iterable[tuple[Case, NDArray[np.float64]]]) -> dict[str, float]:
    """Apply a filter to every case and average what the bundle's evaluation measures."""
    rows = []
    for case, spacing in cases:
        restored = torch.from_numpy(filter_(case.image[0].numpy(), spacing))[None]
        rows.append(ImageQuality(slices=SLICES)(case, restored) | RegionalUptake()(case, restored))
    return {metric: float(np.mean([row[metric] for row in rows])) for metric in METRICS}


def both_classes(items: list[dict[str, str]], number: int) -> list[dict[str, str]]:
    """Take the first items of each class, half each."""
    classes = [[item for item in items if item["property"] == value] for value in (0, 1)]
    return [item for members in classes for item in members[: number // 2]]


def main() -> None:
    """Tune, measure, print one table, keep the numbers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset_dir", type=Path, default=DATA, help="folder with datalist.json")
    parser.add_argument(
        "--tuning_subjects", type=int, default=4, help="training subjects that the filters are tuned on"
    )
    arguments = parser.parse_args()
    training = load_datalist(arguments.dataset_dir, "training")
    tuning = [load_case(item) for item in both_classes(training, arguments.tuning_subjects)]
    test = [load_case(item) for item in load_datalist(arguments.dataset_dir, "test")]
    results = {"input": {"settings": "", **measure(lambda volume, _: volume, test)}}
    for name, ranges in CANDIDATES.items():
        candidates = {label: filter_ for range_ in ranges for label, filter_ in range_.items()}
        scores = {label: measure(f, tuning) for label, f in tqdm(candidates.items(), desc=f"tuning {name}")}
        edges = {label for range_ in ranges for label in (*list(range_)[:1], *list(range_)[-1:])}
        for metric in ("psnr", "ssim"):
            best = max(scores, key=lambda label, metric=metric: scores[label][metric])
            settings = best + " (edge)" * (best in edges)
            results[f"{name}, tuned for {metric.upper()}"] = {
                "settings": settings,
                **measure(candidates[best], test),
            }
    print(f"{'':34}{'setting':>32}" + "".join(f"{metric:>11}" for metric in METRICS))
    for name, row in results.items():
        print(f"{name:34}{row['settings']:>32}" + "".join(f"{row[metric]:11.3f}" for metric in METRICS))
    settings = {"tuning_subjects": len(tuning), "test_cases": len(test), "slices": SLICES}
    print(save_results("pet_filters", settings, results))


if __name__ == "__main__":
    main()
