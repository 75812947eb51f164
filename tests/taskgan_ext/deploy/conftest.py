"""A bundle with a small network that was never trained, and a PET series for it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from preprocessing.pet.dicom_export import write_pet_dicom
from preprocessing.pet.dicom_variant import PetVariant

REVERSED = np.array([[-2.0, 0, 0, 20], [0, -2.5, 0, 30], [0, 0, -3.0, 10], [0, 0, 0, 1]])
BUNDLE = Path(__file__).parents[3] / "bundles" / "pet_denoising"


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("deploy") / BUNDLE.name
    shutil.copytree(BUNDLE / "configs", folder / "configs")
    path = folder / "configs" / "inference.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["network_def"]["channels"] = [4, 8, 8]
    path.write_text(json.dumps(config), encoding="utf-8")
    (folder / "models").mkdir()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = ConfigParser(config).get_parsed_content("network_def")
    torch.save(network.state_dict(), folder / "models" / "model.pt")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def pet_folder(tmp_path: Path) -> Path:
    """A series whose slices run against the normal of its images, the first of them empty."""
    volume = np.random.default_rng(1).gamma(2, 4000, size=(18, 16, 6)).astype(np.float32)
    folder = tmp_path / "source"
    write_pet_dicom(volume, REVERSED, folder, seed=3, variant=PetVariant(empty_first_slice=True))
    return folder
