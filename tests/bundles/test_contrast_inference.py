"""A network for several contrasts writes each of them under its own name, whatever is asked for."""

import logging
import shutil

import nibabel as nib
import numpy as np
import pytest
from bundle_runs import REPOSITORY, run_workflow

from taskgan_ext.bundle import find_user_error
from taskgan_ext.data import load_datalist
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.io.nifti import load_nifti, save_nifti
from taskgan_ext.mr.file_names import contrast_file_name
from taskgan_ext.mr.protocol import CONTRASTS

BUNDLE = REPOSITORY / "bundles" / "mr_contrast_synthesis"
FEW = ("T1w", "T2FLAIR")


def train(cohort, folder):
    """Weights after one epoch."""
    places = dict.fromkeys(("ckpt_dir", "task_ckpt_dir", "output_dir"), str(folder))
    run_workflow(BUNDLE, "train", run_id="training", dataset_dir=str(cohort), epochs=1, **places)
    return folder


@pytest.fixture(scope="module")
def models(tiny_mr_cohort, tmp_path_factory):
    return train(tiny_mr_cohort, tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def few_cohort(tiny_mr_cohort, tmp_path_factory):
    """The cohort with two of its contrasts."""
    folder = shutil.copytree(tiny_mr_cohort, tmp_path_factory.mktemp("few") / "cohort")
    content = read_json(folder / "datalist.json")
    for section in ("training", "validation", "test"):
        content[section] = [item for item in content[section] if item["contrast"] in FEW]
    write_json(folder / "datalist.json", content)
    return folder


@pytest.fixture(scope="module")
def few_models(few_cohort, tmp_path_factory):
    return train(few_cohort, tmp_path_factory.mktemp("few_models"))


def infer(models, source, out, **settings):
    places = {"ckpt_path": str(models / "model.pt"), "output_dir": str(out), "input": str(source)}
    run_workflow(BUNDLE, "inference", run_id="inferring", **places, **settings)
    return out


def error_of(action):
    with pytest.raises(RuntimeError) as caught:
        action()
    return find_user_error(caught.value)


@pytest.fixture(scope="module")
def subject(tiny_mr_cohort):
    return tiny_mr_cohort / "sub-001"


@pytest.fixture(scope="module")
def everything(models, subject, tmp_path_factory):
    """All contrasts of one subject."""
    return infer(models, subject, tmp_path_factory.mktemp("everything"))


def test_a_contrast_that_is_asked_for_alone_is_the_same_image(models, subject, everything, tmp_path):
    out = infer(models, subject, tmp_path / "out", contrasts=["T2FLAIR", "T1w"])
    written = sorted(path.name for path in (out / "sub-001").glob("*.nii.gz"))
    assert len(written) == 4
    for name in written:
        assert (out / "sub-001" / name).read_bytes() == (everything / "sub-001" / name).read_bytes()


def test_the_images_of_two_contrasts_differ(everything):
    images = [
        load_nifti(everything / "sub-001" / contrast_file_name("sub-001", name))[0] for name in CONTRASTS
    ]
    for number, image in enumerate(images):
        assert all(np.abs(image - other).max() > 0.05 for other in images[number + 1 :])


@pytest.mark.parametrize("contrasts", [["T1w", "T2-FLAIR"], "T2FLAIR"])
def test_an_unknown_contrast_is_refused_before_anything_is_written(models, subject, tmp_path, contrasts):
    error = error_of(lambda: infer(models, subject, tmp_path / "out", contrasts=contrasts))
    assert isinstance(error, ConfigError)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("axes", ["PSR", "LIA"])
def test_the_order_of_axes_does_not_matter(models, subject, everything, tmp_path, axes):
    folder = shutil.copytree(subject, tmp_path / "turned" / "sub-001")
    for path in folder.glob("*.nii.gz"):
        image = nib.load(path)
        turn = nib.orientations.ornt_transform(
            nib.io_orientation(image.affine), nib.orientations.axcodes2ornt(axes)
        )
        turned = image.as_reoriented(turn)
        save_nifti(np.asarray(turned.dataobj), turned.affine, path)
    out = infer(models, folder, tmp_path / "out")
    wanted = nib.load(folder / "sub-001_mask.nii.gz")
    for path in (everything / "sub-001").glob("*.nii.gz"):
        found = nib.load(out / "sub-001" / path.name)
        np.testing.assert_array_equal(found.affine, wanted.affine)
        assert found.shape == wanted.shape
        same, original = map(nib.as_closest_canonical, (found, nib.load(path)))
        np.testing.assert_allclose(same.get_fdata(), original.get_fdata(), atol=1e-5)


def test_a_scan_unlike_the_training_is_synthesised_with_a_warning(models, subject, tmp_path, caplog):
    folder = shutil.copytree(subject, tmp_path / "other" / "sub-001")
    sidecar = read_json(folder / "sub-001.json")
    sidecar["sequence"] |= {"delays": [0.1, 0.4, 1.2, 2.5], "repetition_time": 2.6}
    write_json(folder / "sub-001.json", sidecar)
    with caplog.at_level(logging.WARNING, logger="taskgan_ext"):
        out = infer(models, folder, tmp_path / "out", contrasts=["T1w"])
    assert len([record for record in caplog.records if "differs from the scans" in record.getMessage()]) == 1
    assert (
        "delays 0.1, 0.4, 1.2, 2.5 s"
        in read_json(out / "sub-001/sub-001_acq-synth_T1w.json")["UnlikeTraining"]
    )


def test_a_scan_like_the_training_has_no_warning(everything):
    assert read_json(everything / "sub-001/sub-001_acq-synth_T1w.json")["UnlikeTraining"] is None


def test_a_cohort_of_few_contrasts_is_trained_evaluated_and_synthesised(
    few_models, few_cohort, subject, tmp_path
):
    places = dict.fromkeys(("ckpt_dir", "task_ckpt_dir"), str(few_models))
    places |= {"dataset_dir": str(few_cohort), "output_dir": str(tmp_path / "eval")}
    run_workflow(BUNDLE, "train", "evaluate", run_id="evaluating", epochs=1, **places)
    assert len(load_datalist(few_cohort, "test")) == 4
    assert (tmp_path / "eval" / "summary.csv").is_file()
    out = infer(few_models, subject, tmp_path / "out")
    assert {read_json(path)["Contrast"] for path in (out / "sub-001").glob("*.json")} == set(FEW)
    error = error_of(lambda: infer(few_models, subject, tmp_path / "more", contrasts=["STIR"]))
    assert "has seen no scans of STIR" in str(error)
