"""The seeded digital amyloid phantom: one subject's activity, attenuation, regions and truth."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from preprocessing.pet.anatomy import WORKING_GRID, load_anatomy
from preprocessing.pet.deformation import Deformation, draw_deformation
from preprocessing.pet.grid import Grid, resample_linear, resample_nearest
from preprocessing.pet.head import Head, surround
from preprocessing.pet.label import StandardUptakeRatios, measure_suvr
from preprocessing.pet.regions import REGIONS, cerebellum_membership, region_map, region_weights
from preprocessing.pet.uptake import PRESETS, Preset, Uptake, draw_uptake
from taskgan_ext.errors import ConfigError

_MAX_ATTEMPTS = 50
_OTHER_CORTEX = 0.95  # uptake far from every region
_OTHER_WEIGHT = 0.05
_FLUID = 0.10
_SKULL = 0.12
_BRAIN_STEM = 0.15  # additional uptake of the white matter of the stem
_CEREBELLAR_WHITE_LOSS = 0.25  # cerebellar white matter takes up less than cerebral
_TEXTURE_SD = 0.03


@dataclass(frozen=True)
class Phantom:
    """A subject at 2 mm on ``WORKING_GRID``; cerebellar grey matter has activity 1.

    Attributes:
        activity: tracer concentration relative to cerebellar grey matter.
        attenuation: linear attenuation at 511 keV in 1/mm.
        regions: codes of ``preprocessing.pet.regions.REGION_CODES``; 0 is everything else.
        suvr: true uptake ratios of the noise-free activity at clinical resolution.
        truth: everything drawn and measured, JSON-serialisable.
    """

    activity: NDArray[np.float32]
    attenuation: NDArray[np.float32]
    regions: NDArray[np.uint8]
    suvr: StandardUptakeRatios
    truth: Mapping[str, Any]

    def render(self, grid: Grid) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Activity and attenuation on another grid, interpolated linearly."""
        return (
            resample_linear(self.activity, WORKING_GRID, grid),
            resample_linear(self.attenuation, WORKING_GRID, grid),
        )

    def render_regions(self, grid: Grid) -> NDArray[np.uint8]:
        """Region codes on another grid, from the nearest voxel."""
        return resample_nearest(self.regions, WORKING_GRID, grid)


def make_phantom(
    seed: int, subject_index: int, preset: str = "faithful", positive: bool = False, attempt: int = 0
) -> Phantom:
    """Make one subject; the same arguments give the same subject.

    Anatomy, uptake and texture have random streams of their own: subjects that differ only in ``preset`` or
    ``positive`` share their anatomy.

    Args:
        seed: seed of the cohort, not negative.
        subject_index: number of the subject within the cohort, from 0.
        preset: a name in ``PRESETS``.
        positive: the class to draw the uptake from; the label follows from ``Phantom.suvr``.
        attempt: raised to draw the subject again.

    Raises:
        ConfigError: there is no such preset.
    """
    settings = _find_preset(preset)
    streams = np.random.SeedSequence([seed, subject_index, attempt]).spawn(3)
    anatomy_rng, uptake_rng, texture_rng = (np.random.default_rng(stream) for stream in streams)

    deformation = draw_deformation(WORKING_GRID, anatomy_rng)
    atrophy = float(np.clip(anatomy_rng.normal(1.12, 0.12), 0.85, 1.5))
    uptake = draw_uptake(settings, positive, uptake_rng)

    anatomy = load_anatomy()
    position = deformation.pull_back(WORKING_GRID)
    index = WORKING_GRID.index(position)
    grey = _warp(anatomy.grey_matter, index) ** np.float32(atrophy)
    white = _warp(anatomy.white_matter, index)
    t1 = _warp(anatomy.t1, index)

    inside = grey + white > 0.01
    weights = region_weights(position[:, inside])
    cerebellum = cerebellum_membership(position[:, inside])
    regions = np.zeros(WORKING_GRID.shape, dtype=np.uint8)
    regions[inside] = region_map(weights, cerebellum, grey[inside], white[inside])

    cortex = _cortical_uptake(weights, uptake) * _patchy_field(settings, texture_rng)[inside]
    grey_uptake = cortex * (1 - cerebellum) + np.float32(uptake.cerebellum) * cerebellum
    white_uptake = _white_matter_uptake(white, uptake)[inside] * (
        1 - np.float32(_CEREBELLAR_WHITE_LOSS) * cerebellum
    )
    texture = texture_rng.normal(1, _TEXTURE_SD, int(inside.sum())).astype(np.float32)
    tissue = (grey[inside] * grey_uptake + white[inside] * white_uptake) * texture

    head = surround(grey + white, WORKING_GRID)
    activity = _fluid_and_scalp(np.clip(1 - grey - white, 0, 1) * (t1 > 0.02), head, uptake)
    activity[inside] += tissue + np.float32(_BRAIN_STEM) * (white[inside] * _brain_stem(position[:, inside]))
    suvr = measure_suvr(activity, regions, WORKING_GRID.spacing)
    truth = {
        "preset": preset,
        "drawn_class": int(positive),
        "attempt": attempt,
        "atrophy": atrophy,
        **_describe(deformation, uptake, suvr),
    }
    return Phantom(activity, head.attenuation, regions, suvr, truth)


