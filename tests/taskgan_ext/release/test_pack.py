"""A bundle is packed only after every check, into the same bytes each time, without what stays at home."""

import json
import os
import shutil
import time
import zipfile
from pathlib import Path

import pytest
import torch
from bundle_runs import BUNDLES
from monai.bundle import ckpt_export
from tiny_release import copy_with_small_networks, fresh_weights

from taskgan_ext.errors import BundleError, CheckpointError, DependencyError
from taskgan_ext.io.digest import sha256
from taskgan_ext.release.__main__ import main
from taskgan_ext.release.check import check_bundle
from taskgan_ext.release.pack import pack_bundle, write_archive

(PET,) = [bundle for bundle in BUNDLES if bundle.name == "pet_denoising"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A bundle with small networks and weights; tests copy it."""
    bundle = copy_with_small_networks(PET, tmp_path_factory.mktemp("model"))
    fresh_weights(bundle)
    return bundle


@pytest.fixture
def bundle(model, tmp_path):
    """A copy to change."""
    return shutil.copytree(model, tmp_path / model.name)


def edit(path, **fields):
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | fields), encoding="utf-8")


def refused(bundle, out, match, kind=BundleError):
    """Packing fails with this message and writes nothing."""
    with pytest.raises(kind, match=match) as found:
        pack_bundle(bundle, out)
    assert not out.exists() or list(out.iterdir()) == []
    return str(found.value)


class Shell:
    """An object whose pickle runs a command when it is loaded."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self):
        return os.system, (f"touch {self.proof}",)


def test_a_packed_bundle_holds_what_a_site_needs_and_nothing_else(bundle, tmp_path):
    secrets = [
        "models/training_state.pt",
        "models/task_training_state.pt",
        "models/judge.pt",
        "models/judge_training_state.pt",
        "models/training_subjects.json",
        "models/fine_tuned/model.pt",
        "models/.writing-abc.pt",
        "configs/train.json~",
        "configs/.train.json.swp",
        "configs/copy of train.json",
        "docs/notes.docx",
        "scripts/network.py",
        ".DS_Store",
    ]
    for path in [*secrets, "data/datalist.json", "eval/cases.csv"]:
        (bundle / path).parent.mkdir(parents=True, exist_ok=True)
        (bundle / path).write_text("Jane Doe")
    packed = pack_bundle(bundle, tmp_path / "out")
    assert packed.left_out == sorted(secrets)
    assert b"Jane Doe" not in packed.archive.read_bytes()
    versioned = {path.relative_to(PET).as_posix() for path in PET.rglob("*") if path.is_file()}
    runs = ("data/", "eval/", "models/")
    wanted = {path for path in versioned if not path.startswith(runs)} | {"models/model.pt"}
    assert packed.manifest.files.keys() == wanted
    assert packed.archive.name == "pet_denoising_v0.1.0.zip"
    assert check_bundle(packed.archive) == packed.manifest


def test_the_same_files_give_the_same_bytes(model, tmp_path):
    manifest = pack_bundle(model, tmp_path).manifest
    copy = shutil.copytree(model, tmp_path / "copy", copy_function=shutil.copyfile)
    for path in copy.rglob("*"):
        os.utime(path, (0, time.time() // 2))
        path.chmod(0o700)
    write_archive(tmp_path / "again.zip", copy, manifest)
    assert sha256(tmp_path / "again.zip") == sha256(tmp_path / "pet_denoising_v0.1.0.zip")
    with zipfile.ZipFile(tmp_path / "again.zip") as archive:
        names = archive.namelist()
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}
    assert names == ["pet_denoising/manifest.json", *sorted(names[1:])]


def test_a_released_version_never_changes(bundle, tmp_path):
    out = tmp_path / "out"
    first = sha256(pack_bundle(bundle, out).archive)
    assert sha256(pack_bundle(bundle, out).archive) == first
    with (bundle / "docs/README.md").open("a", encoding="utf-8") as file:
        file.write("\nOne more line.\n")
    with pytest.raises(BundleError, match="a released version never changes: raise it"):
        pack_bundle(bundle, out)
    assert [sha256(path) for path in out.iterdir()] == [first]
    edit(bundle / "configs/metadata.json", version="0.1.1", changelog={"0.1.1": "a line", "0.1.0": "first"})
    assert pack_bundle(bundle, out).archive.name == "pet_denoising_v0.1.1.zip"


def test_without_weights_nothing_is_packed(bundle, tmp_path):
    (bundle / "models/model.pt").unlink()
    refused(bundle, tmp_path / "out", r"expected trained weights.*monai.bundle run training")


def test_an_incomplete_bundle_is_not_packed(bundle, tmp_path):
    (bundle / "LICENSE").unlink()
    refused(bundle, tmp_path / "out", "there is no LICENSE")


def test_a_pickle_that_runs_a_command_is_not_loaded(bundle, tmp_path):
    torch.save({"weight": Shell(tmp_path / "proof")}, bundle / "models/model.pt")
    message = refused(bundle, tmp_path / "out", "cannot be read", CheckpointError)
    assert not (tmp_path / "proof").exists()
    assert "weights_only=False" not in message


@pytest.mark.parametrize("change", ["partial", "more", "shape", "nested", "nonfinite"])
def test_weights_that_are_not_those_of_the_network_are_not_packed(bundle, tmp_path, change):
    path = bundle / "models/model.pt"
    weights = torch.load(path, weights_only=True)
    name = next(iter(weights))
    if change == "partial":
        del weights[name]
    elif change == "shape":
        weights[name] = weights[name][:-1]
    elif change == "nonfinite":
        weights[name].view(-1)[0] = torch.nan
    elif change == "more":
        weights["extra"] = torch.zeros(1)
    torch.save({"model": weights} if change == "nested" else weights, path)
    kind = BundleError if change == "nonfinite" else CheckpointError
    refused(bundle, tmp_path / "out", "expected (the weights of|finite weights)", kind)


@pytest.mark.parametrize(
    ("file", "fields"),
    [
        ("train", {"run": [{"_target_": "os.system", "command": "touch PROOF"}]}),
        ("train", {"imports": ["$__import__('os').system('touch PROOF')"]}),
        ("inference", {"network_def": {"_target_": "os.system", "command": "touch PROOF"}}),
        ("evaluate", {"initialize": ["$import os"]}),
        ("tracking", {"extra": {"_target_": "torch.os.system", "command": "touch PROOF"}}),
        ("metadata", {"description": "$__import__('os').system('touch PROOF')"}),
    ],
)
def test_configurations_that_run_commands_are_refused_before_they_are_parsed(bundle, tmp_path, file, fields):
    text = json.dumps(fields).replace("PROOF", str(tmp_path / "proof"))
    edit(bundle / f"configs/{file}.json", **json.loads(text))
    refused(bundle, tmp_path / "out", f"configs/{file}.json: ")
    assert not (tmp_path / "proof").exists()


def test_a_path_of_this_machine_is_refused(bundle, tmp_path):
    edit(bundle / "configs/train.json", dataset_dir=str(tmp_path))
    refused(bundle, tmp_path / "out", r"configs/train\.json: dataset_dir: ")


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"name": "other"}, "expected the name of the folder"),
        ({"version": "0.2"}, "expected a version of three numbers"),
        ({"version": "0.2.0"}, "expected a line of the changelog for version 0.2.0"),
        ({"network_data_format": {"inputs": {}}}, "outputs"),
        ({"copyright": 3}, "copyright|is not of type"),
    ],
)
def test_metadata_that_the_model_zoo_would_refuse_are_refused(bundle, tmp_path, fields, match):
    edit(bundle / "configs/metadata.json", **fields)
    refused(bundle, tmp_path / "out", match)


