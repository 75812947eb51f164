"""What preparation tells about an acquisition, and when it refuses one."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tiny_mr import AFFINE, TISSUES, tiny_regions

from preprocessing.mr.subject_files import write_prepared
from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import load_nifti
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.prepared_subject import prepare_subject
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_signal

SEQUENCE = MDMESequence()
REGIONS = tiny_regions(np.random.default_rng(0))
BRAIN = REGIONS > 0
AT_3_T = {code: (t1, t2) for code, (t1, t2, _) in TISSUES.items()}
AT_1_5_T = {1: (0.561, 0.073), 2: (1.048, 0.094), 3: (3.94, 1.91), 5: (1.65, 0.17)}
"""T1 and T2 in s; those at 1.5 T are of Warntjes et al., 2008."""


def acquire(tissues=AT_3_T, sequence=SEQUENCE, snr=45.0, **attributes):
    rng = np.random.default_rng(1)
    t1, t2 = (
        np.select([code == REGIONS for code in tissues], [values[index] for values in tissues.values()], 1.0)
        for index in (0, 1)
    )
    signal = mdme_signal(t1, t2, np.where(BRAIN, 0.8, 0.0), sequence)
    noise = rng.normal(0, 0.6 / snr, (2, *signal.shape))
    signal = (signal + noise[0] + 1j * noise[1]).astype(np.complex64)
    return MDMEImage(signal, "complex", AFFINE, sequence, source="scan 7", **attributes)


@pytest.mark.parametrize("tissues", [AT_3_T, AT_1_5_T], ids=["3 T", "1.5 T"])
@pytest.mark.parametrize("slices", [slice(None), slice(1, 3)], ids=["all slices", "two slices"])
@pytest.mark.parametrize("snr", [10, 45])
@pytest.mark.parametrize(
    "sequence",
    [SEQUENCE, MDMESequence(2.6, (0.02, 0.04, 0.06, 0.08, 0.1), (0.13, 0.39, 1.17, 2.47))],
    ids=["two echoes", "five echoes"],
)
def test_good_images_are_never_refused(tissues, slices, snr, sequence):
    image = acquire(tissues, sequence, snr, field_strength=3.0)
    prepared = prepare_subject(replace(image, signal=image.signal[:, :, slices]), BRAIN[:, :, slices])
    assert prepared.quality.fault() == ""
    assert snr < 20 or prepared.notices() == []


@pytest.mark.parametrize("kind", ["complex", "magnitude"])
def test_delays_that_explain_nothing_are_refused(kind):
    image = replace(acquire(), sequence=MDMESequence(delays=(1.5, 2.0, 2.5, 3.0)), kind=kind)
    with pytest.raises(DataError, match=r"scan 7: .*(unexplained|explains? \d).*"):
        prepare_subject(replace(image, signal=np.abs(image.signal)) if kind == "magnitude" else image, BRAIN)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"delays_from": "slice count"}, r"0\.146, 0\.546, 1\.879, 3\.879 s were computed from the 4 slices"),
        ({"field_strength": None}, "field strength; tissues are told apart as at 3 T"),
    ],
)
def test_what_was_guessed_is_told(attributes, message):
    prepared = prepare_subject(acquire(**{"field_strength": 3.0} | attributes), BRAIN)
    (text,) = prepared.notices()
    assert message.replace("\\", "") in text


def test_magnitudes_are_told():
    image = acquire(field_strength=3.0)
    magnitude = replace(image, signal=np.abs(image.signal), kind="magnitude")
    (text,) = prepare_subject(magnitude, BRAIN).notices()
    assert "their sign was restored" in text


def test_times_that_almost_fit_are_told():
    image = replace(acquire(field_strength=3.0), sequence=MDMESequence(echo_times=(0.05, 0.25)))
    (text,) = prepare_subject(image, BRAIN).notices()
    assert "the median T2 of the brain is" in text


@pytest.mark.parametrize(("field", "tissues", "border"), [(1.5, AT_1_5_T, 0.769), (3.0, AT_3_T, 1.08)])
def test_the_record_holds_quality_and_border_and_tissues_follow_the_field(tmp_path, field, tissues, border):
    prepared = prepare_subject(acquire(tissues, field_strength=field), BRAIN)
    write_prepared(tmp_path, "sub-01", prepared, {})
    record = json.loads((tmp_path / "sub-01/sub-01.json").read_text())
    assert record["fit"] == prepared.quality.to_dict()
    assert 0 < record["fit"]["misfit"] < 0.01
    assert (record["field_strength"], record["white_matter_border"]) == (
        field,
        pytest.approx(border, abs=1e-3),
    )
    found, _ = load_nifti(tmp_path / "sub-01/sub-01_regions.nii.gz")
    normal = np.isin(REGIONS, (1, 2))
    assert np.mean(found[normal] == REGIONS[normal]) > 0.97
