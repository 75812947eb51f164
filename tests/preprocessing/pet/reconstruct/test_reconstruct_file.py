"""From a file to an image, as a user would."""

import argparse
import json

import nibabel as nib
import numpy as np
import petsird
import pytest

from preprocessing.pet.example_command import add_example
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.reconstruct.example_head import INSERT_CENTRE
from preprocessing.pet.reconstruct_command import add_reconstruct
from taskgan_ext.errors import ConfigError, DataError, RefusedListMode
from taskgan_ext.io.nifti import load_nifti

ORDINARY = ["--voxel-size", "5", "--matrix", "52", "--post-filter", "8"]


def pet(*words):
    """Run a command of this package."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    add_reconstruct(commands)
    add_example(commands)
    arguments = parser.parse_args([str(word) for word in words])
    arguments.run(arguments)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example of 0.3 s: some 70,000 prompts."""
    folder = tmp_path_factory.mktemp("example")
    pet("example", "--out", folder, "--seconds", "0.3")
    return folder


@pytest.mark.parametrize("engine", ["2d", "3d"])
def test_the_example_comes_out_with_its_activity_and_its_insert(example, tmp_path, engine, capsys):
    image = tmp_path / "image.nii.gz"
    mu = example / "mu.nii.gz"
    passes = ["--iterations", "6", "--subsets", "2"]
    pet(
        "reconstruct",
        example / "scan.petsird",
        "--attenuation",
        mu,
        "--out",
        image,
        "--engine",
        engine,
        *ORDINARY,
        *passes,
    )
    volume, affine = load_nifti(image)
    truth, truth_affine = load_nifti(example / "truth.nii.gz")
    assert volume.shape == (52, 52, 31)
    inside = np.abs(truth_affine[2, 3] + truth_affine[2, 2] * np.arange(truth.shape[2])) < 46
    expected = truth[..., inside].sum() * abs(np.linalg.det(truth_affine[:3, :3]))
    assert volume.sum() * np.linalg.det(affine[:3, :3]) == pytest.approx(expected, rel=0.06)

    place = (
        np.einsum("ij,jxyz->ixyz", affine[:3, :3], np.indices(volume.shape)) + affine[:3, 3, None, None, None]
    )
    near = np.linalg.norm(place - np.array(INSERT_CENTRE)[:, None, None, None], axis=0) < 24
    hot = np.where(near, np.clip(volume - 6000, 0, None), 0)
    np.testing.assert_allclose((place * hot).sum((1, 2, 3)) / hot.sum(), INSERT_CENTRE, atol=4)
    mirror = (
        np.linalg.norm(
            place - np.array([-1, 1, 1])[:, None, None, None] * np.array(INSERT_CENTRE)[:, None, None, None],
            axis=0,
        )
        < 10
    )
    assert volume[mirror].mean() < 0.5 * volume[near].max()

    sidecar = json.loads((tmp_path / "image.json").read_text())
    assert sidecar["Units"] == "arbitrary"
    assert sidecar["AttenuationCorrection"] == "map given by the user"
    assert sidecar["ReconMethodParameterValues"] == [6, 2]
    assert sidecar["Prompts"]["total"] == json.loads((example / "truth.json").read_text())["prompts"]
    assert len(sidecar["Input"]["sha256"]) == 64
    assert str(example) not in json.dumps(sidecar)
    assert "TOF" in capsys.readouterr().out


def test_calibration_and_dose_scale_the_image_and_name_its_unit(example, tmp_path):
    base = [
        "reconstruct",
        example / "scan.petsird",
        *ORDINARY,
        "--iterations",
        "1",
        "--subsets",
        "4",
        "--duration",
        "2",
    ]
    pet(*base, "--out", tmp_path / "a.nii")
    pet(*base, "--out", tmp_path / "b.nii", "--calibration", "3", "--dose", "0.5")
    first, second = (load_nifti(tmp_path / name)[0] for name in ("a.nii", "b.nii"))
    np.testing.assert_allclose(second, 6 * first, rtol=2e-3, atol=1e-3 * second.max())
    sidecar = json.loads((tmp_path / "b.json").read_text())
    assert (sidecar["Units"], sidecar["DoseCalibrationFactor"], sidecar["DoseFraction"]) == ("Bq/mL", 3, 0.5)
    assert sidecar["FrameDuration"] == [2]
    assert any("attenuation" in text for text in sidecar["Notices"])


def test_a_bad_map_leaves_nothing_behind(example, tmp_path):
    nib.save(nib.Nifti1Image(np.full((8, 8, 8), 0.0096, np.float32), np.eye(4)), tmp_path / "mu.nii")
    with pytest.raises(DataError, match="1/cm"):
        pet(
            "reconstruct",
            example / "scan.petsird",
            "--attenuation",
            tmp_path / "mu.nii",
            "--out",
            tmp_path / "o.nii",
        )
    assert [path.name for path in tmp_path.iterdir()] == ["mu.nii"]


