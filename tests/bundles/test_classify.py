"""The contrast classifier tells any MR image, however it is stored."""

import re
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from bundle_runs import REPOSITORY, config_files, run_workflow, tiny_workflow
from monai.bundle import ConfigParser

from taskgan_ext.bundle import find_user_error
from taskgan_ext.errors import CheckpointError, DataError
from taskgan_ext.io.evaluation_files import read_table
from taskgan_ext.io.nifti import load_nifti, save_nifti
from taskgan_ext.mr.protocol import CONTRASTS

BUNDLE = REPOSITORY / "bundles" / "mr_contrast_synthesis"
PIXEL_MM, SLICE_MM = 4.0, 5.0
"""Of the tiny cohort."""


@pytest.fixture(scope="module")
def weights(tiny_mr_cohort, tmp_path_factory) -> Path:
    """T, trained long enough to tell the contrasts of the tiny cohort."""
    folder = tmp_path_factory.mktemp("weights")
    places = dict.fromkeys(("ckpt_dir", "task_ckpt_dir", "output_dir"), str(folder))
    settings = {"task_epochs": 24, "epoch_samples": 96, "dataset_dir": str(tiny_mr_cohort)}
    tiny_workflow(BUNDLE, "train", **places, **settings).parser.get_parsed_content("task::trainer").run()
    return folder / "task_network.pt"


@pytest.fixture
def classify(weights, tmp_path):
    """Function that classifies what a path names and gives the rows of the table."""

    def run(path, **overrides):
        settings = {"ckpt_path": str(weights), "output_dir": str(tmp_path / "out"), "pixel_mm": PIXEL_MM}
        settings |= {"slice_mm": SLICE_MM, "input": str(path), "run_id": "classifying"} | overrides
        run_workflow(BUNDLE, "classify", **settings)
        return read_table(tmp_path / "out" / "classes.csv")

    return run


@pytest.fixture
def image(tiny_mr_cohort) -> Path:
    return tiny_mr_cohort / "sub-001/sub-001_T1w.nii.gz"


def probabilities(row):
    return [float(row[name]) for name in CONTRASTS]


def error_of(action):
    """What a user is shown of the error that MONAI raises."""
    with pytest.raises(RuntimeError) as caught:
        action()
    return find_user_error(caught.value)


def test_held_out_images_of_a_data_list_are_told_apart(classify, tiny_mr_cohort):
    rows = classify(tiny_mr_cohort)
    assert len(rows) == 12
    assert [row["file"].endswith(f"{row['subject']}_{row['property']}.nii.gz") for row in rows] == [True] * 12
    families = {"T1w": "T1", "T1FLAIR": "T1", "T2w": "T2", "STIR": "T2", "T2FLAIR": "FLAIR", "PDw": "PD"}
    assert [families[row["decision"]] for row in rows] == [row["family"] for row in rows]
    # T2w and STIR of the tiny heads, which have no fat, hardly differ.
    assert sum(families[row["property"]] == row["family"] for row in rows) >= 10
    assert all(sum(probabilities(row)) == pytest.approx(1, abs=1e-5) for row in rows)


def test_the_table_of_a_folder_knows_no_property(classify, tiny_mr_cohort):
    rows = classify(tiny_mr_cohort / "sub-002")
    assert {row["subject"] for row in rows} == {f"sub-002_{contrast}" for contrast in CONTRASTS}
    assert list(rows[0]) == ["file", "subject", "decision", "family", *CONTRASTS, "slices"]
    assert {row["slices"] for row in rows} == {"4"}


@pytest.mark.parametrize("axes", ["LPS", "RAS", "PSR", "IAL"])
def test_the_order_of_storage_does_not_matter(classify, image, tmp_path, axes):
    volume = nib.as_closest_canonical(nib.load(image))
    turn = nib.orientations.ornt_transform(
        nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(axes)
    )
    turned = volume.as_reoriented(turn)
    assert "".join(nib.aff2axcodes(turned.affine)) == axes
    save_nifti(turned.get_fdata(), turned.affine, tmp_path / "images" / "turned.nii.gz")
    ((row,), (wanted,)) = classify(tmp_path / "images"), classify(image)
    assert probabilities(row) == pytest.approx(probabilities(wanted), abs=1e-5)


