"""What of a bundle's folder belongs into its archive."""

import re
from collections.abc import Sequence
from pathlib import Path

from taskgan_ext.errors import BundleError
from taskgan_ext.release.folder_source import FolderSource
from taskgan_ext.release.manifest import MANIFEST

WEIGHTS = "models/model.pt"
MODEL_ZOO_BYTES = 25 * 10**6
REQUIRED = (
    "LICENSE",
    "configs/inference.json",
    "configs/logging.conf",
    "configs/metadata.json",
    "docs/README.md",
    WEIGHTS,
)
NEEDED_FOR = {
    "taskgan_ext.mr.tuned_synthesis.TunedSynthesis": "models/synthesis.json",
    "/models/task_network.pt": "models/task_network.pt",
}
"""What a configuration that is run without data lists may name, and the file that it then reads."""
ALLOWED = re.compile(
    "|".join(
        [
            "LICENSE",
            r"configs/[a-z0-9_]+\.json",
            r"configs/logging\.conf",
            r"docs/(README\.md|(data_)?license\.txt|[a-z0-9_]+\.png)",
            # The generator, its exports with their variants and what was measured of them, the task network,
            # and what the MR bundle needs to predict contrasts by physics.
            r"models/(model|task_network)\.pt",
            r"models/model(_[a-z0-9]+)?\.(ts|pt2|onnx|onnx\.data)",
            r"models/(export|synthesis)\.json",
        ]
    )
)
"""All else stays at home: data, results, states of training, lists of subjects, leftovers of editors."""


def select_files(bundle: Path) -> tuple[list[str], list[str]]:
    """Divide the files of a bundle into those to pack and those to leave out.

    Args:
        bundle: its folder.

    Returns:
        Sorted paths below the folder, with ``/``: to pack, and left out. ``data`` and ``eval`` are not even
        listed, and an earlier manifest counts as neither.

    Raises:
        BundleError: a file that every bundle needs is missing, or links lie in the folder.
    """
    if not bundle.is_dir():
        raise BundleError(f"{bundle}: expected the folder of a bundle, found none")
    found = sorted(FolderSource(bundle).sizes())
    chosen = [path for path in found if ALLOWED.fullmatch(path)]
    missing = [path for path in [*REQUIRED, *_needed(bundle, chosen)] if path not in chosen]
    if WEIGHTS in missing:
        raise BundleError(
            f"{bundle}: expected trained weights in {WEIGHTS}, found none; make them with: "
            f"python -m monai.bundle run training --config_file {bundle}/configs/train.json"
        )
    if missing:
        raise BundleError(f"{bundle}: expected a complete bundle, but there is no {', '.join(missing)}")
    left_out = [path for path in found if path not in chosen and path != MANIFEST]
    return chosen, left_out


def _needed(bundle: Path, paths: Sequence[str]) -> list[str]:
    run_alone = [path for path in paths if path in {"configs/inference.json", "configs/classify.json"}]
    texts = [(bundle / path).read_text(encoding="utf-8", errors="replace") for path in run_alone]
    return [file for name, file in NEEDED_FOR.items() if any(name in text for text in texts)]


def too_large_for_the_model_zoo(bundle: Path, paths: Sequence[str]) -> list[str]:
    """Files that the repository of the model zoo takes as an entry of ``large_files.yml`` only.

    Args:
        bundle: its folder.
        paths: to pack.

    Returns:
        Those of more than 25 MB.
    """
    return [path for path in paths if (bundle / path).stat().st_size > MODEL_ZOO_BYTES]
