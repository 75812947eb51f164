import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgan_ext.errors import DataError
from taskgan_ext.mr.reader.signal_parts import join_parts, to_radians


@given(st.sampled_from([1.0, 1000.0, 4096 / (2 * np.pi), 8192 / (2 * np.pi)]), st.integers(0, 100))
def test_phase_of_any_scale_comes_back_in_radians(unit: float, seed: int) -> None:
    angle = np.random.default_rng(seed).uniform(-np.pi, np.pi, size=500).astype(np.float32)
    shift = 2048 if unit == 4096 / (2 * np.pi) else 0
    stored = np.minimum(angle * unit + shift, 4095) if unit > 1 else angle
    np.testing.assert_allclose(to_radians(stored.astype(np.float32), "scan"), angle, atol=2e-3)


@pytest.mark.parametrize("span", [(0.0, 1.0), (0.0, 2500.0), (-500.0, 500.0), (-180.0, 180.0), (0.0, 0.0)])
def test_a_phase_that_could_be_on_several_scales_is_refused(span: tuple[float, float]) -> None:
    with pytest.raises(DataError, match=f"runs from {span[0]:g} to {span[1]:g}"):
        to_radians(np.linspace(*span, 50, dtype=np.float32), "scan")


def test_joined_parts_keep_both_halves() -> None:
    rng = np.random.default_rng(2)
    real, imaginary = rng.normal(size=(2, 3, 3, 2, 4, 2)).astype(np.float32)
    signal, kind = join_parts({"real": real, "imaginary": imaginary}, "scan")
    assert kind == "complex"
    assert signal.dtype == np.complex64
    np.testing.assert_array_equal(signal.real, real)
    np.testing.assert_array_equal(signal.imag, imaginary)
