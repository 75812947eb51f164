"""Batches of our app in a real MONAI Label server, on studies of which a bundle restores a part."""

import json
import shutil
import time

import nibabel as nib
import numpy as np
import pytest
import torch

pytestmark = pytest.mark.slow

PET, FACE = "pet_denoising", "face_super_resolution"


@pytest.fixture
def restored(server):
    """Folder for what batches write; images that a test adds to the studies are gone after it."""
    labels = server.studies / "labels" / "original"
    before = set(server.studies.iterdir())
    shutil.rmtree(labels, ignore_errors=True)
    labels.mkdir(parents=True)
    yield labels
    for path in set(server.studies.iterdir()) - before:
        path.unlink()


def batch(server, model, **more):
    """Restore a batch, and give its state and the names of the images that the log calls skipped."""
    body = json.dumps({"device": "cpu", "multi_gpu": False, **more}).encode()
    start = len(server.log.read_text(encoding="utf-8"))
    started = server.request("POST", f"/batch/infer/{model}?images=all", body, "application/json")
    assert started.status == 200
    state = server.finished("/batch/infer/")
    printed = server.log.read_text(encoding="utf-8")[start:]
    lines = {line for line in printed.splitlines() if "- skipped " in line}
    return state, sorted(line.split("- skipped ")[1].split(":")[0] for line in lines)


def pets_of(server) -> list[str]:
    return sorted(path.name.removesuffix(".nii.gz") for path in server.studies.glob("sub-*.nii.gz"))


def wait_until_listed(server, name: str) -> None:
    deadline = time.monotonic() + 30
    while name not in server.request("GET", "/datastore/?output=all").json["objects"]:
        assert time.monotonic() < deadline, f"{name} is not listed"
        time.sleep(0.2)


@pytest.mark.parametrize("workers", [1, 2])
def test_images_that_do_not_apply_are_skipped_in_a_batch_and_the_rest_is_restored(server, restored, workers):
    # Whatever order MONAI Label takes, sorted or given: what cannot be restored comes first.
    (server.studies / "broken.nii.gz").write_bytes(b"no volume")
    wait_until_listed(server, "broken")
    pets = pets_of(server)
    order = ["broken", "face", *pets]
    state, skipped = batch(server, PET, images=order, max_workers=workers)
    assert state["status"] == "DONE", state
    assert skipped == ["broken", "face"]
    assert sorted(path.name for path in restored.iterdir()) == [f"{name}.nii.gz" for name in pets]
    for path in restored.iterdir():
        assert nib.load(path).get_data_dtype() == np.float32
    for name in ("broken", "face"):
        refused = server.infer(PET, name)
        assert refused.status == 422
        assert refused.json["detail"]


def test_all_images_of_mixed_studies_are_a_batch_of_every_bundle(server, restored):
    pets = pets_of(server)
    for model, wanted in ((FACE, ["face.png"]), (PET, [f"{name}.nii.gz" for name in pets])):
        state, skipped = batch(server, model)
        assert state["status"] == "DONE", state
        assert set(skipped) == {"face", *pets} - {name.split(".")[0] for name in wanted}
        assert set(wanted) <= {path.name for path in restored.iterdir()}


def test_a_batch_of_which_nothing_is_restored_fails_with_the_reason(server, restored):
    state, skipped = batch(server, PET, images=["face"])
    assert state["status"] == "ERROR"
    assert "none of 1 images was restored" in "\n".join(state["details"])
    assert skipped == ["face"]
    assert not list(restored.iterdir())


def test_weights_that_do_not_fit_stop_a_batch(server, restored):
    weights = server.app / "model" / PET / "models" / "model.pt"
    good = weights.read_bytes()
    try:
        torch.save({"foo": torch.zeros(1)}, weights)
        state, skipped = batch(server, PET, images=pets_of(server)[:1])
    finally:
        weights.write_bytes(good)
    assert state["status"] == "ERROR"
    assert skipped == []
    assert "expected the weights of" in "\n".join(state["details"])
