"""Copies of the bundles whose networks are tiny in the files themselves, as another program reads them."""

import json
import shutil
from pathlib import Path

from bundle_runs import TINY
from monai.bundle import ConfigParser


def copy_tiny_bundle(bundle: Path, folder: Path) -> Path:
    """Copy the configuration of a bundle below ``folder`` and make its networks and trainings small."""
    copy = folder / bundle.name
    shutil.copytree(bundle, copy, ignore=shutil.ignore_patterns("data", "models", "eval"))
    for name in ("train.json", "inference.json"):
        path = copy / "configs" / name
        parser = ConfigParser(json.loads(path.read_text(encoding="utf-8")))
        for id_, value in TINY[bundle.name].items():
            if id_.split("::")[0] in parser.get():
                parser.set(value, id_.replace("::", "#"))
        path.write_text(json.dumps(parser.get(), indent=1), encoding="utf-8")
    return copy