def test_a_bundle_for_newer_packages_is_not_verified_with_older_ones(bundle, tmp_path):
    edit(bundle / "configs/metadata.json", monai_version="99.0.0")
    refused(bundle, tmp_path / "out", r"monai >= 99\.0\.0", DependencyError)


def test_channels_that_are_not_those_of_the_metadata_are_refused(bundle, tmp_path):
    path = bundle / "configs/metadata.json"
    content = json.loads(path.read_text("utf-8"))
    content["network_data_format"]["inputs"]["image"]["num_channels"] = 4
    path.write_text(json.dumps(content))
    refused(bundle, tmp_path / "out", "network in and out fails the check")


def test_a_missing_id_is_named(bundle, tmp_path):
    path = bundle / "configs/inference.json"
    content = json.loads(path.read_text("utf-8"))
    del content["inferer"]
    path.write_text(json.dumps(content))
    refused(bundle, tmp_path / "out", r"there is no configs/inference\.json: inferer")


@pytest.mark.parametrize("name", ["model.onnx", "model.pt2"])
def test_an_export_that_nothing_tells_of_is_refused(bundle, tmp_path, name):
    (bundle / "models" / name).write_bytes(b"export")
    refused(bundle, tmp_path / "out", r"expected models/export\.json")


def test_an_export_goes_along_while_the_weights_are_those_it_was_made_of(bundle, tmp_path):
    export = bundle / "models/model.onnx"
    export.write_bytes(b"export")
    entry = {"file": "model.onnx", "sha256": sha256(export)}
    record = {"checkpoint_sha256": sha256(bundle / "models/model.pt"), "formats": {"onnx": entry}}
    (bundle / "models/export.json").write_text(json.dumps(record))
    packed = pack_bundle(bundle, tmp_path / "out")
    assert {"models/model.onnx", "models/export.json"} < packed.manifest.files.keys()
    fresh_weights(bundle)
    refused(bundle, tmp_path / "again", "expected exports of models/model.pt, found others")


