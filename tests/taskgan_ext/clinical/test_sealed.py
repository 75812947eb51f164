"""A bundle is compared with its manifest before anything in it is parsed, and a config is code."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch

from taskgan_ext.clinical.open_bundle import open_bundle
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.errors import BundleError, CheckpointError, ConfigError
from taskgan_ext.release.manifest import MANIFEST


@pytest.fixture
def copy(pet_bundle: Path, tmp_path: Path) -> Path:
    return shutil.copytree(pet_bundle, tmp_path / "copy" / pet_bundle.name)


def hostile(bundle: Path, witness: Path) -> None:
    """Let whoever parses the configuration leave a trace, in a file of the same length."""
    path = bundle / "configs" / "inference.json"
    length = len(path.read_bytes())
    content = json.loads(path.read_text(encoding="utf-8"))
    content["device"] = f"$__import__('pathlib').Path({str(witness)!r}).touch()"
    del content["handlers"], content["evaluator"], content["dataset"], content["dataloader"]
    path.write_bytes(json.dumps(content).encode().ljust(length))
    assert len(path.read_bytes()) == length


def test_a_changed_config_is_refused_and_never_run(copy: Path, tmp_path: Path) -> None:
    witness = tmp_path / "it ran"
    hostile(copy, witness)
    with pytest.raises(BundleError, match=r"configs/inference.json was changed"):
        open_bundle(ProcessOptions(copy, "cpu"))
    # Not even where the bundle may do without a manifest: it has one.
    with pytest.raises(BundleError, match="was changed"):
        open_bundle(ProcessOptions(copy, "cpu", allow_unsealed=True))
    assert not witness.exists()
    # The trace would be there if it were parsed.
    (copy / MANIFEST).unlink()
    open_bundle(ProcessOptions(copy, "", allow_unsealed=True))
    assert witness.exists()


@pytest.mark.parametrize(
    "file",
    [
        "configs/inference.json",
        "configs/train.json",
        "configs/clinical.json",
        "configs/logging.conf",
        "models/model.pt",
        "models/task_network.pt",
    ],
)
def test_one_flipped_bit_is_refused(file: str, copy: Path) -> None:
    content = bytearray((copy / file).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / file).write_bytes(content)
    with pytest.raises(BundleError, match=f"{file} was changed"):
        open_bundle(ProcessOptions(copy, "cpu"))


def test_another_manifest_than_the_expected_one_is_refused(copy: Path) -> None:
    known = hashlib.sha256((copy / MANIFEST).read_bytes()).hexdigest()
    assert open_bundle(ProcessOptions(copy, "cpu", manifest_sha256=known)).name == "pet_denoising"
    with pytest.raises(BundleError, match="expected a manifest with SHA-256"):
        open_bundle(ProcessOptions(copy, "cpu", manifest_sha256=64 * "0"))


def test_a_bundle_without_a_manifest_is_refused_unless_it_is_asked_for(copy: Path) -> None:
    (copy / MANIFEST).unlink()
    with pytest.raises(BundleError, match=f"expected {MANIFEST}, found none"):
        open_bundle(ProcessOptions(copy, "cpu"))
    assert open_bundle(ProcessOptions(copy, "cpu", allow_unsealed=True)).name == "pet_denoising"


@pytest.mark.parametrize("file", ["model.pt", "task_network.pt"])
def test_weights_of_another_network_and_pickles_are_refused(file: str, copy: Path) -> None:
    (copy / MANIFEST).unlink()
    options = ProcessOptions(copy, "cpu", allow_unsealed=True)
    for content in ({"foo": torch.zeros(1)}, Path("/")):
        torch.save(content, copy / "models" / file)
        with pytest.raises(CheckpointError):
            open_bundle(options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gate": None}, "expected a table gate"),
        ({"applies_to": {}}, "expected a table applies_to"),
        ({"action": "../../x"}, "expected action"),
    ],
)
def test_a_table_that_says_nothing_possible_is_refused(
    change: dict[str, object], message: str, copy: Path
) -> None:
    (copy / MANIFEST).unlink()
    path = copy / "configs" / "clinical.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        open_bundle(ProcessOptions(copy, "cpu", allow_unsealed=True))
    path.unlink()
    with pytest.raises(ConfigError, match="bundles for DICOM"):
        open_bundle(ProcessOptions(copy, "cpu", allow_unsealed=True))
