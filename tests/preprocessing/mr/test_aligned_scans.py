import numpy as np
import pytest
from shell_head import draw_brain, grid_points, make_affine, rigid_matrix, simulate_contrast

from preprocessing.mr.aligned_scans import align, align_by_registration, finest, read_scan
from preprocessing.mr.dicom_export import write_contrast_dicom
from preprocessing.mr.label_file import read_labels
from taskgan_ext.errors import DataError
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.mr.protocol import load_protocols

SHAPE = (60, 70, 16)
AFFINE = rigid_matrix((8, 0, 5), (3, -4, 10)) @ make_affine((2.5, 2.5, 5.0), SHAPE)
POINTS = grid_points(AFFINE, SHAPE)
PROTOCOLS = load_protocols()


def image(name="T1w", points=POINTS):
    return simulate_contrast(points, PROTOCOLS[name], np.random.default_rng(1))


@pytest.fixture
def grid(tmp_path):
    save_nifti(image(), AFFINE, tmp_path / "t1.nii.gz")
    return read_scan("T1w", tmp_path / "t1.nii.gz")


def test_however_a_scan_is_stored_it_arrives_on_the_grid(grid, tmp_path):
    """Slices first, from the left and from below upwards, as DICOM, or as it is: the same voxels."""
    turned = np.ascontiguousarray(image("T2w")[::-1].transpose(2, 0, 1))
    affine = AFFINE @ np.array([[0, -1, 0, SHAPE[0] - 1], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    save_nifti(turned, affine, tmp_path / "turned.nii.gz")
    write_contrast_dicom(image("T2w"), AFFINE, "T2w", PROTOCOLS["T2w"], tmp_path / "dicom")
    for path, rounding in (("turned.nii.gz", 0), ("dicom", 1e-3)):
        aligned = align("T2w", read_scan("T2w", tmp_path / path), grid.volume)
        scale = image("T2w").max() / aligned.data.max()
        np.testing.assert_allclose(aligned.data * scale, image("T2w"), atol=rounding * image("T2w").max())
        assert aligned.covered.all()
        assert aligned.record is None


def test_a_smaller_field_of_view_covers_less_and_zeros_are_kept_apart(grid, tmp_path):
    part = image("T2w")[:, :, :10].copy()
    part[:20] = 0
    save_nifti(part, AFFINE, tmp_path / "part.nii.gz")
    aligned = align("T2w", read_scan("T2w", tmp_path / "part.nii.gz"), grid.volume)
    assert aligned.covered[..., :10].all()
    assert not aligned.covered[..., 10:].any()
    assert not aligned.not_zero[:20].any()
    assert aligned.not_zero[20:, :, :10].mean() > 0.99


def test_scans_that_do_not_overlap_are_refused(grid, tmp_path):
    affine = AFFINE.copy()
    affine[0, 3] += 500
    save_nifti(image("T2w"), affine, tmp_path / "far.nii.gz")
    with pytest.raises(DataError, match="T2w: expected scans that overlap"):
        align("T2w", read_scan("T2w", tmp_path / "far.nii.gz"), grid.volume)


@pytest.mark.parametrize("values", [[0, 0], [7, 7], [-3, -1], [-3, 0]], ids=str)
def test_a_scan_that_shows_nothing_is_refused(tmp_path, values):
    data = np.full((4, 4, 4), values[0], np.float32)
    data[0] = values[1]
    save_nifti(data, AFFINE, tmp_path / "empty.nii.gz")
    with pytest.raises(DataError, match=r"T1w: .*different values, some above 0"):
        read_scan("T1w", tmp_path / "empty.nii.gz")


def test_the_grid_is_that_of_the_finest_scan(grid, tmp_path):
    for name, spacing in (("fine", (1.0, 1.0, 1.0)), ("thick", (0.5, 0.5, 4.0))):
        save_nifti(np.eye(4, dtype=np.float32)[None], np.diag([*spacing, 1.0]), tmp_path / f"{name}.nii.gz")
    fine, thick = (read_scan("T1w", tmp_path / f"{name}.nii.gz") for name in ("fine", "thick"))
    assert finest({"T1w": grid, "T2w": thick, "T2FLAIR": fine}) == "T2FLAIR"
    assert finest({"T1w": thick, "T2w": thick}) == "T1w"


def test_a_movement_is_undone_and_the_lesions_that_were_drawn_on_the_scan_move_with_it(grid, tmp_path):
    # The T2FLAIR was scanned after a step to the right by 5 mm.
    points = POINTS - [5, 0, 0]
    lesion = np.linalg.norm(points - [20, 10, 10], axis=-1) < 9
    other = np.ascontiguousarray(image("T2FLAIR", points)[:, :, 1:])
    affine = AFFINE @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1.0]])
    save_nifti(other, affine, tmp_path / "flair.nii.gz")
    save_nifti(lesion[:, :, 1:].astype(np.uint8), affine, tmp_path / "lesions.nii.gz")
    scan = read_scan("T2FLAIR", tmp_path / "flair.nii.gz")
    aligned = align_by_registration("T2FLAIR", scan, grid.volume, draw_brain(POINTS))
    assert aligned.record is not None
    assert aligned.record.shift == pytest.approx([5, 0, 0], abs=1)
    drawn_on = {"T2FLAIR": (scan.volume, aligned.matrix)}
    moved = read_labels(tmp_path / "lesions.nii.gz", grid.volume, drawn_on)
    left = read_labels(tmp_path / "lesions.nii.gz", grid.volume, {})
    centres = [POINTS[mask].mean(axis=0) for mask in (moved, left)]
    np.testing.assert_allclose(centres[0], [20, 10, 10], atol=1.5)
    np.testing.assert_allclose(centres[1], [25, 10, 10], atol=1.5)