def draw_labelled_phantom(seed: int, subject_index: int, preset: str, positive: bool) -> Phantom:
    """Make a subject with a clear label: one whose SUVR lies in the grey zone is drawn again.

    The truth then also holds ``label`` (0 or 1) and ``redrawn_suvr``, the composite SUVR of every subject
    that was put aside.

    Args:
        seed: seed of the cohort, not negative.
        subject_index: number of the subject within the cohort, from 0.
        preset: a name in ``PRESETS``.
        positive: the class to draw the uptake from.

    Raises:
        ConfigError: there is no such preset.
        RuntimeError: every attempt fell into the grey zone.
    """
    redrawn: list[float] = []
    for attempt in range(_MAX_ATTEMPTS):
        phantom = make_phantom(seed, subject_index, preset, positive, attempt)
        if not phantom.suvr.in_grey_zone:
            label = int(phantom.suvr.positive)
            return replace(phantom, truth={**phantom.truth, "label": label, "redrawn_suvr": redrawn})
        redrawn.append(phantom.suvr.composite)
    raise RuntimeError(f"subject {subject_index} of seed {seed}: {_MAX_ATTEMPTS} draws within the grey zone")


def _find_preset(name: str) -> Preset:
    if name not in PRESETS:
        raise ConfigError(f"expected a preset out of {', '.join(PRESETS)}, got {name!r}")
    return PRESETS[name]


def _describe(deformation: Deformation, uptake: Uptake, suvr: StandardUptakeRatios) -> dict[str, Any]:
    return {
        "angles_rad": list(deformation.angles_rad),
        "scales": list(deformation.scales),
        "ventricle_growth": deformation.ventricle_growth,
        **asdict(uptake),
        "involved": list(uptake.involved),
        "suvr_composite": suvr.composite,
        "suvr_regional": dict(suvr.regional),
    }


def _warp(template: NDArray[np.float32], index: NDArray[np.float32]) -> NDArray[np.float32]:
    return ndimage.map_coordinates(template, index, order=1, mode="constant", cval=0.0)


def _cortical_uptake(weights: NDArray[np.float32], uptake: Uptake) -> NDArray[np.float32]:
    values = np.array([uptake.regional[region.name] for region in REGIONS], dtype=np.float32)
    total = weights.sum(axis=0) + np.float32(1e-3)
    # einsum and not matmul: a BLAS sums in another order on another number of threads.
    weighted = np.einsum("k,kn->n", values, weights)
    return (weighted + np.float32(_OTHER_CORTEX * _OTHER_WEIGHT)) / (total + np.float32(_OTHER_WEIGHT))


def _patchy_field(preset: Preset, rng: np.random.Generator) -> NDArray[np.float32]:
    noise = rng.standard_normal(WORKING_GRID.shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(noise, 5.0 / WORKING_GRID.spacing[0])
    return 1 + np.float32(preset.patchiness) * smooth / smooth.std()


def _white_matter_uptake(white: NDArray[np.float32], uptake: Uptake) -> NDArray[np.float32]:
    """Uptake grows towards the depth of the white matter."""
    depth = np.clip(ndimage.gaussian_filter(white, 6.0 / WORKING_GRID.spacing[0]) - 0.5, 0, 0.5)
    return np.float32(uptake.white_matter) * (1 + np.float32(0.12) * depth)


def _brain_stem(position: NDArray[np.float32]) -> NDArray[np.float32]:
    x, y, z = position
    return np.exp(-0.5 * ((x / 10) ** 2 + ((y + 28) / 10) ** 2)) * (z < -8)


def _fluid_and_scalp(fluid: NDArray[np.float32], head: Head, uptake: Uptake) -> NDArray[np.float32]:
    activity = np.float32(_FLUID) * fluid
    activity[head.scalp] += np.float32(uptake.scalp)
    activity[head.skull] += np.float32(_SKULL)
    return activity
