"""Maps on disk."""

import numpy as np
import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.nifti import load_nifti, save_nifti
from taskgan_ext.mr.relaxation_maps import Maps, map_path, read_maps, write_maps

AFFINE = np.diag([2.0, 2.0, 5.0, 1.0])


@pytest.fixture
def maps():
    return Maps(*np.random.default_rng(0).random((4, 5, 4, 3), dtype=np.float32))


def test_maps_survive_the_round_trip(tmp_path, maps):
    write_maps(maps, AFFINE, tmp_path / "sub-001", "sub-001")
    found = read_maps(tmp_path / "sub-001", "sub-001")
    for which in ("t1", "t2", "pd", "b1"):
        np.testing.assert_array_equal(getattr(found, which), getattr(maps, which))
    np.testing.assert_array_equal(load_nifti(tmp_path / "sub-001" / "sub-001_T1map.nii.gz")[1], AFFINE)


@pytest.mark.parametrize(
    ("suffix", "units"), [("T1map", "s"), ("T2map", "s"), ("PDmap", "arbitrary"), ("TB1map", "arbitrary")]
)
def test_each_map_has_its_unit_beside_it(tmp_path, maps, suffix, units):
    write_maps(maps, AFFINE, tmp_path, "sub-001")
    assert (tmp_path / f"sub-001_{suffix}.nii.gz").is_file()
    assert read_json(tmp_path / f"sub-001_{suffix}.json")["Units"] == units


def test_missing_map_is_named(tmp_path, maps):
    write_maps(maps, AFFINE, tmp_path, "sub-001")
    map_path(tmp_path, "sub-001", "b1").unlink()
    with pytest.raises(DataError, match=r"sub-001_TB1map\.nii\.gz"):
        read_maps(tmp_path, "sub-001")


def test_maps_on_different_grids_are_refused(tmp_path, maps):
    write_maps(maps, AFFINE, tmp_path, "sub-001")
    save_nifti(maps.pd[:2], AFFINE, map_path(tmp_path, "sub-001", "pd"))
    with pytest.raises(DataError, match=r"expected maps on one grid.*T1map.*\(5, 4, 3\).*PDmap.*\(2, 4, 3\)"):
        read_maps(tmp_path, "sub-001")


def test_maps_that_lie_elsewhere_are_refused(tmp_path, maps):
    write_maps(maps, AFFINE, tmp_path, "sub-001")
    save_nifti(maps.t2, AFFINE @ np.diag([-1.0, 1, 1, 1]), map_path(tmp_path, "sub-001", "t2"))
    with pytest.raises(DataError, match=r"expected maps on one grid.*T2map.*-2\.0"):
        read_maps(tmp_path, "sub-001")


def test_what_is_no_number_is_zero(tmp_path, maps):
    holes = Maps(*(np.where(maps.t1 > 0.5, volume, np.float32(np.nan)) for volume in (maps.t1,) * 4))
    write_maps(holes, AFFINE, tmp_path, "sub-001")
    np.testing.assert_array_equal(
        read_maps(tmp_path, "sub-001").t1, np.where(maps.t1 > 0.5, maps.t1, np.float32(0))
    )
