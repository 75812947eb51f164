"""What is to be synthesised: every contrast of every prepared subject."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.keys import CASE, CONTRAST, IMAGE, MAPS, MASK, PROPERTY, SUBJECT, TEST, UNLIKE_TRAINING
from taskgan_ext.mr.acquisition import MDME_ENDING, Acquisition, read_acquisition
from taskgan_ext.mr.protocol import CONTRASTS
from taskgan_ext.mr.relaxation_maps import INPUT_MAPS
from taskgan_ext.mr.tuned_synthesis import TunedSynthesis

logger = logging.getLogger(__name__)


def list_contrasts(
    path: str | os.PathLike[str],
    synthesis: TunedSynthesis,
    contrasts: Sequence[str] | None = None,
    make_with: str = "",
) -> list[dict[str, Any]]:
    """List the contrasts to synthesise, one item for each subject and contrast.

    A scan that differs from those of the training is listed too, with a warning.

    Args:
        path: a prepared subject's folder or its ``..._mdme.nii.gz``, a folder of such folders, or a data list
            or the folder that holds it (its test section).
        synthesis: tells the contrasts that the network was trained for, and how its scans were acquired.
        contrasts: names, in any order; ``None`` for all that the network was trained for.
        make_with: the command that makes a data list; it ends the message when there is nothing.

    Returns:
        Items with ``image``, ``maps``, ``mask``, ``subject``, ``contrast``, ``property`` (the index of the
        class that the network knows), ``case`` and ``unlike_training`` (text, empty where the scan is like
        those of the training).

    Raises:
        DataError: there is no prepared subject, or one lacks a map or its mask.
        ConfigError: a contrast is unknown or given twice, or the network was not trained for it.
        CheckpointError: the file of the synthesis is there and cannot be read.
    """
    path = Path(path)
    if path.suffix == ".json" or (path / "datalist.json").is_file():
        items = load_datalist(path, TEST, make_with)
        found = {item[SUBJECT]: {key: item[key] for key in (IMAGE, MAPS, MASK)} for item in items}
    else:
        found = {_name(file): _files(file) for file in _mdme_files(path)}
    if not found:
        hint = f"; make simulated ones with: {make_with}" if make_with else ""
        raise DataError(
            f"{path}: expected prepared subjects (..._mdme.nii.gz with maps and mask), found none; prepare "
            f"a scan with: python -m preprocessing mr import --mdme SCAN --out DIR{hint}"
        )
    # A bundle without weights can be read and listed too; loading an image then says what is missing.
    ready = synthesis.path.is_file()
    trained = [name for name in CONTRASTS if not ready or synthesis.entries[name].trained]
    chosen = trained if contrasts is None else _checked(contrasts, trained)
    wanted = synthesis.acquisition if ready else None
    unlike = {subject: _compare(subject, files[IMAGE], wanted) for subject, files in found.items()}
    return [
        {
            **files,
            SUBJECT: subject,
            CONTRAST: contrast,
            PROPERTY: CONTRASTS.index(contrast),
            CASE: f"{subject}_{contrast}",
            UNLIKE_TRAINING: unlike[subject],
        }
        for subject, files in found.items()
        for contrast in chosen
    ]


def _checked(contrasts: Sequence[str], trained: Sequence[str]) -> Sequence[str]:
    if isinstance(contrasts, str):
        raise ConfigError(
            f"contrasts: expected a list of names, got the text {contrasts!r}; write --contrasts "
            f"\"['{contrasts}']\""
        )
    unknown = [name for name in contrasts if name not in CONTRASTS]
    if unknown or not contrasts or len(set(contrasts)) < len(contrasts):
        raise ConfigError(
            f"contrasts: expected names among {', '.join(CONTRASTS)}, each once, got {list(contrasts)}"
        )
    untrained = [name for name in contrasts if name not in trained]
    if untrained:
        raise ConfigError(
            f"contrasts: the network has seen no scans of {', '.join(untrained)}; expected names among "
            f"{', '.join(trained)}. Compute others from the maps with: python -m preprocessing mr synthesise"
        )
    return contrasts


def _compare(subject: str, image: str | list[str], wanted: Acquisition | None) -> str:
    if wanted is None:
        return ""
    found = read_acquisition(image)
    differences = wanted.differences(found)
    if wanted.times and not found.times:
        differences.append("no sidecar that tells the times of the sequence")
    if not differences:
        return ""
    logger.warning(
        "%s differs from the scans that the network was trained on, which may spoil the result: %s",
        subject,
        "; ".join(differences),
    )
    return "; ".join(differences)


def _mdme_files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(
            file
            for pattern in ("*", "*/*")
            for file in path.glob(pattern + MDME_ENDING)
            if not file.name.startswith(".")
        )
    return [path] if path.is_file() and path.name.endswith(MDME_ENDING) else []


def _name(file: Path) -> str:
    return file.name.removesuffix(MDME_ENDING)


def _files(file: Path) -> dict[str, str | list[str]]:
    beside = [file.with_name(f"{_name(file)}_{suffix}.nii.gz") for suffix in (*INPUT_MAPS, MASK)]
    missing = [other.name for other in beside if not other.is_file()]
    if missing:
        raise DataError(
            f"{file}: expected maps and mask beside it, found no {', '.join(missing)}; prepare the scan "
            "again with: python -m preprocessing mr import --mdme SCAN --out DIR"
        )
    return {IMAGE: str(file), MAPS: [str(other) for other in beside[:-1]], MASK: str(beside[-1])}
