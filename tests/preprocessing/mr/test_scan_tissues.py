"""Tissues of simulated scans, whose truth is known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from shell_head import rigid_matrix

from preprocessing.mr.anatomy import brain_and_regions
from preprocessing.mr.scan_tissues import (
    FROM_INTENSITIES,
    FROM_STRIPPED,
    FROM_USER,
    TissueRequest,
    find_tissues,
)
from preprocessing.mr.settings import SimulationSettings
from preprocessing.mr.simulate import simulate_subject
from preprocessing.mr.tissues import FAT, LES, MUSC, TISSUES
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.mr.protocol import load_protocols

NAMES = ("T1w", "T2w", "T2FLAIR")
TILT = rigid_matrix((9, -4, 6), (4, -7, 12))


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """A patient in an oblique frame: whole and skull-stripped scans, brain and lesion mask."""
    table = load_protocols()
    settings = SimulationSettings(seed=11, num_slices=8, protocols={name: table[name] for name in NAMES})
    subject = simulate_subject(settings, 0)
    folder, affine = tmp_path_factory.mktemp("scans"), TILT @ subject.affine
    lesions = subject.regions == 5
    volumes = {name: subject.contrasts[name] for name in NAMES}
    volumes |= {f"stripped_{name}": volumes[name] * subject.brain for name in NAMES}
    volumes |= {"brain": subject.brain.astype(np.uint8), "lesions": lesions.astype(np.uint8)}
    for name, volume in volumes.items():
        save_nifti(volume, affine, folder / f"{name}.nii.gz")
    return SimpleNamespace(folder=folder, affine=affine, regions=subject.regions, lesions=lesions)


def request(scans, names=NAMES, prefix="", **options):
    paths = {name: scans.folder / f"{prefix}{name}.nii.gz" for name in names}
    return TissueRequest(paths, **{"resolution": None, "lesions": scans.folder / "lesions.nii.gz", **options})


@pytest.fixture(scope="module")
def stripped(scans):
    return find_tissues(request(scans, prefix="stripped_"))


def regions_of(found):
    return brain_and_regions(np.moveaxis(found.fractions, 3, 0))[1]


def dices(scans, found):
    """Of white matter, all grey matter, fluid and lesions; the slices are the same."""
    pairs = [(found == 1, scans.regions == 1), (found == 2, np.isin(scans.regions, (2, 4)))]
    pairs += [(found == code, scans.regions == code) for code in (3, 5)]
    return [2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in pairs]


def test_tissues_and_lesions_are_those_of_the_head(scans, stripped):
    white, grey, fluid, lesion = dices(scans, regions_of(stripped))
    assert white > 0.87
    assert grey > 0.87
    assert fluid > 0.8
    assert lesion > 0.95
    assert stripped.brain_from == FROM_STRIPPED
    assert stripped.lesion_share == 1


def test_the_place_of_every_voxel_is_kept(scans, stripped):
    np.testing.assert_allclose(stripped.affine, scans.affine, atol=1e-6)
    assert stripped.fractions.shape == (*scans.regions.shape, len(TISSUES))


def test_fractions_are_fractions_and_a_stripped_head_has_nothing_but_brain(stripped):
    assert stripped.fractions.min() >= 0
    assert stripped.fractions.sum(axis=3).max() <= 1 + 1e-6
    assert not stripped.fractions[..., [FAT, MUSC]].any()


@pytest.mark.parametrize("names", [NAMES[:2], NAMES[::2]])
def test_two_contrasts_and_a_mask_are_enough(scans, names):
    found = find_tissues(request(scans, names, brain=scans.folder / "brain.nii.gz"))
    white, grey, fluid, _ = dices(scans, regions_of(found))
    assert white > 0.83
    assert grey > 0.83
    assert fluid > 0.75
    assert found.brain_from == FROM_USER
    assert found.fractions[..., FAT].any()


def test_a_whole_head_needs_no_mask(scans):
    found = find_tissues(request(scans))
    white, grey, _, lesion = dices(scans, regions_of(found))
    assert min(white, grey) > 0.85
    assert lesion > 0.95
    assert found.brain_from == FROM_INTENSITIES
    inside = scans.regions > 0
    assert found.fractions[inside][:, [FAT, MUSC]].mean() < 0.01
    assert found.fractions[~inside][:, FAT].sum() > 1000


def test_coarser_voxels_hold_the_same_volumes(scans, stripped):
    coarse = find_tissues(request(scans, prefix="stripped_", resolution=2.0, slice_mm=8.0))
    assert coarse.fractions.shape == (128, 128, 4, len(TISSUES))
    fine = stripped.volumes_ml()
    for name, volume in coarse.volumes_ml().items():
        assert volume == pytest.approx(fine[name], rel=0.01, abs=0.05)


def test_without_a_lesion_mask_there_are_no_lesions(scans):
    found = find_tissues(request(scans, prefix="stripped_", lesions=None))
    assert found.lesion_share is None
    assert not found.fractions[..., LES].any()


def test_every_step_is_told(scans):
    told = []
    find_tissues(request(scans, ("T1w",), prefix="stripped_"), told.append)
    assert told[0] == "reading T1w"
    assert len(told) == 4


def test_scans_that_share_little_of_the_brain_are_refused(scans, tmp_path):
    slab = np.zeros((128, 128, 2), np.float32)
    slab[20:-20] = 1
    save_nifti(slab, scans.affine, tmp_path / "slab.nii.gz")
    wanted = request(scans, ("T1w",), brain=scans.folder / "brain.nii.gz")
    wanted = replace(wanted, contrasts={**wanted.contrasts, "T2w": tmp_path / "slab.nii.gz"})
    with pytest.raises(DataError, match=r"show the same brain.*T2w 2\d%"):
        find_tissues(wanted)


def test_an_empty_brain_mask_is_refused(scans, tmp_path):
    save_nifti(np.zeros(scans.regions.shape, np.uint8), scans.affine, tmp_path / "empty.nii.gz")
    with pytest.raises(DataError, match="brain mask with voxels that are not 0"):
        find_tissues(request(scans, ("T1w",), brain=tmp_path / "empty.nii.gz"))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"names": ()}, "got none"), ({"names": ("PDw",)}, "got PDw"), ({"slice_mm": 40.0}, "got 40 mm")],
)
def test_what_cannot_be_asked_is_refused(scans, options, message):
    with pytest.raises(ConfigError, match=message):
        request(scans, **options)
