"""Our app in a real MONAI Label server: what it restores is what the command line restores."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

from tests.integrations.label_server import INTEGRATION

pytestmark = pytest.mark.slow

PET, MR, FACE = "pet_denoising", "mr_contrast_synthesis", "face_super_resolution"


def command_line(python: Path, bundle: Path, image: Path, out: Path, **settings: object) -> list[Path]:
    """Files that ``monai.bundle run`` writes for one image."""
    command = [python, "-m", "monai.bundle", "run", "inferring", "--config_file"]
    command += [bundle / "configs" / "inference.json", "--input", image, "--output_dir", out]
    for name, value in {"device": "$torch.device('cpu')", **settings}.items():
        command += [f"--{name}", value]
    done = subprocess.run([*map(str, command)], cwd=out.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return sorted(path for path in out.rglob("*") if path.is_file())


def volume_of(answer, tmp_path: Path):
    assert answer.status == 200, answer
    path = tmp_path / "answer.nii.gz"
    path.write_bytes(answer.body)
    return nib.load(path)


def an_image(server) -> tuple[str, Path]:
    path = sorted(server.studies.glob("sub-*.nii.gz"))[0]
    return path.name.removesuffix(".nii.gz"), path


def test_the_server_lists_the_bundles_as_models_that_give_images(server):
    info = server.request("GET", "/info/").json
    assert sorted(info["models"]) == sorted(info["trainers"]) == sorted((PET, MR, FACE))
    assert {model["type"] for model in info["models"].values()} == {"others"}
    assert info["labels"] == []
    assert (info["models"][PET]["dimension"], info["models"][FACE]["dimension"]) == (3, 2)
    assert "T1w" in info["models"][MR]["config"]["contrast"]


def test_a_pet_volume_is_restored_bit_for_bit_as_by_the_command_line(server, python_of_label, tmp_path):
    name, path = an_image(server)
    (expected,) = command_line(python_of_label, server.app / "model" / PET, path, tmp_path / "out")
    expected, given = nib.load(expected), nib.load(path)
    for answer in (server.infer(PET, name, params={"device": "cpu"}), server.infer(PET, file=path)):
        found = volume_of(answer, tmp_path)
        assert found.get_data_dtype() == np.float32
        np.testing.assert_array_equal(np.asarray(found.dataobj), np.asarray(expected.dataobj))
        np.testing.assert_array_equal(found.affine, given.affine)
        assert found.shape == given.shape


def test_the_client_writes_what_the_server_gives_and_the_reason_of_a_refusal(server, tmp_path):
    name, path = an_image(server)
    client = [sys.executable, INTEGRATION / "restore.py", "--server", server.url, "--model", PET]
    for image, more in ((path, []), (name, ["--on-server"])):
        out = tmp_path / f"{len(more)}.nii.gz"
        subprocess.run([*client, image, out, *more], check=True)
        direct = volume_of(server.infer(PET, name), tmp_path)
        np.testing.assert_array_equal(nib.load(out).get_fdata(), direct.get_fdata())
    noise = tmp_path / "noise.nii.gz"
    noise.touch()
    refused = [*client, noise, tmp_path / "out.nii.gz"]
    done = subprocess.run(refused, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: pet_denoising: ")
    assert "not_nifti" in done.stderr
    assert not (tmp_path / "out.nii.gz").exists()


def test_a_file_as_3d_slicer_writes_it_is_restored(server, tmp_path):
    # 3D Slicer writes NIfTI by ITK, as SimpleITK does.
    sitk = pytest.importorskip("SimpleITK")
    name, path = an_image(server)
    sitk.WriteImage(sitk.ReadImage(str(path)), str(tmp_path / "slicer.nii.gz"))
    found = volume_of(server.infer(PET, file=tmp_path / "slicer.nii.gz"), tmp_path)
    direct = volume_of(server.infer(PET, name), tmp_path)
    np.testing.assert_array_equal(np.asarray(found.dataobj), np.asarray(direct.dataobj))
    np.testing.assert_allclose(found.affine, direct.affine, atol=1e-5)


def test_a_contrast_is_synthesised_as_by_the_command_line(server, python_of_label, tmp_path):
    image = next((server.studies / "mr").glob("*_mdme.nii.gz"))
    bundle = server.app / "model" / MR
    files = command_line(python_of_label, bundle, image, tmp_path / "out", contrasts="['T2w']")
    (expected,) = (nib.load(f) for f in files if f.name.endswith("_T2w.nii.gz") and "_desc-" not in f.name)
    answer = server.infer(MR, f"mr/{image.name}", params={"contrast": "T2w"})
    np.testing.assert_array_equal(volume_of(answer, tmp_path).get_fdata(), expected.get_fdata())
    params = server.infer(MR, f"mr/{image.name}", output="json", params={"contrast": "T2w"}).json
    assert params["sidecar"]["Contrast"] == "T2w"
    assert params["sidecar"]["ModelSHA256"] == params["model_sha256"]


def test_a_face_is_restored_as_by_the_command_line(server, python_of_label, tmp_path):
    # The server takes what it gets for a degraded picture, as the command line does by default.
    picture = server.studies / "face.png"
    (expected,) = command_line(python_of_label, server.app / "model" / FACE, picture, tmp_path / "out")
    answer = server.infer(FACE, "face")
    assert answer.status == 200, answer
    (tmp_path / "face.png").write_bytes(answer.body)
    with Image.open(tmp_path / "face.png") as found, Image.open(expected) as wanted:
        np.testing.assert_array_equal(np.asarray(found), np.asarray(wanted))


def test_what_a_bundle_cannot_use_is_refused_with_the_reason(server, tmp_path):
    noise = tmp_path / "noise.nii.gz"
    noise.write_bytes(b"no volume")
    refused = server.infer(PET, file=noise)
    assert refused.status == 422
    assert "not_nifti" in refused.json["detail"]
    plain = server.infer(MR, file=an_image(server)[1])
    assert plain.status == 422
    assert "_mdme.nii.gz" in plain.json["detail"]
    scan = next((server.studies / "mr").glob("*_mdme.nii.gz"))
    unknown = server.infer(MR, f"mr/{scan.name}", params={"contrast": "T7"})
    assert unknown.status == 422
    assert "expected names among" in unknown.json["detail"]


def test_an_unknown_model_or_image_is_named_and_no_other_file_of_the_server_is_read(server):
    unknown = server.infer("lung", an_image(server)[0])
    assert unknown.status == 404
    assert PET in unknown.json["detail"]
    assert server.infer(PET, "sub-999").status == 404
    outside = Path(__file__).parents[2] / "LICENSE"
    assert server.infer(PET, str(outside)).status == 404
    assert server.infer(PET, "../app/model/pet_denoising/models/model.pt").status == 404
    assert server.infer(PET, an_image(server)[0], params={"image": str(outside)}).status == 404


class Payload:
    """What a pickle can do that weights must not."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


