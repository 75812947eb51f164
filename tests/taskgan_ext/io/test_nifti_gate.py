"""Every faulty volume is refused with its code, every honest one is read, and there is no third way."""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nifti_faults import AFFINE, BOMB_MIB, FAULTS, MORE_FAULTS, bomb, patched, valid_nifti

from taskgan_ext.errors import SERIES_CODES, DataError, RefusedSeries
from taskgan_ext.io.nifti import load_nifti, save_nifti
from taskgan_ext.io.nifti_gate import check_nifti

ALL_FAULTS = FAULTS | MORE_FAULTS
OBLIQUE = np.array([[-1.9, 0.3, 0.1, 90], [0.3, 2.0, -0.4, -126], [0.2, 0.5, 2.4, -72], [0, 0, 0, 1.0]])
VALUES = np.random.default_rng(0).uniform(0, 100, (6, 5, 4))


@pytest.mark.parametrize("name", ALL_FAULTS)
def test_a_faulty_file_is_refused_with_its_code_and_path(name, tmp_path):
    path = ALL_FAULTS[name].write(tmp_path)
    with pytest.raises(RefusedSeries) as caught:
        load_nifti(path)
    assert caught.value.code == ALL_FAULTS[name].code
    assert str(caught.value).startswith(f"{path}: expected a NIfTI volume")
    assert "\n" not in str(caught.value)


def test_there_are_seventeen_faults_that_it_was_made_for():
    assert len(FAULTS) == 17
    assert {fault.code for fault in ALL_FAULTS.values()} <= set(SERIES_CODES)


@pytest.mark.parametrize("kind", ["missing", "folder", "impossible"])
def test_what_is_no_file_is_refused(kind, tmp_path):
    path = tmp_path / ("a\0.nii" if kind == "impossible" else "a.nii")
    if kind == "folder":
        path.mkdir()
    with pytest.raises(RefusedSeries) as caught:
        load_nifti(path)
    assert caught.value.code == "no_file"


def test_values_that_are_not_finite_are_given_where_they_are_asked_for(tmp_path):
    path = FAULTS["voxel NaN"].write(tmp_path)
    assert np.isnan(load_nifti(path, allow_nonfinite=True)[0]).sum() == 1


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float64"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_all_types_and_byte_orders_are_read_as_nibabel_reads_them(tmp_path, kind, order, ending):
    for version in (nib.Nifti1Image, nib.Nifti2Image):
        image = version(VALUES.astype(kind), OBLIQUE, version.header_class(endianness=order), dtype=kind)
        nib.save(image, tmp_path / f"a{ending}")
        found, affine = load_nifti(tmp_path / f"a{ending}")
        wanted = nib.load(tmp_path / f"a{ending}")
        np.testing.assert_array_equal(found, wanted.get_fdata(dtype=np.float32))
        np.testing.assert_array_equal(affine, wanted.affine)


def test_scaled_whole_numbers_are_the_values(tmp_path):
    image = nib.Nifti1Image(VALUES, OBLIQUE)
    image.set_data_dtype(np.int16)
    nib.save(image, tmp_path / "a.nii.gz")
    found = load_nifti(tmp_path / "a.nii.gz")[0]
    np.testing.assert_array_equal(found, nib.load(tmp_path / "a.nii.gz").get_fdata().astype(np.float32))
    np.testing.assert_allclose(found, VALUES, atol=1e-3)


@pytest.mark.parametrize("angles", [(0, 0, 0), (0.3, -0.2, 0.5), (np.pi, 0, 0), (0, np.pi - 1e-4, 1e-4)])
@pytest.mark.parametrize("kind", ["float32", "int16", "uint8"])
def test_files_of_simple_itk_are_read(tmp_path, angles, kind):
    sitk = pytest.importorskip("SimpleITK")
    image = sitk.GetImageFromArray(VALUES.astype(kind))
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*angles)
    image.SetDirection(turn.GetMatrix())
    image.SetSpacing((0.7, 0.8, 5))
    image.SetOrigin((-90, 120, 33))
    for path in (tmp_path / "a.nii", tmp_path / "a.nii.gz"):
        sitk.WriteImage(image, str(path))
        found, affine = load_nifti(path)
        np.testing.assert_array_equal(found, VALUES.astype(kind).T)
        corner = np.diag([-1, -1, 1]) @ image.TransformIndexToPhysicalPoint((3, 4, 5))
        np.testing.assert_allclose((affine @ [3, 4, 5, 1])[:3], corner, atol=1e-2)


@pytest.mark.parametrize("turn", np.linspace(0, 2 * np.pi, 9))
def test_a_volume_at_any_angle_in_single_precision_agrees_with_itself(tmp_path, turn):
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag([0.5, 0.5, 0.6])
    save_nifti(np.zeros((512, 512, 1), np.uint8), affine, tmp_path / "a.nii")
    np.testing.assert_allclose(load_nifti(tmp_path / "a.nii")[1], affine, atol=1e-6)


def test_a_sheared_volume_is_read(tmp_path):
    sheared = AFFINE.copy()
    sheared[1, 2] = 1.0  # a tilted gantry, which no qform can say
    sheared[:3, 2] *= 3 / np.linalg.norm(sheared[:3, 2])
    save_nifti(np.zeros((64, 64, 32), np.uint8), sheared, tmp_path / "a.nii.gz")
    np.testing.assert_allclose(load_nifti(tmp_path / "a.nii.gz")[1], sheared, atol=1e-5)


