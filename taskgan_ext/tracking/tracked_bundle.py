"""The bundle that a run belongs to: its name, its settings, its environment and its trained weights."""

import json
from pathlib import Path
from typing import Any

import taskgan_ext
from taskgan_ext.errors import ConfigError
from taskgan_ext.handlers.tracking import executed_config
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.tracking.bundle_copy import bundle_facts, copy_bundle, own_configs
from taskgan_ext.tracking.environment import environment_tags
from taskgan_ext.tracking.private_text import clean_config

_DIGESTS = {"weights.model": "model.pt", "weights.task_network": "task_network.pt"}


class TrackedBundle:
    """A bundle, as a run tells it.

    Args:
        root: folder of the bundle.
        weights: folder of the trained weights.
        config: file of the executed configuration, as MONAI knows it; empty for none.
    """

    def __init__(self, root: Path, weights: Path, config: str) -> None:
        self.root, self.weights = root, weights
        self.config = Path(executed_config(config)) if config else None

    def check(self, complete: bool) -> None:
        """Refuse a folder that holds no bundle.

        Args:
            complete: whether the bundle becomes a registered model, which needs its configurations.

        Raises:
            ConfigError: with the folder, and what is missing.
        """
        if not self.root.is_dir():
            raise ConfigError(f"bundle_root {self.root}: expected the folder of a bundle, found none")
        if complete and not (self.root / "configs" / "metadata.json").is_file():
            raise ConfigError(
                f"bundle_root {self.root}: expected configs/metadata.json of the bundle that is to be "
                "registered, found none; correct the folder, or give --register_model False"
            )

    @property
    def facts(self) -> dict[str, str]:
        """Name and version, see ``bundle_facts``."""
        return bundle_facts(self.root)

    def environment(self) -> dict[str, str]:
        """Describe with what the bundle runs in this process, see ``environment_tags``."""
        return {
            "bundle.version": self.facts["bundle.version"],
            **environment_tags(Path(taskgan_ext.__file__).parent, self.root),
        }

    def executed_config(self) -> dict[str, Any]:
        """Read the executed configuration without names of persons and places; empty where there is none."""
        if self.config is None or not self.config.is_file():
            return {}
        return clean_config(read_json(self.config), own_configs(self.root).values())

    def sizes(self) -> dict[str, str]:
        """Give the arguments of the networks that the executed configuration defines, as JSON by name."""
        return {
            f"{name}.{argument}": json.dumps(value)
            for name, definition in self.executed_config().items()
            if name.endswith("_def")
            for argument, value in definition.items()
            if not argument.startswith("_")
        }

    def digests(self) -> dict[str, str]:
        """Give the SHA-256 of the files of weights, as 64 hexadecimal digits by name."""
        return {
            name: sha256(self.weights / file)
            for name, file in _DIGESTS.items()
            if (self.weights / file).is_file()
        }

    def copy(self, out: Path) -> None:
        """Write the bundle with its weights, see ``copy_bundle``.

        Args:
            out: existing folder to fill.
        """
        copy_bundle(self.root, self.weights, self.executed_config(), out)
