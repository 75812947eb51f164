"""The model zoo's own verification passes every bundle, in full mode, offline, from outside the repository.

Its script is not part of this repository. To run it: clone https://github.com/Project-MONAI/model-zoo and set
the variable ``MODEL_ZOO`` to the folder.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_release import fresh_weights

from taskgan_ext.release.contents import MODEL_ZOO_BYTES, select_files, too_large_for_the_model_zoo
from taskgan_ext.release.verify import SCHEMA, verify_bundle
from taskgan_ext.release.weights_check import build_network

ZOO = Path(os.environ.get("MODEL_ZOO", ""))
SCRIPT = ZOO / "ci" / "verify_bundle.py"


@pytest.fixture(scope="module")
def models(bundle, tmp_path_factory):
    """What the zoo calls its folder of models, with one bundle, its weights in full size and the schema."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "model_info.json").write_text("{}", encoding="utf-8")
    copy = folder / bundle.name
    shutil.copytree(bundle, copy, ignore=shutil.ignore_patterns("data", "models", "eval"))
    for name in ("models", "eval"):
        (copy / name).mkdir()
    shutil.copy(SCHEMA, copy / "eval" / "schema.json")
    fresh_weights(copy)
    if bundle.name == "mr_contrast_synthesis":
        # The package needs these two for contrasts and their classes; the zoo does not look.
        (copy / "models" / "synthesis.json").write_text("{}", encoding="utf-8")
        network = build_network(copy / "configs" / "classify.json", "task_network_def")
        torch.save(network.state_dict(), copy / "models" / "task_network.pt")
    return folder


@pytest.mark.slow
@pytest.mark.skipif(
    not SCRIPT.is_file(),
    reason="MODEL_ZOO names no checkout of the model zoo: "
    "git clone https://github.com/Project-MONAI/model-zoo, then MODEL_ZOO=FOLDER",
)
def test_the_script_of_the_model_zoo_passes_the_bundle_in_full_mode(bundle, models, tmp_path):
    shutil.copytree(SCRIPT.parent, tmp_path / "ci")
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    result = subprocess.run(
        [sys.executable, "ci/verify_bundle.py", "-b", bundle.name, "-p", str(models), "-m", "full"],
        cwd=tmp_path,
        env=os.environ | nowhere | {"PYTHONPATH": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    for line in (
        "directory is verified correctly.",
        "version and changelog are verified correctly.",
        "metadata format is verified correctly.",
        "properties are verified correctly.",
        "data shape is verified correctly.",
        "export weights into TorchScript module successfully.",
    ):
        assert line in result.stdout


@pytest.mark.slow
def test_the_same_checks_of_this_package_pass_the_bundle(models, bundle):
    paths = verify_bundle(models / bundle.name)
    assert {"LICENSE", "configs/metadata.json", "configs/inference.json", "models/model.pt"} < set(paths)


def test_every_file_may_lie_in_the_repository_of_the_model_zoo(models, bundle):
    copy = models / bundle.name
    chosen, _ = select_files(copy)
    assert too_large_for_the_model_zoo(copy, chosen) == []
    assert not list(copy.glob("large_files*"))


def test_a_file_over_the_limit_of_the_model_zoo_is_named(tmp_path):
    with (tmp_path / "model.pt").open("wb") as file:
        file.truncate(MODEL_ZOO_BYTES + 1)
    (tmp_path / "LICENSE").write_bytes(b"Apache-2.0")
    assert too_large_for_the_model_zoo(tmp_path, ["LICENSE", "model.pt"]) == ["model.pt"]


def test_the_model_card_has_the_parts_that_the_zoo_asks_for(bundle):
    text = (bundle / "docs" / "README.md").read_text(encoding="utf-8")
    heads = (
        "Authors",
        "Tags",
        "Model",
        "Data",
        "Commands",
        "Measured results",
        "System",
        "Limits",
        "References",
    )
    assert [head for head in heads if f"\n## {head}\n" not in text] == []
    assert "../" not in text


def test_metadata_name_versions_that_pip_can_install_together(bundle):
    content = json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))
    versions = [content[f"{name}_version"] for name in ("monai", "pytorch", "numpy")]
    versions += content["required_packages_version"].values()
    assert all(version.count(".") == 2 and version.replace(".", "").isdigit() for version in versions)
    assert isinstance(content["supported_apps"], dict)