def test_torchscript_of_other_weights_is_refused(bundle, tmp_path):
    files = {"meta_file": "metadata", "config_file": "inference"}
    places = {key: str(bundle / f"configs/{name}.json") for key, name in files.items()}
    places |= {"filepath": str(bundle / "models/model.ts"), "ckpt_file": str(bundle / "models/model.pt")}
    ckpt_export("network_def", bundle_root=str(bundle), **places)
    assert "models/model.ts" in pack_bundle(bundle, tmp_path / "out").manifest.files
    fresh_weights(bundle)
    refused(bundle, tmp_path / "again", r"model\.ts: expected the weights of models/model\.pt")


def test_a_bundle_with_a_package_of_ones_own_is_packed_and_checked_by_those_who_allow_it(
    bundle, tmp_path, monkeypatch, capsys
):
    monkeypatch.syspath_prepend(str(BUNDLES[0].parents[1] / "docs" / "examples" / "fourth_bundle"))
    edit(
        bundle / "configs/train.json", task_network_def={"_target_": "lesion_task.network.LesionLoadNetwork"}
    )
    message = refused(bundle, tmp_path / "out", r"task_network_def: _target_ 'lesion_task\.network\.Lesion")
    assert message.endswith("allowed with --allow-package NAME")
    allowed = ["--allow-package", "lesion_task"]
    assert main(["pack", str(bundle), "--out", str(tmp_path), *allowed]) == 0
    archive = capsys.readouterr().out.splitlines()[2]
    unpack = ["unpack", archive, "--out", str(tmp_path / "unpacked")]
    assert [main(["check", archive]), main(unpack), main(["check", archive, "--allow-package", "os"])] == [
        2
    ] * 3
    assert [main(["check", archive, *allowed]), main([*unpack, *allowed])] == [0, 0]


def test_the_commands_pack_check_and_unpack(model, tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main(["pack", str(model), "--out", out]) == 0
    lines = capsys.readouterr().out.splitlines()
    archive, digest = lines[2], lines[1].split()[-1]
    assert main(["check", archive, "--sha256", digest]) == 0
    assert main(["unpack", archive, "--out", out, "--sha256", digest]) == 0
    assert main(["check", f"{out}/pet_denoising"]) == 0
    assert capsys.readouterr().err == ""
    with Path(f"{out}/pet_denoising/configs/train.json").open("a") as file:
        file.write(" ")
    for arguments in (["check", f"{out}/pet_denoising"], ["check", archive, "--sha256", "0" * 64]):
        assert main(arguments) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("error: ")
        assert captured.err.count("\n") == 1
