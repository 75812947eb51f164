"""A bundle that was zipped, carried away and unzipped works with the installed package alone."""

import shutil
import subprocess
import sys

import pytest
import torch
from bundle_runs import config_files, tiny_settings
from monai.bundle import ConfigParser, create_workflow, load, run

from taskgan_ext.data import load_datalist

NOT_NEEDED = ("pydicom", "SimpleITK", "mlflow", "matplotlib", "highdicom", "skimage", "nilearn")


@pytest.fixture
def unzipped(bundle, tmp_path, monkeypatch):
    """The bundle from a zip file, in a folder far from the repository, seen from another directory."""
    versioned = shutil.ignore_patterns("data", "models", "eval")
    shutil.copytree(bundle, tmp_path / "packed" / bundle.name, ignore=versioned)
    archive = shutil.make_archive(str(tmp_path / "bundle"), "zip", tmp_path / "packed", bundle.name)
    shutil.unpack_archive(archive, tmp_path / "carried away")
    shutil.rmtree(tmp_path / "packed")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return tmp_path / "carried away" / bundle.name


def run_in_process(run_id, unzipped, monkeypatch, name, **overrides):
    """What ``python -m monai.bundle run`` does, with the command line that the bundle looks at."""
    (file,) = config_files(unzipped, name)
    program = f"{next(iter(sys.modules['monai'].__path__))}/bundle/__main__.py"
    monkeypatch.setattr("sys.argv", [program, "run", run_id, "--config_file", file])
    settings = tiny_settings(unzipped, name) | {"device": "$torch.device('cpu')"} | overrides
    run(run_id, config_file=file, logging_file=False, **settings)


def test_an_unzipped_bundle_trains_and_restores_within_its_own_folder(unzipped, cohort, monkeypatch):
    run_in_process("training", unzipped, monkeypatch, "train", dataset_dir=str(cohort))
    assert (unzipped / "models" / "model.pt").is_file()
    assert (unzipped / "eval" / "history.csv").is_file()
    run_in_process("inferring", unzipped, monkeypatch, "inference", dataset_dir=str(cohort))
    restored = {path.parent.name for path in (unzipped / "eval" / "restored").rglob("*") if path.is_file()}
    assert restored == {item["subject"] for item in load_datalist(cohort, "test")}
    assert list((unzipped.parents[1] / "elsewhere").iterdir()) == []


def test_monai_builds_the_inference_of_an_unzipped_bundle_without_weights(unzipped):
    (file,) = config_files(unzipped, "inference")
    workflow = create_workflow(config_file=file, workflow_type="inference", logging_file=False)
    assert isinstance(workflow.network_def, torch.nn.Module)
    assert not (unzipped / "models").exists()


def test_monai_loads_the_network_of_an_unzipped_bundle_with_its_weights(unzipped):
    (file,) = config_files(unzipped, "inference")
    network = ConfigParser(ConfigParser.load_config_file(file)).get_parsed_content("network_def")
    (unzipped / "models").mkdir()
    torch.save(network.state_dict(), unzipped / "models" / "model.pt")
    loaded = load(unzipped.name, bundle_dir=str(unzipped.parent), workflow_type="inference", device="cpu")
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=0, atol=0)


def test_core_and_generator_need_no_optional_package(bundle, tmp_path):
    script = f"""
import sys
sys.modules.update(dict.fromkeys({NOT_NEEDED}))
import taskgan_ext.bundle, taskgan_ext.engines, taskgan_ext.handlers, taskgan_ext.metrics
from monai.bundle import ConfigParser
parser = ConfigParser(ConfigParser.load_config_file({str(bundle / "configs" / "inference.json")!r}))
for name in ("network", "inferer", "preprocessing", "postprocessing", "handlers"):
    parser.get_parsed_content(name)
"""
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
