"""The examples run as they stand, from another folder; so does the guide to a bundle of one's own."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
NAMES = ("train_from_python", "own_training_loop", "restore_from_python")
SCRIPTS = [EXAMPLES / f"{name}.py" for name in NAMES]
GUIDE = (ROOT / "docs" / "own_bundle.md").read_text(encoding="utf-8")
PACKAGE = EXAMPLES / "fourth_bundle" / "lesion_task"
SMALLER = {
    "--number 40": "--number 12",
    '"epochs": 16': '"epochs": 1',
    '"task_epochs": 16': '"task_epochs": 1',
    '"epoch_samples": 192': '"epoch_samples": 8',
    '"channels": [32, 64, 64, 64]': '"channels": [4, 8, 8, 8]',
    '"discriminator_def::channels": [32, 64, 64, 64]': '"discriminator_def::channels": [4, 8, 8, 8]',
}
"""What the test of the guide makes smaller in it."""


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working directory outside the repository, and a command line that is the script's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["example"])
    monkeypatch.setattr("sys.excepthook", sys.excepthook)  # a bundle that starts replaces it
    monkeypatch.setenv("MPLBACKEND", "Agg")
    return tmp_path


def run_example(name):
    """Run a script to its end and give its variables."""
    return runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def blocks(language):
    """The fenced blocks of the guide in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_training_from_python_gains_on_its_input_and_writes_the_case(elsewhere):
    found = run_example("train_from_python.py")
    metrics = found["tester"].state.metrics
    assert metrics["psnr"] > metrics["psnr_of_input"] + 1
    (restored,) = (elsewhere / "train_from_python").glob("*_restored.nii.gz")
    image = nib.load(restored)
    np.testing.assert_array_equal(image.shape, found["case"]["label"].shape[1:])
    np.testing.assert_allclose(image.affine, found["case"]["label"].affine, atol=1e-5)
    assert (elsewhere / "train_from_python" / "result.png").is_file()


def test_own_loop_makes_the_images_cleaner(elsewhere, capsys):
    found = run_example("own_training_loop.py")
    after, before = (float(word) for word in re.findall(r"\d\.\d+", capsys.readouterr().out)[:2])
    assert after < before
    assert all(np.isfinite(value) for value in found["trainer"].state.metrics.values())
    assert list(elsewhere.iterdir()) == []


def test_a_bundle_restores_from_python(elsewhere, tiny_cohort):
    bundle = elsewhere / "bundles" / "pet_denoising"
    shutil.copytree(ROOT / "bundles" / "pet_denoising" / "configs", bundle / "configs")
    shutil.copytree(tiny_cohort, bundle / "data")
    parser = ConfigParser(ConfigParser.load_config_file(bundle / "configs" / "inference.json"))
    (bundle / "models").mkdir()
    torch.save(parser.get_parsed_content("network_def").state_dict(), bundle / "models" / "model.pt")
    found = run_example("restore_from_python.py")
    (written,) = (elsewhere / "restored").rglob("*.nii.gz")
    np.testing.assert_allclose(nib.load(written).get_fdata(), found["restored"][0].numpy(), rtol=1e-6)
    original = nib.load(found["first"])
    np.testing.assert_allclose(nib.load(written).affine, original.affine, atol=1e-5)
    # The cohort is LAS: what is shown must be turned, both images alike.
    shown = {key: image[0].numpy() for key, image in found["shown"].items()}
    np.testing.assert_allclose(shown["input"], original.get_fdata()[::-1], rtol=1e-5, atol=1e-2)
    np.testing.assert_allclose(shown["restored"], nib.load(written).get_fdata()[::-1], rtol=1e-6)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_an_example_is_a_script_of_cells_that_begins_with_its_title(path):
    cells = re.split(r"^# %%", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert cells[0] == ""
    assert cells[1].startswith(" [markdown]\n# # ")
    assert {cell.partition("\n")[0] for cell in cells[1:]} == {"", " [markdown]"}
    for cell in cells[1:]:
        head, _, body = cell.partition("\n")
        if head:
            assert all(line.startswith("#") for line in body.splitlines() if line)
        else:
            compile(body, path.name, "exec")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_example_has_its_paragraph(path):
    assert f"(examples/{path.name})" in (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


def test_the_guide_shows_the_task_network_as_it_is():
    (shown,) = blocks("python")
    assert shown in (PACKAGE / "network.py").read_text(encoding="utf-8")


def test_the_guide_shows_an_item_with_the_keys_that_its_script_writes(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(PACKAGE.parent))
    volume, affine = np.ones((4, 4, 2), dtype=np.float32), np.eye(4)
    for kind in ("target", "degraded"):
        (tmp_path / kind).mkdir()
        nib.save(nib.Nifti1Image(volume, affine), tmp_path / kind / "sub-001.nii.gz")
    script = runpy.run_path(str(PACKAGE / "write_datalist.py"))
    item = script["write_subject"](tmp_path, tmp_path / "data", "sub-001", 0.219)
    (shown,) = blocks("json")
    assert json.loads(shown) == item | {"true_load": 0.22}


@pytest.mark.slow
def test_the_guide_to_a_bundle_of_ones_own_can_be_followed(tmp_path):
    script = "\n".join(blocks("bash"))
    for large, small in SMALLER.items():
        assert large in script
        script = script.replace(large, small)
    (tmp_path / "work").mkdir()
    settings = {
        "REPO": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
    }
    found = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path / "work",
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-4000:]
    assert "all properties are there" in found.stdout
    work = tmp_path / "work"
    assert (work / "lesion_restoration" / "eval" / "report.html").is_file()
    assert (work / "restored" / "sub-001_restored.nii.gz").is_file()
    assert (work / "release" / "lesion_restoration_v0.1.0.zip").is_file()
    summary = (work / "lesion_restoration" / "eval" / "summary.csv").read_text(encoding="utf-8")
    assert "judge_load_error" in summary
