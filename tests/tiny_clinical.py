"""A sealed PET bundle for clinical use whose small networks have learned nothing."""

import json
from pathlib import Path
from typing import Any

import torch
from bundle_runs import REPOSITORY
from monai.bundle import ConfigParser
from tiny_release import copy_with_small_networks, fresh_weights, write_manifest

ANYTHING = [[0, 1000]] * 3
"""Ranges of voxels and shapes that every scan is in."""
OPEN_GATE = {"activity_ratio": [0, 1e30], "peak_ratio": [0, 1e30]}


def change_json(path: Path, **fields: Any) -> None:
    """Replace entries of a JSON file; those whose value is a mapping are merged."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for name, value in fields.items():
        content[name] = content[name] | value if isinstance(value, dict) and name != "gate" else value
    path.write_text(json.dumps(content), encoding="utf-8")


def make_pet_bundle(folder: Path, **network: Any) -> Path:
    """A PET bundle that takes any grid; its gate flags nothing."""
    bundle = copy_with_small_networks(REPOSITORY / "bundles" / "pet_denoising", folder)
    configs = bundle / "configs"
    change_json(
        configs / "clinical.json", applies_to={"voxel_mm": ANYTHING, "shape": ANYTHING}, gate=OPEN_GATE
    )
    change_json(configs / "inference.json", network_def=network)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        fresh_weights(bundle)
        parser = ConfigParser(json.loads((configs / "train.json").read_text(encoding="utf-8")))
        task_network = parser.get_parsed_content("task_network_def")
    torch.save(task_network.state_dict(), bundle / "models" / "task_network.pt")
    write_manifest(bundle)
    return bundle