@pytest.mark.parametrize("kind", ["other keys", "partial", "pickle", "missing"])
def test_weights_that_do_not_fit_are_refused(server, kind, tmp_path):
    weights = server.app / "model" / PET / "models" / "model.pt"
    good = weights.read_bytes()
    ran = tmp_path / "ran"
    content = {
        "other keys": {"foo": torch.zeros(1)},
        "partial": dict(list(torch.load(weights, weights_only=True).items())[1:]),
        "pickle": {"payload": Payload(ran)},
        "missing": None,
    }[kind]
    try:
        weights.unlink()
        if content is not None:
            torch.save(content, weights)
        answer = server.infer(PET, an_image(server)[0])
        assert answer.status == 422
        assert "model.pt: expected the weights of" in answer.json["detail"]
        assert not ran.exists()
        listed = PET in server.request("GET", "/info/").json["models"]
        assert listed == (content is not None)
    finally:
        weights.write_bytes(good)
    assert server.infer(PET, an_image(server)[0]).status == 200


def test_training_names_what_tells_the_property(server):
    images = sorted(server.studies.glob("sub-*.nii.gz"))[:2]
    renamed = [image.rename(image.with_name(f"{image.name.split('_')[0]}.nii.gz")) for image in images]
    label = server.studies / "labels" / "final"
    try:
        for path in renamed:
            (label / path.name).write_bytes(path.read_bytes())
        state = server.train(PET, max_epochs=1)
        assert state["status"] == "ERROR"
        assert '{"property": 1}' in "\n".join(state["details"])
    finally:
        for path, image in zip(renamed, images, strict=True):
            (label / path.name).unlink()
            path.rename(image)


