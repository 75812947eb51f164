"""Preparation and registration on the simulator, which has its own pose for every contrast."""

import numpy as np
import pytest

from preprocessing.mr.contrast_import import import_contrast
from preprocessing.mr.conventional_scan import rotation_matrix
from preprocessing.mr.effects import Effects
from preprocessing.mr.settings import SimulationSettings
from preprocessing.mr.simulate import simulate_subject
from preprocessing.mr.volume import transform_points
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.prepared_subject import prepare_subject
from taskgan_ext.mr.protocol import load_protocols
from taskgan_ext.mr.tissue_classes import tissue_classes

PROTOCOLS = load_protocols()
NAMES = ("T1w", "T2FLAIR")


def simulate(rotation_sd, shift_sd):
    settings = SimulationSettings(
        seed=3,
        num_slices=16,
        protocols={name: PROTOCOLS[name] for name in NAMES},
        effects=Effects(rotation_sd=rotation_sd, shift_sd=shift_sd),
    )
    subject = simulate_subject(settings, 0)
    image = MDMEImage(subject.signal, "complex", subject.affine, settings.sequence)
    return subject, prepare_subject(image)


@pytest.fixture(scope="module")
def aligned():
    return simulate(0.0, 0.0)


@pytest.fixture(scope="module")
def moved():
    return simulate(1.2, 1.5)  # about 2 degrees and 2.5 mm in all


def bring(name, pair, folder):
    subject, prepared = pair
    save_nifti(subject.contrasts[name], subject.affine, folder / "scan.nii.gz")
    return import_contrast(name, folder / "scan.nii.gz", prepared, PROTOCOLS[name], registers=True)


def true_matrix(subject, name):
    pose = subject.truth["pose"][name]
    centre = transform_points((np.array(subject.brain.shape)[None] - 1) / 2, subject.affine)[0]
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_matrix(tuple(pose["rotation_deg"]))
    matrix[:3, 3] = centre - matrix[:3, :3] @ centre + pose["shift_mm"]
    return matrix


def corner_error(subject, matrix, expected):
    where = np.argwhere(subject.brain)
    low, high = where.min(axis=0), where.max(axis=0)
    corners = low + (high - low) * np.indices((2, 2, 2)).reshape(3, 8).T
    points = transform_points(corners, subject.affine)
    return np.linalg.norm(
        transform_points(points, matrix) - transform_points(points, expected), axis=1
    ).mean()


@pytest.mark.parametrize("name", NAMES)
def test_a_scan_that_moved_is_brought_back_to_less_than_a_millimetre(moved, tmp_path, name):
    expected = true_matrix(moved[0], name)
    found = bring(name, moved, tmp_path)
    assert corner_error(moved[0], found.matrix, expected) < 1 < corner_error(moved[0], np.eye(4), expected)
    assert found.record.accepted


@pytest.mark.parametrize("name", NAMES)
def test_an_aligned_scan_is_not_made_worse(aligned, tmp_path, name):
    subject, _ = aligned
    found = bring(name, aligned, tmp_path)
    np.testing.assert_array_equal(found.matrix, np.eye(4))
    top = subject.contrasts[name].max()
    np.testing.assert_allclose(found.volume.data, subject.contrasts[name], atol=1e-3 * top)


def test_the_brain_is_found_in_fitted_maps(aligned):
    subject, prepared = aligned
    assert 2 * (prepared.brain & subject.brain).sum() / (prepared.brain.sum() + subject.brain.sum()) > 0.95


def test_most_voxels_are_given_their_tissue(aligned):
    subject, prepared = aligned
    inside = prepared.brain & subject.brain & (subject.regions < 4)
    found = tissue_classes(prepared.maps, prepared.brain)
    assert np.mean(found[inside] == subject.regions[inside]) > 0.85


def test_what_a_scan_does_not_cover_is_told(aligned, tmp_path):
    subject, prepared = aligned
    save_nifti(subject.contrasts["T1w"][..., :-1], subject.affine, tmp_path / "scan.nii.gz")
    found = import_contrast("T1w", tmp_path / "scan.nii.gz", prepared, PROTOCOLS["T1w"], registers=False)
    assert not found.covered[..., -1].any()
    np.testing.assert_array_equal(found.covered[..., :-1], prepared.brain[..., :-1])
    assert found.record.coverage == pytest.approx(found.covered.sum() / prepared.brain.sum(), abs=0.02)
