import numpy as np
import pytest

from preprocessing.mr.effects import Effects
from preprocessing.mr.tissue_response import contrast_response, mdme_response
from preprocessing.mr.tissues import TISSUES, draw_tissues
from taskgan_ext.mr.protocol import load_protocols
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import IDEAL, SLICE_PROFILE, mdme_signal, synthesise

SEQUENCE = MDMESequence()
NO_POOLS = Effects(pools=False)


@pytest.mark.parametrize("name", TISSUES)
def test_the_polynomial_follows_the_signal_over_the_transmit_field(name):
    tissue = TISSUES[name]
    b1 = np.linspace(0.6, 1.35, 40)
    value = mdme_response(tissue, SEQUENCE, NO_POOLS)[0]
    polynomial = (b1[:, None] - 1) ** np.arange(5) @ value
    exact = mdme_signal(tissue.t1, tissue.t2, tissue.pd, SEQUENCE, b1, SLICE_PROFILE).reshape(40, -1)
    np.testing.assert_allclose(polynomial, exact, atol=0.01 * np.abs(exact).max())


@pytest.mark.parametrize("name", TISSUES)
def test_derivatives_predict_a_small_change_of_relaxation_times(name):
    tissue = TISSUES[name]
    response = mdme_response(tissue, SEQUENCE, NO_POOLS)[:, 0]
    changed = mdme_signal(1.03 * tissue.t1, 0.97 * tissue.t2, tissue.pd, SEQUENCE).ravel()
    np.testing.assert_allclose(response[0] + 0.03 * response[1] - 0.03 * response[2], changed, atol=2e-3)


@pytest.mark.parametrize("name", TISSUES)
def test_without_effects_the_signal_is_that_of_the_equations(name):
    tissue, none = TISSUES[name], Effects.none()
    expected = mdme_signal(tissue.t1, tissue.t2, tissue.pd, SEQUENCE, profile=IDEAL)
    np.testing.assert_allclose(mdme_response(tissue, SEQUENCE, none)[0, 0], expected.ravel(), atol=1e-6)
    for contrast, protocol in load_protocols().items():
        expected = synthesise(tissue.t1, tissue.t2, tissue.pd, protocol, signed=True)
        assert contrast_response(tissue, contrast, protocol, none)[0] == pytest.approx(expected, abs=1e-6)


def test_known_contrast_between_tissues():
    protocols = load_protocols()

    def signal(tissue, contrast):
        return abs(contrast_response(TISSUES[tissue], contrast, protocols[contrast], Effects())[0])

    assert signal("WM", "T1w") > signal("GM", "T1w") > signal("CSF", "T1w")
    assert signal("WM", "T1FLAIR") > 1.2 * signal("GM", "T1FLAIR")
    assert signal("CSF", "T2w") > signal("LES", "T2w") > signal("GM", "T2w") > signal("WM", "T2w")
    assert (
        signal("LES", "T2FLAIR")
        > signal("GM", "T2FLAIR")
        > signal("WM", "T2FLAIR")
        > signal("CSF", "T2FLAIR")
    )
    assert signal("FAT", "STIR") < 0.3 * signal("GM", "STIR")


def test_drawn_tissues_stay_near_the_table_and_differ_between_subjects():
    first, second = (draw_tissues(0.02, np.random.default_rng(seed)) for seed in (0, 1))
    assert list(first) == list(TISSUES)
    for name, tissue in first.items():
        assert tissue.t1 == pytest.approx(TISSUES[name].t1, rel=0.06)
        assert tissue.t2 == pytest.approx(TISSUES[name].t2, rel=0.06)
        assert tissue != second[name]
    assert draw_tissues(0.0, np.random.default_rng(0)) == TISSUES
