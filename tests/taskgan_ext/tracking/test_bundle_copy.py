"""A copied bundle has the settings of its training and nothing of the place where it was trained."""

import json
from pathlib import Path

import pytest

from taskgan_ext.tracking.bundle_copy import bundle_facts, copy_bundle

BUNDLES = sorted(
    path.parents[1] for path in Path(__file__).parents[3].glob("bundles/*/configs/metadata.json")
)


@pytest.fixture(params=BUNDLES, ids=lambda path: path.name)
def bundle(request):
    return request.param


@pytest.fixture
def weights(tmp_path):
    folder = tmp_path / "MUELLER"
    folder.mkdir()
    for name in ("model.pt", "training_state.pt", "training_subjects.json"):
        (folder / name).write_text("MUELLER" if name.startswith("training") else "weights")
    return folder


def test_files_are_the_bundles_own_where_nothing_was_changed(bundle, weights, tmp_path):
    executed = json.loads((bundle / "configs" / "train.json").read_text())
    copy_bundle(bundle, weights, executed | {"dataset_dir": "<dataset_dir>"}, tmp_path / "out")
    files = {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert Path("models/model.pt") in files
    for path in files - {Path("models/model.pt")}:
        assert (tmp_path / "out" / path).read_bytes() == (bundle / path).read_bytes(), path
    kept = {path.relative_to(bundle) for path in (bundle / "configs").glob("*.json")}
    assert kept <= files


def test_inference_builds_the_network_that_was_trained(bundle, weights, tmp_path):
    executed = json.loads((bundle / "configs" / "train.json").read_text())
    executed["network_def"]["channels"] = [4, 8, 8]
    executed["epochs"] = 3
    copy_bundle(bundle, weights, executed, tmp_path / "out")
    configs = tmp_path / "out" / "configs"
    train, inference = (json.loads((configs / f"{name}.json").read_text()) for name in ("train", "inference"))
    assert train["network_def"] == inference["network_def"] == executed["network_def"]
    assert train["epochs"] == 3
    assert inference["input"] == "@dataset_dir"


def test_a_bundle_tells_its_name(bundle, tmp_path):
    assert bundle_facts(bundle)["bundle"] == bundle.name
    assert bundle_facts(tmp_path)["bundle"] == "task_gan"