@pytest.mark.parametrize(
    ("factor", "repeats", "tolerance"),
    [
        pytest.param(37.0, (1, 1, 1), 1e-4, id="another unit"),
        pytest.param(1.0, (1, 1, 4), 1e-4, id="thin slices"),
        pytest.param(1.0, (2, 2, 1), 0.1, id="small pixels"),
        pytest.param(1e-3, (4, 3, 2), 0.1, id="all of it"),
    ],
)
def test_unit_and_voxel_size_hardly_matter(classify, image, tmp_path, factor, repeats, tolerance):
    volume, affine = load_nifti(image)
    fine = factor * volume
    for axis, number in enumerate(repeats):
        fine = fine.repeat(number, axis)
    step = 1 / np.array(repeats)
    moved = affine @ np.block([[np.diag(step), ((step - 1) / 2)[:, None]], [np.zeros(3), 1]])
    save_nifti(fine, moved, tmp_path / "images" / "fine.nii.gz")
    ((row,), (wanted,)) = classify(tmp_path / "images"), classify(image)
    assert probabilities(row) == pytest.approx(probabilities(wanted), abs=tolerance)


def test_the_same_images_give_the_same_bytes(classify, image, tmp_path):
    written = []
    for _ in range(2):
        classify(image)
        written.append((tmp_path / "out" / "classes.csv").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("shape", "value", "message"),
    [
        pytest.param((32, 32, 4, 2), 1.0, r"bad\.nii\.gz: expected one volume", id="4D"),
        pytest.param(
            (32, 32, 4), 0.0, r"bad\.nii\.gz: expected an image, but every voxel is zero", id="empty"
        ),
    ],
)
def test_what_cannot_be_classified_is_named(classify, tmp_path, shape, value, message):
    save_nifti(np.full(shape, value, dtype=np.float32), np.eye(4), tmp_path / "bad.nii.gz")
    error = error_of(lambda: classify(tmp_path / "bad.nii.gz"))
    assert isinstance(error, DataError)
    with pytest.raises(DataError, match=message):
        raise error
    assert not (tmp_path / "out").exists()


def test_bad_images_are_listed_after_the_others_were_classified(classify, image, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for name in ("a", "d"):
        shutil.copy(image, images / f"{name}.nii.gz")
    (images / "b.nii.gz").write_bytes(image.read_bytes()[:-500])
    save_nifti(np.zeros((8, 8, 2), dtype=np.float32), np.eye(4), images / "c.nii.gz")
    error = error_of(lambda: classify(images))
    assert isinstance(error, DataError)
    first, *lines = str(error).splitlines()
    assert first.startswith("2 images are in ")
    assert [re.search(r"\w\.nii\.gz: expected a?n? ?\w+", line).group() for line in lines] == [
        "b.nii.gz: expected a NIfTI",
        "c.nii.gz: expected an image",
    ]
    assert [row["subject"] for row in read_table(tmp_path / "out" / "classes.csv")] == ["a", "d"]


def test_no_images_say_what_was_expected(classify, tmp_path):
    error = error_of(lambda: classify(tmp_path))
    assert isinstance(error, DataError)
    assert "found none; make simulated ones with: python -m preprocessing mr simulate" in str(error)


def test_missing_weights_say_what_trains_them(classify, image, tmp_path):
    error = error_of(lambda: classify(image, ckpt_path=str(tmp_path / "none.pt")))
    assert isinstance(error, CheckpointError)
    assert "found no file; make them with: python -m monai.bundle run training" in str(error)
    assert not (tmp_path / "out").exists()


def test_classes_crop_and_network_are_those_of_the_training():
    train, classifier = (
        ConfigParser(ConfigParser.load_config_file(file))
        for file in config_files(BUNDLE, "train", "classify")
    )
    for id_ in ("families", "crop"):
        assert train[id_] == classifier[id_]
    shapes = [
        {
            name: value.shape
            for name, value in parser.get_parsed_content("task_network_def").state_dict().items()
        }
        for parser in (train, classifier)
    ]
    assert shapes[0] == shapes[1]
    assert classifier["classes"] == list(CONTRASTS) == train["presentation"]["class_names"]