@pytest.mark.skipif(shutil.which("dcm2niix") is None, reason="dcm2niix is not installed")
def test_files_of_dcm2niix_are_read(tmp_path):
    pytest.importorskip("pydicom")
    from pydicom.data import get_testdata_file

    shutil.copy(get_testdata_file("MR_small.dcm"), tmp_path / "a.dcm")
    subprocess.run(
        ["dcm2niix", "-z", "y", "-f", "a", "-o", tmp_path, tmp_path], check=True, capture_output=True
    )
    assert load_nifti(tmp_path / "a.nii.gz")[0].shape[:2] == (64, 64)


def test_extensions_and_a_little_padding_are_passed_over(tmp_path):
    image = nib.Nifti1Image(VALUES.astype(np.float32), AFFINE)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"made for a test"))
    nib.save(image, tmp_path / "a.nii")
    (tmp_path / "a.nii").write_bytes((tmp_path / "a.nii").read_bytes() + bytes(512))
    np.testing.assert_array_equal(load_nifti(tmp_path / "a.nii")[0], VALUES.astype(np.float32))


def test_a_file_in_several_members_of_gzip_is_read(tmp_path):
    content = valid_nifti()
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(content[:400]) + gzip.compress(content[400:]))
    (tmp_path / "a.nii").write_bytes(content)
    np.testing.assert_array_equal(load_nifti(tmp_path / "a.nii.gz")[0], load_nifti(tmp_path / "a.nii")[0])


def test_complex_numbers_are_refused_by_those_who_expect_real_ones(tmp_path):
    save_nifti(VALUES.astype(np.complex64), AFFINE, tmp_path / "a.nii.gz")
    assert check_nifti(tmp_path / "a.nii.gz").is_complex
    with pytest.raises(RefusedSeries, match="pixel_format"):
        load_nifti(tmp_path / "a.nii.gz")


def test_large_masks_are_read(tmp_path):
    mask = np.zeros((256, 256, 128), dtype=np.float32)
    mask[100:110] = 1
    save_nifti(mask, AFFINE, tmp_path / "a.nii.gz")
    assert load_nifti(tmp_path / "a.nii.gz")[0].sum() == 10 * 256 * 128


CHILD = """
import resource, sys
from taskgan_ext.io.nifti import load_nifti
from taskgan_ext.errors import RefusedSeries
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load_nifti(sys.argv[1])
except RefusedSeries as error:
    print(error.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("level", [1, 9])
def test_a_bomb_costs_nothing(tmp_path, level):
    (tmp_path / "a.nii.gz").write_bytes(bomb(BOMB_MIB, level))
    command = [sys.executable, "-c", CHILD, str(tmp_path / "a.nii.gz")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    code, grown_kb = ran.stdout.split()
    assert code == "too_large"
    assert int(grown_kb) < 20_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mutations")


def whole_or_refused(path: Path) -> None:
    try:
        values, affine = load_nifti(path)
    except RefusedSeries:
        return
    assert np.isfinite(values).all()
    assert np.isfinite(affine).all()
    assert values.dtype == np.float32


FIELDS = {name: kind for name, (kind, *_) in nib.Nifti1Header.template_dtype.fields.items()}
GOOD = {".nii": valid_nifti(), ".nii.gz": gzip.compress(valid_nifti("int16"), mtime=0)}
quick = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(
    ending=st.sampled_from(sorted(GOOD)),
    changes=st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_changed_bytes_give_a_finite_volume_or_a_refusal(folder, ending, changes):
    content = bytearray(GOOD[ending])
    for place, value in changes:
        content[place % len(content)] = value
    path = folder / f"changed{ending}"
    path.write_bytes(content)
    whole_or_refused(path)


@quick
@given(
    field=st.sampled_from([name for name in FIELDS if FIELDS[name].base.kind in "iuf"]),
    value=st.floats(width=32) | st.integers(-32768, 32767),
    forms=st.sampled_from([(1, 1), (0, 1), (1, 0), (4, 2)]),
)
def test_any_number_in_the_header_gives_a_finite_volume_or_a_refusal(folder, field, value, forms):
    kind = FIELDS[field].base
    if kind.kind in "iu":
        value = int(np.clip(np.nan_to_num(value), np.iinfo(kind).min, np.iinfo(kind).max))
    content = patched(valid_nifti(), sform_code=forms[0], qform_code=forms[1])
    path = folder / "number.nii"
    path.write_bytes(patched(content, **{field: value}))
    whole_or_refused(path)


@quick
@given(ending=st.sampled_from(sorted(GOOD)), share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_is_refused(folder, ending, share):
    path = folder / f"cut{ending}"
    path.write_bytes(GOOD[ending][: int(share * len(GOOD[ending]))])
    with pytest.raises(RefusedSeries):
        load_nifti(path)


@quick
@given(st.data())
def test_what_is_saved_is_loaded(folder, data):
    shape = data.draw(st.lists(st.integers(1, 6), min_size=2, max_size=5).map(tuple))
    kind = data.draw(st.sampled_from(["float32", "uint8", "int16"]))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 200, shape).astype(kind)
    affine = np.eye(4)
    affine[:3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0] * rng.uniform(0.3, 8, 3)
    affine[:3, 3] = rng.uniform(-500, 500, 3)
    path = folder / f"saved{data.draw(st.sampled_from(sorted(GOOD)))}"
    save_nifti(values, affine, path)
    found, place = load_nifti(path)
    np.testing.assert_array_equal(found, values.astype(np.float32))
    np.testing.assert_allclose(place, affine, rtol=1e-6, atol=1e-4)


def test_a_refusal_is_an_error_of_the_data():
    assert issubclass(RefusedSeries, DataError)
