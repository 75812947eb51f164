"""The bundles in MONAI Label's own app ``monaibundle``: what it does, and what it does not check."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ckpt_export

from tests.integrations.label_server import LabelServer, running_server

pytestmark = pytest.mark.slow
PET, MR, FACE = ALL = ("pet_denoising", "mr_contrast_synthesis", "face_super_resolution")
FLOAT = {"device": "cpu", "result_dtype": "float32"}


@pytest.fixture(scope="module")
def stock(
    python_of_label: Path, trained_bundles: Path, studies: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabelServer]:
    """A server with the stock app, as the guide sets it up."""
    folder = tmp_path_factory.mktemp("stock")
    copy = ["apps", "--download", "--name", "monaibundle", "--output", folder]
    subprocess.run([python_of_label, "-m", "monailabel.main", *copy], check=True, capture_output=True)
    app = folder / "monaibundle"
    for name in ALL:
        shutil.copytree(trained_bundles / name, app / "model" / name)
    shutil.copytree(
        studies, folder / "studies", ignore=shutil.ignore_patterns("labels", "datastore*", ".lock")
    )
    conf = [("models", ",".join(ALL)), ("zoo_source", "local"), ("sam2", "false")]
    settings = [word for pair in conf for word in ("--conf", *pair)]
    with running_server(python_of_label, app, folder / "studies", *settings) as running:
        yield running


def restored(server: LabelServer, tmp_path: Path) -> np.ndarray:
    image = sorted(server.studies.glob("sub-*.nii.gz"))[0]
    answer = server.infer(PET, image.name.removesuffix(".nii.gz"), params=FLOAT)
    assert answer.status == 200, answer
    (tmp_path / "answer.nii.gz").write_bytes(answer.body)
    found = nib.load(tmp_path / "answer.nii.gz")
    np.testing.assert_allclose(found.affine, nib.load(image).affine, atol=1e-5)
    assert found.get_data_dtype() == np.float32
    return np.asarray(found.dataobj)


def expected(server: LabelServer, python: Path, out: Path) -> np.ndarray:
    image = sorted(server.studies.glob("sub-*.nii.gz"))[0]
    config = server.app / "model" / PET / "configs" / "inference.json"
    command = [python, "-m", "monai.bundle", "run", "inferring", "--config_file", config, "--input", image]
    command += ["--output_dir", out, "--device", "$torch.device('cpu')"]
    subprocess.run(command, check=True, capture_output=True, cwd=out.parent)
    return np.asarray(nib.load(next(out.rglob("*.nii.gz"))).dataobj)


def test_the_stock_app_restores_bit_for_bit_as_the_command_line(stock, python_of_label, tmp_path):
    np.testing.assert_array_equal(
        restored(stock, tmp_path), expected(stock, python_of_label, tmp_path / "out")
    )


@pytest.mark.parametrize(
    ("model", "reason"), [(MR, "KeyError: 'maps'"), (FACE, "'SavePicturesd' object is not iterable")]
)
def test_the_stock_app_cannot_run_contrasts_and_faces(stock, model, reason):
    image = next((stock.studies / "mr").glob("*_mdme.nii.gz")) if model == MR else stock.studies / "face.png"
    assert stock.infer(model, str(image), params=FLOAT).status == 500
    deadline = time.monotonic() + 30  # the server answers before it writes its log
    while reason not in stock.log.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, stock.log.read_text(encoding="utf-8")[-3000:]
        time.sleep(0.2)


def test_the_stock_app_takes_our_models_for_segmentations(stock):
    model = stock.request("GET", "/info/").json["models"][PET]
    assert model["type"] == "segmentation"
    assert model["labels"] == {"restored slice": 0}


def test_the_stock_app_accepts_weights_of_another_network_and_refuses_a_pickle(stock, tmp_path):
    weights = stock.app / "model" / PET / "models" / "model.pt"
    good = weights.read_bytes()
    right = restored(stock, tmp_path)
    try:
        torch.save({"foo": torch.zeros(1)}, weights)
        assert np.abs(restored(stock, tmp_path) - right).max() > 0  # random weights, and no word of it
        torch.save({"payload": Path("x")}, weights)
        name = sorted(stock.studies.glob("sub-*.nii.gz"))[0].name.removesuffix(".nii.gz")
        assert stock.infer(PET, name, params=FLOAT).status == 500
    finally:
        weights.write_bytes(good)


def test_the_stock_app_trains_on_pairs_without_a_property_of_their_own(stock, tiny_cohort, tmp_path):
    models = stock.app / "model" / PET / "models"
    for path in stock.studies.glob("sub-*.nii.gz"):
        subject = path.name.split("_")[0]
        target = tiny_cohort / subject / f"{subject}_label.nii.gz"
        (stock.studies / "labels" / "final" / path.name).write_bytes(target.read_bytes())
    before = restored(stock, tmp_path)
    old = (models / "model.pt").read_bytes()
    state = stock.train(PET, max_epochs=1, val_split=0.3, tracking="None")
    assert state["status"] == "DONE", state
    assert (models / "model.pt").read_bytes() != old
    assert np.abs(restored(stock, tmp_path) - before).max() > 0


def test_a_torchscript_file_makes_the_stock_app_independent_of_loose_weights(
    python_of_label, trained_bundles, studies, tmp_path
):
    app = tmp_path / "monaibundle"
    copy = ["apps", "--download", "--name", "monaibundle", "--output", tmp_path]
    subprocess.run([python_of_label, "-m", "monailabel.main", *copy], check=True, capture_output=True)
    bundle = app / "model" / PET
    shutil.copytree(trained_bundles / PET, bundle)
    ckpt_export(
        "network_def",
        filepath=str(bundle / "models" / "model.ts"),
        ckpt_file=str(bundle / "models" / "model.pt"),
        meta_file=str(bundle / "configs" / "metadata.json"),
        config_file=str(bundle / "configs" / "inference.json"),
        key_in_ckpt="",
    )
    shutil.copytree(studies, tmp_path / "studies", ignore=shutil.ignore_patterns("labels", "datastore*"))
    conf = ["--conf", "models", PET, "--conf", "zoo_source", "local", "--conf", "sam2", "false"]
    reference = tmp_path / "reference"
    shutil.copytree(bundle, reference / "model" / PET)
    for weights in (bundle / "models").glob("*.pt"):
        weights.unlink()
    with running_server(python_of_label, app, tmp_path / "studies", *conf) as server:
        found = restored(server, tmp_path)
        other = LabelServer("", reference, server.studies, server.log)
        np.testing.assert_array_equal(found, expected(other, python_of_label, tmp_path / "out"))
