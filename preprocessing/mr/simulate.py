"""One simulated MR subject: a head, its MDME acquisition and its conventional contrasts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.mr.anatomy import Anatomy, brain_and_regions, draw_head, slice_average
from preprocessing.mr.conventional_scan import Contrast, scan_contrast
from preprocessing.mr.head_grid import HeadGrid
from preprocessing.mr.mdme_scan import scan_mdme
from preprocessing.mr.noise_fields import smooth_noise
from preprocessing.mr.settings import SimulationSettings
from preprocessing.mr.soft_shapes import Field
from preprocessing.mr.tissue_maps import load_tissue_maps
from preprocessing.mr.tissues import CSF, LES, Tissue, draw_tissues
from taskgan_ext.errors import ConfigError
from taskgan_ext.mr.sequence import MDMESequence

_STREAM = 7919
"""Keeps these draws apart from others with the same seed."""
_FLOW_SD, _FLOW_WAVELENGTH = 0.6, 12.0
_TEXTURE = ((0.03, 0.012), (0.03, 0.015))  # of T1 and T2: standard deviations at 24 and 6 mm


@dataclass(frozen=True)
class SimulatedSubject:
    """A subject in memory.

    Attributes:
        signal: complex64 ``(X, Y, Z, delays, echoes)``.
        sequence: times of the signal.
        contrasts: name to magnitude ``(X, Y, Z)``.
        affine: ``(4, 4)``, voxel to RAS millimetres.
        regions: uint8 ``(X, Y, Z)``: 0 none, 1 white matter, 2 grey matter, 3 fluid, 4 deep grey matter, 5
            lesion.
        brain: ``(X, Y, Z)``, true in the brain and the fluid about it.
        truth: what was drawn, JSON-serialisable: age (0 young .. 1 old), patient or not, number and volume
            of lesions, tissues, pose of every contrast.
    """

    signal: NDArray[np.complex64]
    sequence: MDMESequence
    contrasts: Mapping[str, Field]
    affine: NDArray[np.float64]
    regions: NDArray[np.uint8]
    brain: NDArray[np.bool_]
    truth: Mapping[str, Any]


def simulate_subject(settings: SimulationSettings, index: int) -> SimulatedSubject:
    """Simulate a subject; the result depends on the settings and its number only.

    Args:
        settings: of the cohort.
        index: number of the subject, from 0.

    Raises:
        ConfigError: there are tissue maps, but none for this subject.
        DataError: the tissue maps cannot be read.
    """
    streams = np.random.SeedSequence([settings.seed, _STREAM, index]).spawn(5)
    head_rng, tissue_rng, texture_rng, mdme_rng, contrast_rng = map(np.random.default_rng, streams)
    effects = settings.effects
    whole = _find_head(settings, index, head_rng)
    anatomy = whole if effects.partial_volume else whole.pure()
    tissues = draw_tissues(settings.tissue_spread, tissue_rng)
    texture, flow = _draw_texture(anatomy, settings, texture_rng)
    anatomy = replace(anatomy, inflow=anatomy.inflow * flow)

    sliced = anatomy.sliced()
    sliced_texture = slice_average(texture, anatomy.slice_voxels)
    brain, regions = brain_and_regions(sliced.fractions)
    sequence = settings.sequence_for(brain.shape[2])
    signal = scan_mdme(sliced, tissues, sliced_texture, sequence, effects, mdme_rng)
    contrasts = {
        name: scan_contrast(anatomy, tissues, texture, (name, protocol), effects, rng)
        for (name, protocol), rng in zip(
            settings.protocols.items(), contrast_rng.spawn(len(settings.protocols)), strict=True
        )
    }
    return SimulatedSubject(
        signal=signal,
        sequence=sequence,
        contrasts={name: contrast.data for name, contrast in contrasts.items()},
        affine=anatomy.affine,
        regions=regions,
        brain=brain,
        truth=_truth(whole, tissues, contrasts),
    )


def _find_head(settings: SimulationSettings, index: int, rng: np.random.Generator) -> Anatomy:
    if not settings.tissue_maps:
        grid = HeadGrid(settings.resolution, settings.num_slices)
        return draw_head(grid, settings.drawn_patient(index), rng)
    if index >= len(settings.tissue_maps):
        raise ConfigError(
            f"expected one file of tissue maps per subject, got {len(settings.tissue_maps)} for subject "
            f"{index + 1}; two subjects with one anatomy could end up in training and test"
        )
    return load_tissue_maps(settings.tissue_maps[index])


def _draw_texture(
    anatomy: Anatomy, settings: SimulationSettings, rng: np.random.Generator
) -> tuple[Field, Field]:
    """Relative deviation of T1 and T2, ``(2, X, Y, Z)``, and the factor on the flow of fluid."""
    shape = anatomy.inflow.shape

    def noise(wavelength: float) -> Field:
        return smooth_noise(shape, anatomy.spacing, wavelength, rng)

    texture: Field = np.zeros((2, *shape), dtype=np.float32)
    if settings.effects.texture:
        for dim, (coarse, fine) in enumerate(_TEXTURE):
            texture[dim] = coarse * noise(24.0) + fine * noise(6.0)
    return texture, np.exp(_FLOW_SD * noise(_FLOW_WAVELENGTH))


def _truth(
    anatomy: Anatomy, tissues: Mapping[str, Tissue], contrasts: Mapping[str, Contrast]
) -> dict[str, Any]:
    voxel_ml = float(np.prod(anatomy.spacing)) / 1000
    volumes = anatomy.fractions.sum(axis=(1, 2, 3), dtype=np.float64) * voxel_ml
    return {
        **anatomy.truth,
        "lesion_volume_ml": round(float(volumes[LES]), 4),
        "fluid_volume_ml": round(float(volumes[CSF]), 2),
        "tissues": {name: tissue.to_dict() for name, tissue in tissues.items()},
        "pose": {
            name: {"rotation_deg": list(contrast.rotation_deg), "shift_mm": list(contrast.shift_mm)}
            for name, contrast in contrasts.items()
        },
    }