def test_a_damaged_file_leaves_nothing_behind(example, tmp_path):
    data = (example / "scan.petsird").read_bytes()
    (tmp_path / "cut.petsird").write_bytes(data[: len(data) // 2])
    with pytest.raises(RefusedListMode):
        pet("reconstruct", tmp_path / "cut.petsird", "--out", tmp_path / "o.nii", *ORDINARY)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.petsird"]


def test_the_real_fragment_shows_a_head(fragment, tmp_path):
    """Settings of the note on the fragment: 128 pixels of 3 mm, 12 subsets x 3, a filter of 15.5 mm."""
    image = tmp_path / "head.nii.gz"
    words = ["--voxel-size", "3", "--post-filter", "15.5", "--iterations", "3", "--subsets", "12"]
    pet("reconstruct", fragment, "--out", image, *words, "--picture", tmp_path / "head.png")
    volume, affine = load_nifti(image)
    assert volume.shape == (128, 128, 127)
    assert np.isfinite(volume).all()
    assert (volume >= 0).all()
    place = (
        np.einsum("ij,jxyz->ixyz", affine[:3, :3], np.indices(volume.shape)) + affine[:3, 3, None, None, None]
    )
    share = volume / volume.sum()
    middle = (place * share).sum((1, 2, 3))
    width = np.sqrt(((place - middle[:, None, None, None]) ** 2 * share).sum((1, 2, 3)))
    assert np.abs(middle).max() < 30
    # A head is longer from front to back than from side to side.
    assert 1.1 < width[1] / width[0] < 1.6
    head = np.hypot(place[0] - middle[0], place[1] - middle[1]) < 110
    assert share[head].sum() > 0.9
    centre = volume[..., 60]
    assert centre[centre > 0.3 * centre.max()].size * 9 == pytest.approx(np.pi / 4 * 130 * 175, rel=0.35)
    assert (tmp_path / "head.png").stat().st_size > 1000
    sidecar = json.loads((tmp_path / "head.json").read_text())
    assert sidecar["ReconMethodName"] == "2D OSEM after SSRB"
    assert sidecar["Prompts"]["total"] == 218_881


def test_a_tenth_of_the_fragment_shows_the_same_head_on_the_same_scale(fragment, tmp_path):
    words = [
        "--voxel-size",
        "6",
        "--matrix",
        "64",
        "--post-filter",
        "20",
        "--iterations",
        "6",
        "--subsets",
        "2",
    ]
    pet("reconstruct", fragment, "--out", tmp_path / "full.nii", *words)
    open_listmode(fragment).thin(tmp_path / "low.l", (0.0, 0.1), key=1)
    pet("reconstruct", tmp_path / "low.l", "--out", tmp_path / "low.nii", *words, "--dose", "0.1")
    full, low = (load_nifti(tmp_path / name)[0] for name in ("full.nii", "low.nii"))
    assert low.sum() == pytest.approx(full.sum(), rel=0.1)
    assert np.corrcoef(full.reshape(-1), low.reshape(-1))[0, 1] > 0.85


QUICK = ["--voxel-size", "10", "--matrix", "26", "--iterations", "1", "--subsets", "2"]


def test_a_scan_that_begins_late_has_the_same_activity(example, tmp_path):
    """The clock of the scanner is no part of the scan."""
    late = tmp_path / "late.petsird"
    with (
        petsird.BinaryPETSIRDReader(str(example / "scan.petsird")) as reader,
        petsird.BinaryPETSIRDWriter(str(late)) as writer,
    ):
        writer.write_header(reader.read_header())
        blocks = list(reader.read_time_blocks())
        for block in blocks:
            block.value.time_interval.start += 600_000
            block.value.time_interval.stop += 600_000
        writer.write_time_blocks(blocks)
    for path, out in ((example / "scan.petsird", "early"), (late, "late")):
        pet("reconstruct", path, "--out", tmp_path / f"{out}.nii", *QUICK)
    early, other = (load_nifti(tmp_path / f"{name}.nii")[0] for name in ("early", "late"))
    np.testing.assert_array_equal(early, other)
    sidecar = json.loads((tmp_path / "late.json").read_text())
    assert sidecar["FrameDuration"] == [pytest.approx(0.3)]
    assert "begin at 600 s" in " ".join(sidecar["Notices"])


@pytest.mark.parametrize("output", ["--out", "--picture"])
def test_files_that_are_there_are_replaced_on_request_only(example, tmp_path, output):
    words = ["reconstruct", example / "scan.petsird", *QUICK]
    paths = {"--out": tmp_path / "o.nii", "--picture": tmp_path / "o.png"}
    paths[output].write_bytes(b"precious")
    given = [word for pair in paths.items() for word in pair]
    with pytest.raises(DataError, match="is there already"):
        pet(*words, *given)
    assert [path.name for path in tmp_path.iterdir()] == [paths[output].name]
    pet(*words, *given, "--overwrite")
    assert paths[output].read_bytes() != b"precious"


@pytest.mark.parametrize("taken", ["scan.petsird", "mu.nii.gz"])
def test_an_input_is_never_replaced(example, tmp_path, taken):
    before = (example / taken).read_bytes()
    image = ["--out", example / taken] if taken == "mu.nii.gz" else ["--out", tmp_path / "o.nii"]
    (tmp_path / "link.png").symlink_to(example / taken)
    for outputs in ([*image, "--picture", tmp_path / "link.png"], [*image, "--picture", example / taken]):
        words = ["reconstruct", example / "scan.petsird", "--attenuation", example / "mu.nii.gz", *outputs]
        with pytest.raises(ConfigError, match="read or written by the same command"):
            pet(*words, *QUICK, "--overwrite")
    assert (example / taken).read_bytes() == before


def test_an_example_is_replaced_on_request_only(example, tmp_path):
    (tmp_path / "truth.json").write_text("mine")
    with pytest.raises(DataError, match="is there already"):
        pet("example", "--out", tmp_path, "--seconds", "0.1")
    assert [path.name for path in tmp_path.iterdir()] == ["truth.json"]
