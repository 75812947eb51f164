"""A bundle as it was trained, in a folder that can be used anywhere."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.tracking.private_text import clean_config

_CONFIGS = (
    "metadata.json",
    "train.json",
    "inference.json",
    "classify.json",
    "clinical.json",
    "evaluate.json",
    "fine_tune.json",
    "baseline_gan.json",
    "baseline_l1.json",
    "multi_gpu_train.json",
    "onnx.json",
    "tracking.json",
)
_OTHER_FILES = ("LICENSE", "configs/logging.conf", "docs/README.md", "docs/data_license.txt")
_WEIGHTS = ("model.pt", "task_network.pt", "synthesis.json")
_OF_THE_PLACE = {"imports", "bundle_root", "device", "initialize", "run", "training", "finalize"}
"""Settings of a run that say where it ran, or how MONAI calls it."""


def own_configs(bundle_root: Path) -> dict[str, dict[str, Any]]:
    """Read the configuration files that belong to a bundle.

    A file of another name in the folder is the site's own and does not count.

    Args:
        bundle_root: folder of the bundle.

    Returns:
        Their contents by file name.

    Raises:
        DataError: a file cannot be read.
    """
    paths = [bundle_root / "configs" / name for name in _CONFIGS]
    return {path.name: read_json(path) for path in paths if path.is_file()}


def bundle_facts(bundle_root: Path) -> dict[str, str]:
    """Name a bundle and its version.

    Args:
        bundle_root: folder of the bundle.

    Returns:
        ``bundle`` and ``bundle.version``; the name is ``task_gan`` where there is no ``metadata.json``.
    """
    path = bundle_root / "configs" / "metadata.json"
    metadata = read_json(path) if path.is_file() else {}
    return {"bundle": metadata.get("name", "task_gan"), "bundle.version": str(metadata.get("version", ""))}


def copy_bundle(bundle_root: Path, weights: Path, executed: Mapping[str, Any], out: Path) -> None:
    """Copy what a bundle needs to run, with the settings of a training.

    Where a setting of ``train.json`` was overridden, the copy has the value that the training used, also in
    the other configurations that have the same setting, such as the size of the network in
    ``inference.json``. What names a place is not taken over, and a path that somebody wrote into a file of
    the bundle is taken out.

    Args:
        bundle_root: folder of the bundle.
        weights: folder of the trained weights.
        executed: cleaned configuration of the training; empty keeps the files as they are.
        out: existing folder to fill.
    """
    configs = own_configs(bundle_root)
    changed = _changed_settings(configs.get("train.json", {}), executed)
    original = configs.get("train.json", {})
    for name, content in configs.items():
        wanted = (
            clean_config(content, configs.values())
            if name not in ("metadata.json", "tracking.json")
            else content
        )
        if name in ("train.json", "inference.json", "classify.json"):
            wanted |= {
                key: value
                for key, value in changed.items()
                if key in content and content[key] == original[key]
            }
        if wanted == content:
            _copy(bundle_root / "configs" / name, out / "configs" / name)
        else:
            write_json(out / "configs" / name, wanted)
    for name in _OTHER_FILES:
        if (bundle_root / name).is_file():
            _copy(bundle_root / name, out / name)
    for name in _WEIGHTS:
        if (weights / name).is_file():
            _copy(weights / name, out / "models" / name)


def _changed_settings(original: Mapping[str, Any], executed: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: executed[name]
        for name, value in original.items()
        if name in executed
        and executed[name] != value
        and name not in _OF_THE_PLACE
        and not _is_hidden(executed[name])
    }


def _is_hidden(value: Any) -> bool:  # noqa: ANN401  # JSON
    if isinstance(value, Mapping):
        return any(_is_hidden(each) for each in value.values())
    if isinstance(value, list):
        return any(_is_hidden(each) for each in value)
    return isinstance(value, str) and value.startswith("<") and value.endswith(">")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # The content alone, without times and rights.
    shutil.copyfile(source, target)
