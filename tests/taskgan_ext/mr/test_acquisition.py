"""What a network notices of a scan: its times and its voxels, whatever the order of its axes."""

import json
import shutil

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.mr.acquisition import Acquisition, median_acquisition, read_acquisition
from taskgan_ext.mr.sequence import MDMESequence

SCAN = Acquisition((2.0, 2.0, 4.0), {"echo_times": (0.02, 0.1), "delays": (0.1, 0.4, 1.2, 2.5)})


@given(st.floats(0.91, 1.09), st.floats(0.76, 1.24))
def test_small_differences_are_none(time_factor, voxel_factor):
    times = {name: tuple(time_factor * time for time in values) for name, values in SCAN.times.items()}
    other = Acquisition(tuple(voxel_factor * size for size in SCAN.voxel_mm), times)
    assert SCAN.differences(other) == []


@pytest.mark.parametrize("factor", [0.85, 1.15])
def test_every_group_of_times_is_compared_by_itself(factor):
    for name in SCAN.times:
        other = Acquisition(
            SCAN.voxel_mm, SCAN.times | {name: tuple(factor * time for time in SCAN.times[name])}
        )
        (difference,) = SCAN.differences(other)
        assert difference.startswith(name.replace("_", " "))


def test_another_number_of_echoes_is_a_difference():
    other = Acquisition(SCAN.voxel_mm, SCAN.times | {"echo_times": (0.02, 0.06, 0.1)})
    assert len(SCAN.differences(other)) == 1


def test_what_is_not_known_is_not_compared():
    assert SCAN.differences(Acquisition(SCAN.voxel_mm, {})) == []


def test_dictionary_gives_the_same_acquisition():
    assert Acquisition.from_dict(json.loads(json.dumps(SCAN.to_dict()))) == SCAN


def test_medians_are_those_of_each_value():
    scans = [
        Acquisition((size, 2.0, 4.0), {"echo_times": (0.02, echo)})
        for size, echo in ((1.0, 0.3), (2.0, 0.1), (9.0, 0.2))
    ]
    assert median_acquisition(scans) == Acquisition((2.0, 2.0, 4.0), {"echo_times": (0.02, 0.2)})


def test_times_that_not_every_scan_tells_are_left_out():
    assert median_acquisition([SCAN, Acquisition(SCAN.voxel_mm, {})]).times == {}


def test_scans_of_different_kinds_have_no_median():
    other = Acquisition(SCAN.voxel_mm, SCAN.times | {"delays": (0.1, 0.4, 1.2)})
    with pytest.raises(DataError, match="got 3 and 4 delays"):
        median_acquisition([SCAN, other])


def test_a_prepared_subject_tells_voxels_and_times(tiny_mr_cohort):
    found = read_acquisition(tiny_mr_cohort / "sub-001/sub-001_mdme.nii.gz")
    assert found.voxel_mm == pytest.approx((4, 4, 5))
    sequence = MDMESequence()
    assert found.times == {
        "repetition_time": (sequence.repetition_time,),
        "echo_times": sequence.echo_times,
        "delays": sequence.delays,
    }


@pytest.mark.parametrize("axes", ["LPS", "SRA", "PIR"])
def test_the_order_of_axes_does_not_matter(tmp_path, axes):
    turn = nib.orientations.ornt_transform(
        nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(axes)
    )
    image = nib.Nifti1Image(np.zeros((4, 5, 6, 8), dtype=np.float32), np.diag([1.0, 2, 3, 1]))
    turned = image.as_reoriented(turn)
    save_nifti(turned.get_fdata(dtype=np.float32), turned.affine, tmp_path / "a_mdme.nii.gz")
    assert read_acquisition(tmp_path / "a_mdme.nii.gz").voxel_mm == pytest.approx((1, 2, 3))


def test_an_image_without_sidecar_tells_its_voxels_only(tiny_mr_cohort, tmp_path):
    shutil.copy(tiny_mr_cohort / "sub-001/sub-001_mdme.nii.gz", tmp_path)
    assert read_acquisition(tmp_path / "sub-001_mdme.nii.gz").times == {}
