import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.mr.file_names import contrast_file_name
from taskgan_ext.mr.protocol import CONTRASTS


def test_every_contrast_has_a_name_of_its_own():
    names = [contrast_file_name("sub-01", contrast) for contrast in CONTRASTS]
    assert len(set(names)) == len(CONTRASTS)
    assert all(name.startswith("sub-01_acq-synth") and name.endswith(".nii.gz") for name in names)


def test_contrasts_without_a_suffix_of_bids_are_told_by_the_acquisition():
    assert contrast_file_name("sub-01", "T2FLAIR") == "sub-01_acq-synth_FLAIR.nii.gz"
    assert contrast_file_name("sub-01", "T1FLAIR") == "sub-01_acq-synthT1FLAIR_T1w.nii.gz"
    assert contrast_file_name("sub-01", "STIR") == "sub-01_acq-synthSTIR_T2w.nii.gz"


def test_images_of_one_contrast_are_told_by_number_and_part():
    assert contrast_file_name("sub-01", "T2FLAIR", 2) == "sub-01_acq-synth_inv-2_FLAIR.nii.gz"
    assert contrast_file_name("sub-01", "STIR", 1, signed=True) == (
        "sub-01_acq-synthSTIR_inv-1_part-real_T2w.nii.gz"
    )


def test_an_unknown_contrast_is_refused():
    with pytest.raises(DataError, match=r"T1w, T1FLAIR.*got 'DWI'"):
        contrast_file_name("sub-01", "DWI")