def test_contrasts_are_not_trained_on_single_labels(server):
    state = server.train(MR, max_epochs=1)
    assert state["status"] == "ERROR"
    assert "expected a datalist.json" in "\n".join(state["details"])


def test_training_puts_new_weights_in_place_and_keeps_the_old_ones(server, tiny_cohort, tmp_path):
    models = server.app / "model" / PET / "models"
    name, _ = an_image(server)
    for path in server.studies.glob("sub-*.nii.gz"):
        subject = path.name.split("_")[0]
        target = tiny_cohort / subject / f"{subject}_label.nii.gz"
        (server.studies / "labels" / "final" / path.name).write_bytes(target.read_bytes())
    before = volume_of(server.infer(PET, name), tmp_path).get_fdata()
    old = (models / "model.pt").read_bytes()
    state = server.train(PET, max_epochs=2, task_epochs=1, val_split=0.2)
    assert state["status"] == "DONE", state
    assert (models / "previous" / "model.pt").read_bytes() == old
    assert (models / "model.pt").read_bytes() != old
    assert not list(models.glob(".training-*"))
    recorded = json.loads((models / "training_subjects.json").read_text())["subjects"]
    assert {path.name.split("_")[0] for path in server.studies.glob("sub-*.nii.gz")} & set(recorded)
    assert (server.app / "model" / PET / "eval" / "label" / "history.csv").is_file()
    after = volume_of(server.infer(PET, name), tmp_path).get_fdata()
    assert np.isfinite(after).all()
    assert np.abs(after - before).max() > 0


def test_the_first_weights_outlive_every_training(server, tiny_cohort):
    models = server.app / "model" / PET / "models"
    shutil.rmtree(models / "first", ignore_errors=True)
    shutil.rmtree(models / "previous", ignore_errors=True)
    for path in server.studies.glob("sub-*.nii.gz"):
        subject = path.name.split("_")[0]
        target = tiny_cohort / subject / f"{subject}_label.nii.gz"
        (server.studies / "labels" / "final" / path.name).write_bytes(target.read_bytes())
    names = [name for name in ("model.pt", "task_network.pt") if (models / name).is_file()]
    in_place = [{name: (models / name).read_bytes() for name in names}]
    for _ in range(2):
        assert server.train(PET, max_epochs=1, task_epochs=1)["status"] == "DONE"
        in_place.append({name: (models / name).read_bytes() for name in names})
    shipped, second, _ = in_place
    assert len({weights["model.pt"] for weights in in_place}) == 3
    assert {name: (models / "first" / name).read_bytes() for name in names} == shipped
    assert {name: (models / "previous" / name).read_bytes() for name in names} == second
    assert not list(models.glob(".training-*"))


@pytest.mark.parametrize(("model", "cohort"), [(MR, "tiny_mr_cohort"), (FACE, "tiny_face_cohort")])
def test_a_prepared_cohort_as_studies_trains_every_bundle(server, model, cohort, request):
    studies = request.getfixturevalue(cohort)
    linked = server.studies / "datalist.json"
    content = json.loads((studies / "datalist.json").read_text())
    for section in ("training", "validation", "test"):
        for item in content[section]:
            for key in ("image", "label", "regions", "mask", "maps"):
                if isinstance(item.get(key), str):
                    item[key] = str(studies / item[key])
                elif key in item:
                    item[key] = [str(studies / path) for path in item[key]]
    linked.write_text(json.dumps(content))
    weights = server.app / "model" / model / "models" / "model.pt"
    old = weights.read_bytes()
    try:
        state = server.train(model, max_epochs=1, task_epochs=1)
    finally:
        linked.unlink()
    assert state["status"] == "DONE", state
    assert weights.read_bytes() != old
