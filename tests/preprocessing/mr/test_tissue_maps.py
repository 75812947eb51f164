import numpy as np
import pytest

from preprocessing.mr.effects import Effects
from preprocessing.mr.settings import SimulationSettings
from preprocessing.mr.simulate import simulate_subject
from preprocessing.mr.tissue_maps import load_tissue_maps
from preprocessing.mr.tissues import CSF, LES, TISSUES, WM
from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.mr.signal import IDEAL, mdme_signal

AFFINE = np.array([[-1.5, 0, 0, 40], [0, 1.5, 0, -30], [0, 0, 5, 7], [0, 0, 0, 1.0]])


def block():
    """White matter with a lesion, in fluid, in air."""
    maps = np.zeros((40, 36, 4, 9), dtype=np.float32)
    maps[4:36, 4:32, :, CSF] = 1
    maps[8:32, 8:28, :, [CSF, WM]] = 0, 1
    maps[12:16, 12:16, 1, [WM, LES]] = 0.25, 0.75
    return maps


@pytest.fixture
def save(tmp_path):
    def save_maps(maps, name="maps.nii.gz"):
        save_nifti(maps, AFFINE, tmp_path / name)
        return tmp_path / name

    return save_maps


def test_a_file_becomes_a_head_on_its_own_grid(save):
    anatomy = load_tissue_maps(save(block()))
    np.testing.assert_array_equal(anatomy.fractions, np.moveaxis(block(), 3, 0))
    np.testing.assert_allclose(anatomy.affine, AFFINE)
    assert anatomy.slice_voxels == 1
    assert anatomy.spacing == pytest.approx((1.5, 1.5, 5.0))
    assert anatomy.truth == {"tissue_maps": "maps.nii.gz", "patient": True, "num_lesions": 1}
    assert ((anatomy.inflow > 0) == (anatomy.fractions[CSF] > 0)).all()


def test_a_subject_from_a_file_is_scanned_like_any_other(save):
    settings = SimulationSettings(tissue_maps=(save(block()),), effects=Effects.none(), tissue_spread=0.0)
    subject = simulate_subject(settings, 0)
    assert subject.signal.shape == (40, 36, 4, 4, 2)
    assert {int(code) for code in np.unique(subject.regions)} == {0, 1, 3, 5}
    tissue = TISSUES["WM"]
    expected = mdme_signal(tissue.t1, tissue.t2, tissue.pd, settings.sequence, profile=IDEAL)
    np.testing.assert_allclose(subject.signal[10, 10, 2], expected, atol=1e-5)
    full = simulate_subject(SimulationSettings(tissue_maps=settings.tissue_maps), 0)
    assert all(np.isfinite(image).all() for image in full.contrasts.values())


def test_rounded_maps_are_accepted(save):
    maps = block()
    maps[..., WM] *= 1.004
    assert load_tissue_maps(save(maps)).fractions.sum(axis=0).max() <= 1 + 1e-6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda maps: maps[..., :8], r"\(X, Y, Z, 9\) in the order WM GM CSF .* got shape \(40, 36, 4, 8\)"),
        (lambda maps: maps[..., 0], "got shape"),
        (lambda maps: maps * 100, "values from 0 to 100; divide"),
        (lambda maps: maps - 0.5, "values from -0.5 to"),
        (lambda maps: np.where(maps == 1, np.nan, maps), "not finite"),
        (lambda maps: maps[..., ::-1], "no voxel that is brain tissue; check the order"),
    ],
)
def test_other_files_are_refused_with_their_fault(save, change, message):
    with pytest.raises(DataError, match=message):
        load_tissue_maps(save(np.ascontiguousarray(change(block()))))


def test_a_voxel_that_holds_more_than_all_is_refused(save):
    maps = block()
    maps[20, 20, 0, CSF] = 0.4
    with pytest.raises(DataError, match=r"a voxel with a sum of 1\.4"):
        load_tissue_maps(save(maps))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"absent\.nii\.gz: expected a NIfTI volume, found no file"):
        load_tissue_maps(tmp_path / "absent.nii.gz")
