"""A packed bundle is downloaded by MONAI, checked, and restores images from another directory."""

import hashlib
import sys

import pytest
import torch
from bundle_runs import config_files, tiny_settings
from monai.bundle import download, load, run
from tiny_release import served, trained_bundle

from taskgan_ext.data import load_datalist
from taskgan_ext.errors import BundleError
from taskgan_ext.release import check_bundle
from taskgan_ext.release.pack import pack_bundle


@pytest.fixture(scope="module")
def packed(bundle, cohort, tmp_path_factory):
    """The archive of a bundle with small networks, trained for an epoch."""
    folder = tmp_path_factory.mktemp("packed")
    return pack_bundle(trained_bundle(bundle, cohort, folder), folder / "released")


@pytest.fixture
def fetch(packed, tmp_path, monkeypatch):
    """Function that downloads the archive by MONAI's command and gives the folder of the bundle."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    def run_download():
        name = packed.manifest.name
        with served(packed.archive.parent) as address:
            download(
                name=name,
                url=f"{address}/{packed.archive.name}",
                bundle_dir=str(tmp_path / "zoo"),
                progress=False,
            )
        return tmp_path / "zoo" / name

    return run_download


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:No hash value provided")
def test_a_downloaded_bundle_is_the_packed_one_and_restores_as_it_did(packed, fetch, cohort, monkeypatch):
    folder = fetch()
    known = hashlib.sha256(packed.manifest.to_bytes()).hexdigest()
    assert check_bundle(folder, known) == packed.manifest
    (file,) = config_files(folder, "inference")
    program = f"{next(iter(sys.modules['monai'].__path__))}/bundle/__main__.py"
    monkeypatch.setattr("sys.argv", [program, "run", "--config_file", file])
    settings = tiny_settings(folder, "inference") | {"device": "$torch.device('cpu')"}
    run("run", config_file=file, logging_file=False, dataset_dir=str(cohort), **settings)
    restored = {path.parent.name for path in (folder / "eval" / "restored").rglob("*") if path.is_file()}
    assert restored == {item["subject"] for item in load_datalist(cohort, "test")}
    assert check_bundle(folder, known) == packed.manifest
    network = load(folder.name, bundle_dir=str(folder.parent), workflow_type="inference", device="cpu")
    weights = torch.load(folder / "models" / "model.pt", weights_only=True)
    assert network.state_dict().keys() == weights.keys()
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())
    assert list((folder.parents[1] / "elsewhere").iterdir()) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:No hash value provided")
def test_a_bundle_that_was_there_before_the_download_is_found_by_its_sum(packed, fetch):
    # MONAI skips what it downloaded when the folder is not empty, and says so in its log only.
    folder = fetch()
    with (folder / "configs" / "inference.json").open("a", encoding="utf-8") as file:
        file.write(" ")
    (folder.parent / f"{folder.name}.zip").unlink()
    fetch()
    with pytest.raises(BundleError, match=r"configs/inference\.json was changed"):
        check_bundle(folder)
