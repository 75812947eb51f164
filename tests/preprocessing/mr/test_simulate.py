from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from preprocessing.mr.effects import Effects
from preprocessing.mr.settings import SimulationSettings
from preprocessing.mr.simulate import simulate_subject
from preprocessing.mr.tissues import TISSUES
from taskgan_ext.errors import ConfigError
from taskgan_ext.mr.fit import fit_maps
from taskgan_ext.mr.phase import align_phase
from taskgan_ext.mr.signal import IDEAL, mdme_signal, synthesise

TINY = SimulationSettings(seed=3, resolution=4.0, num_slices=6)


@pytest.fixture(scope="module")
def subject():
    return simulate_subject(TINY, 0)


def test_a_subject_is_complete_and_on_one_grid(subject):
    grid = (64, 64, 6)
    assert subject.signal.shape == (*grid, 4, 2)
    assert subject.signal.dtype == np.complex64
    assert list(subject.contrasts) == list(TINY.protocols)
    for image in subject.contrasts.values():
        assert image.shape == grid
        assert image.dtype == np.float32
        assert np.isfinite(image).all()
        assert image.min() >= 0
    assert subject.regions.shape == subject.brain.shape == grid
    assert subject.regions.dtype == np.uint8
    assert ((subject.regions > 0) == subject.brain).all()
    assert set(np.unique(subject.regions)) >= {0, 1, 2, 3, 4}


def test_truth_tells_what_was_drawn(subject):
    truth = subject.truth
    assert 0 <= truth["age"] <= 1
    assert truth["patient"] is True
    assert truth["num_lesions"] >= 5
    assert truth["lesion_volume_ml"] > 0
    assert set(truth["tissues"]) == set(TISSUES)
    assert truth["tissues"]["WM"]["t1"] != TISSUES["WM"].t1
    assert len({tuple(pose["shift_mm"]) for pose in truth["pose"].values()}) == len(TINY.protocols)


def test_seed_and_number_decide_everything(subject):
    again = simulate_subject(TINY, 0)
    np.testing.assert_array_equal(again.signal, subject.signal)
    np.testing.assert_array_equal(again.regions, subject.regions)
    for name, image in subject.contrasts.items():
        np.testing.assert_array_equal(again.contrasts[name], image)
    assert again.truth == subject.truth
    for other in (simulate_subject(TINY, 1), simulate_subject(replace(TINY, seed=4), 0)):
        assert other.truth["age"] != subject.truth["age"]
        assert (other.regions != subject.regions).mean() > 0.05


def test_without_effects_each_region_has_the_signal_of_its_tissue():
    settings = replace(TINY, effects=Effects.none(), tissue_spread=0.0)
    subject = simulate_subject(settings, 0)
    for code, name in enumerate(("WM", "GM", "CSF", "DGM", "LES"), start=1):
        tissue, inside = TISSUES[name], subject.regions == code
        assert inside.any()
        expected = mdme_signal(tissue.t1, tissue.t2, tissue.pd, settings.sequence, profile=IDEAL)
        found = subject.signal[inside]
        np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-5)
        for contrast, protocol in settings.protocols.items():
            expected = synthesise(tissue.t1, tissue.t2, tissue.pd, protocol)
            np.testing.assert_allclose(subject.contrasts[contrast][inside], expected, atol=1e-5)


def bright_fluid(effects):
    """Share of the fluid that is brighter than white matter, on analytic and conventional T2-FLAIR."""
    subject = simulate_subject(replace(TINY, effects=effects), 0)
    maps = fit_maps(align_phase(subject.signal), TINY.sequence, (4.0, 4.0, 4.0))
    analytic = synthesise(maps.t1, maps.t2, maps.pd, TINY.protocols["T2FLAIR"])
    rim = (subject.regions == 3) & (ndimage.distance_transform_edt(subject.brain) < 3)
    return [
        float((image[rim] > image[subject.regions == 1].mean()).mean())
        for image in (analytic, subject.contrasts["T2FLAIR"])
    ]


def test_the_bright_rim_of_analytic_flair_comes_from_flow_and_mixed_voxels():
    analytic, conventional = bright_fluid(Effects())
    assert analytic > 0.4
    assert conventional < 0.15
    # Sampling mixes neighbouring voxels as well.
    analytic, _ = bright_fluid(Effects(flow=False, partial_volume=False, gibbs=False, motion_sd=0.0))
    assert analytic < 0.1


def test_more_subjects_than_tissue_maps_are_refused(tmp_path):
    (tmp_path / "one.nii.gz").touch()
    settings = replace(TINY, tissue_maps=(tmp_path / "one.nii.gz",))
    with pytest.raises(ConfigError, match="one file of tissue maps per subject, got 1 for subject 2"):
        simulate_subject(settings, 1)
