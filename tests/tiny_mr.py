"""An MR cohort as small as it can be: ellipses of three tissues and a lesion, with exact physics."""

from pathlib import Path

import numpy as np

from preprocessing.collect import collect
from preprocessing.mr.subject_files import ContrastVolume, list_items, write_subject
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.protocol import CONTRASTS, load_protocols
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_signal, synthesise

SHAPE = (32, 32, 4)
AFFINE = np.array([[-4.0, 0, 0, 62], [0, 4, 0, -62], [0, 0, 5, -10], [0, 0, 0, 1]])
TISSUES = {1: (0.88, 0.076, 0.70), 2: (1.36, 0.096, 0.82), 3: (4.2, 1.7, 1.0), 5: (1.6, 0.165, 0.92)}
"""T1 and T2 in s, proton density; by the codes of the region map."""


def tiny_regions(rng: np.random.Generator) -> np.ndarray:
    """White matter with a lesion and ventricles, a rim of grey matter."""
    x, y, _ = np.meshgrid(*(np.arange(length) for length in SHAPE), indexing="ij")
    centre_x, centre_y = 15.5 + rng.uniform(-1, 1, 2)
    radius = np.hypot((x - centre_x) / rng.uniform(11, 12), (y - centre_y) / rng.uniform(12, 13))
    regions = np.where(radius < 1, 2, 0)
    regions[radius < 0.75] = 1
    regions[radius < 0.25] = 3
    regions[np.hypot(x - centre_x - 5, y - centre_y) < 2] = 5
    return regions.astype(np.uint8)


def write_tiny_subject(folder: Path, name: str, seed: int) -> None:
    """Write a prepared subject whose targets follow the protocols exactly, but for a little noise."""
    rng = np.random.default_rng(seed)
    regions = tiny_regions(rng)
    t1, t2, pd = (
        np.select([regions == code for code in TISSUES], [values[index] for values in TISSUES.values()], fill)
        for index, fill in ((0, 1.0), (1, 0.1), (2, 0.0))
    )
    signal = mdme_signal(t1, t2, 1000 * pd, MDMESequence()).astype(np.complex64)
    signal += rng.normal(0, 3, signal.shape) + 1j * rng.normal(0, 3, signal.shape)
    contrasts = {
        contrast: ContrastVolume(
            np.abs(700 * synthesise(t1, t2, pd, protocol) + rng.normal(0, 5, SHAPE)).astype(np.float32),
            protocol,
        )
        for contrast, protocol in load_protocols().items()
    }
    image = MDMEImage(signal.astype(np.complex64), "complex", AFFINE, MDMESequence())
    write_subject(folder, name, image, contrasts, brain=regions > 0, regions=regions)


def write_tiny_mr_cohort(folder: Path) -> Path:
    """Write eight subjects and their data list."""
    names = [f"sub-{number:03d}" for number in range(1, 9)]
    for number, name in enumerate(names):
        write_tiny_subject(folder, name, number)
    collect(
        [item for name in names for item in list_items(folder, name)],
        folder / "datalist.json",
        name="tiny",
        description="Ellipses with exact physics",
        modality="MR",
        property_info={"name": "mr_contrast", "type": "categorical", "classes": list(CONTRASTS)},
        fractions={"training": 0.5, "validation": 0.25, "test": 0.25},
    )
    return folder
