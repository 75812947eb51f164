import numpy as np
import pytest
import SimpleITK

from preprocessing.mr.checkerboard import NUM_SLICES, write_checkerboard

AFFINE = np.diag([4.0, 4.0, 5.0, 1.0])


def picture_of(path, first, second, affine=AFFINE):
    write_checkerboard(path, first, second, np.ones(first.shape, bool), affine)
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))


def test_squares_alternate_between_both_images(tmp_path):
    shape = (16, 24, 7)
    picture = picture_of(tmp_path / "a.png", np.ones(shape, np.float32), np.zeros(shape, np.float32))
    assert picture.shape == (24, NUM_SLICES * 16)
    squares = picture[::4, :16:4]  # 16 mm are 4 voxels
    assert set(np.unique(picture)) == {0, 255}
    assert (squares[1:] != squares[:-1]).all()
    assert (squares[:, 1:] != squares[:, :-1]).all()


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, -1)])
def test_the_front_is_up_and_the_right_side_on_the_left_for_any_order_of_voxels(tmp_path, signs):
    shape = (16, 24, 7)
    x, y, _ = np.meshgrid(
        *(np.linspace(-1, 1, n) * s for n, s in zip(shape, signs, strict=True)), indexing="ij"
    )
    volume = (np.exp(3 * x) + np.exp(3 * y)).astype(np.float32)  # bright on the right and at the front
    picture = picture_of(tmp_path / "a.png", volume, volume, AFFINE * [*signs, 1])[:, :16]
    assert picture[0, 0] == picture.max()
    assert picture[-1, -1] == picture.min()


def test_each_image_has_its_own_scale(tmp_path):
    volume = np.linspace(1, 2, 16 * 24 * 7, dtype=np.float32).reshape(16, 24, 7)
    np.testing.assert_array_equal(
        picture_of(tmp_path / "a.png", volume, 1000 * volume), picture_of(tmp_path / "b.png", volume, volume)
    )


def test_a_picture_that_cannot_be_written_is_told_with_its_file(tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("Exception thrown in WriteImage:\nReason: No space left on device")

    monkeypatch.setattr(SimpleITK, "WriteImage", fail)
    with pytest.raises(OSError, match=r"No space left on device: .*a\.png"):
        picture_of(tmp_path / "a.png", *np.ones((2, 16, 24, 7), np.float32))
    assert list(tmp_path.iterdir()) == []
