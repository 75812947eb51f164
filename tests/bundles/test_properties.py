"""What MONAI's tools and the model zoo demand of a bundle, and the house rules for its configuration."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from bundle_runs import BUNDLES, config_files, tiny_workflow
from monai.bundle import ConfigParser, ckpt_export, verify_metadata, verify_net_in_out

from taskgan_ext.release.contents import REQUIRED
from taskgan_ext.release.verify import SCHEMA

REQUIRED_FILES = (
    *(path for path in REQUIRED if not path.startswith("models/")),
    "configs/train.json",
    "configs/evaluate.json",
    "configs/multi_gpu_train.json",
    "configs/baseline_gan.json",
    "configs/baseline_l1.json",
    "configs/fine_tune.json",
    "configs/onnx.json",
    "configs/tracking.json",
    "docs/data_license.txt",
)
CONFIGS = [
    pytest.param(file, id=f"{bundle.name}/{file.name}")
    for bundle in BUNDLES
    for file in sorted((bundle / "configs").glob("*.json"))
    if file.name != "metadata.json"
]


@pytest.fixture(scope="module")
def exported(bundle, tmp_path_factory):
    """A copy of a bundle whose models/ holds the weights of its full-size generator and their TorchScript."""
    copy = tmp_path_factory.mktemp("exported") / bundle.name
    for part in ("configs", "docs"):
        shutil.copytree(bundle / part, copy / part)
    (copy / "models").mkdir()
    parser = ConfigParser(ConfigParser.load_config_files(config_files(copy, "inference")))
    torch.save(parser.get_parsed_content("network_def").state_dict(), copy / "models" / "model.pt")
    ckpt_export(
        "network_def",
        filepath=str(copy / "models" / "model.ts"),
        ckpt_file=str(copy / "models" / "model.pt"),
        meta_file=str(copy / "configs" / "metadata.json"),
        config_file=str(copy / "configs" / "inference.json"),
        bundle_root=str(copy),
    )
    return copy


def test_training_has_every_property_that_monai_knows(bundle, cohort):
    assert tiny_workflow(bundle, "train", dataset_dir=str(cohort)).check_properties() == []


def test_inference_has_every_property_that_monai_knows(bundle, cohort):
    assert tiny_workflow(bundle, "inference", dataset_dir=str(cohort)).check_properties() == []


def test_training_and_inference_define_the_same_generator(bundle):
    train, inference = map(ConfigParser.load_config_file, config_files(bundle, "train", "inference"))
    assert train["network_def"] == inference["network_def"]
    assert train.get("stack") == inference.get("stack")


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_the_bundle_is_complete(bundle, name):
    assert (bundle / name).is_file()


def test_the_licence_is_that_of_the_repository(bundle):
    assert (bundle / "LICENSE").read_bytes() == (bundle.parents[1] / "LICENSE").read_bytes()


def verify(meta_file: Path) -> None:
    """Compare with the schema of the package: ``verify_metadata`` downloads nothing when the file exists."""
    digest = hashlib.sha256(SCHEMA.read_bytes()).hexdigest()
    verify_metadata(meta_file=str(meta_file), filepath=str(SCHEMA), hash_val=digest, hash_type="sha256")


def test_metadata_follow_the_schema(bundle):
    verify(bundle / "configs" / "metadata.json")


def test_the_schema_refuses_metadata_without_a_network_format(bundle, tmp_path):
    content = json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))
    del content["network_data_format"]["outputs"]
    (tmp_path / "metadata.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match="outputs"):
        verify(tmp_path / "metadata.json")


def test_metadata_name_the_bundle_and_its_version(bundle):
    content = ConfigParser.load_config_file(bundle / "configs" / "metadata.json")
    assert content["name"] == bundle.name
    assert content["version"] in content["changelog"]


def test_network_takes_and_gives_what_the_metadata_say(bundle):
    verify_net_in_out(
        "network_def",
        meta_file=str(bundle / "configs" / "metadata.json"),
        config_file=str(bundle / "configs" / "inference.json"),
        device="cpu",
        bundle_root=str(bundle),
    )


def test_torchscript_agrees_with_the_checkpoint(exported):
    parser = ConfigParser(ConfigParser.load_config_files(config_files(exported, "inference")))
    network = parser.get_parsed_content("network_def")
    network.load_state_dict(torch.load(exported / "models" / "model.pt", weights_only=True))
    script = torch.jit.load(exported / "models" / "model.ts")
    metadata = json.loads((exported / "configs" / "metadata.json").read_text(encoding="utf-8"))
    channels = metadata["network_data_format"]["inputs"]["image"]["num_channels"]
    image = torch.rand(2, channels, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(script.eval()(image), network.eval()(image))


@pytest.mark.parametrize("file", CONFIGS)
def test_lines_are_short_enough_to_read(file):
    assert [line for line in file.read_text(encoding="utf-8").splitlines() if len(line) > 130] == []


@pytest.mark.parametrize("name", ["evaluate.json", "multi_gpu_train.json", "tracking.json", "logging.conf"])
def test_files_that_bundles_share_name_no_modality(bundle, name):
    text = (bundle / "configs" / name).read_text(encoding="utf-8")
    assert not re.search(r"\b(PET|MR|MRI|CT|amyloid|face|Bq)\b|_denoising", text, re.IGNORECASE)
