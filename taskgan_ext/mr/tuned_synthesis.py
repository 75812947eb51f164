"""The table of the analytic synthesis: made from a training set, kept beside the weights."""

import logging
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.data.targets import merge_targets
from taskgan_ext.errors import CheckpointError, ConfigError, DataError
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.keys import CONTRAST, IMAGE, LABEL, MAPS, MASK, PERCENTILE, PROPERTY, PROTOCOL, SUBJECT
from taskgan_ext.mr.acquisition import Acquisition, median_acquisition, read_acquisition
from taskgan_ext.mr.protocol import CONTRASTS, Protocol, load_protocols
from taskgan_ext.mr.signal import synthesise
from taskgan_ext.mr.tuning import (
    NARROW,
    SearchGrid,
    SynthesisEntry,
    Voxels,
    times_on_border,
    tune_contrast,
)

logger = logging.getLogger(__name__)

VOXELS_PER_SUBJECT = 4096
"""Random brain voxels of a subject: enough for three parameters, and seconds for a cohort."""


class TunedSynthesis:
    """Times and factors for every contrast: read from a file, or tuned when they are first needed.

    Args:
        weights: file of the generator's weights; the table lies beside it as ``synthesis.json``.
        data: items of the training section, to tune on where the file is missing; ``None`` only reads.
        transform: loads and scales an item as the training does, before maps become channels.
        data_digest: fingerprint of the data, kept in the file.
        make_with: the command that makes the file; it ends the message when there is none.
    """

    def __init__(
        self,
        weights: str | os.PathLike[str],
        data: Sequence[dict[str, Any]] | None = None,
        transform: Callable[[dict[str, Any]], Any] | None = None,
        data_digest: str = "",
        make_with: str = "",
    ) -> None:
        self.path = Path(weights).with_name("synthesis.json")
        self.data = data
        self.transform = transform
        self.data_digest = data_digest
        self.make_with = make_with

    @property
    def entries(self) -> dict[str, SynthesisEntry]:
        """Contrast to entry, in the order of the class indices.

        Raises:
            CheckpointError: there is no file and nothing to tune on, or the file is no such table.
        """
        return self._content[0]

    @property
    def acquisition(self) -> Acquisition | None:
        """Medians of the training scans; ``None`` where the file does not tell.

        Raises:
            CheckpointError: see ``entries``.
        """
        return self._content[1]

    @cached_property
    def _content(self) -> tuple[dict[str, SynthesisEntry], Acquisition | None]:
        if self.path.is_file():
            return _parse(read_json(self.path), self.path)
        if self.data is None or self.transform is None:
            hint = f"; make them with: {self.make_with}" if self.make_with else ""
            raise CheckpointError(f"{self.path}: expected times of the synthesis, found no file{hint}")
        images = [item[IMAGE] for item in merge_targets(self.data)[0]]
        return tune(self.data, self.transform), median_acquisition(list(map(read_acquisition, images)))

    def save(self) -> None:
        """Write the table, unless it is there, and say of which contrasts there are no scans.

        ``border`` names the times of a contrast that lie at an end of the grid of the search: others, farther
        from the protocol, may come closer to the scans.

        Raises:
            ConfigError: the file was tuned on other data.
        """
        if self.path.is_file():
            found = read_json(self.path).get("data", "")
            if found != self.data_digest:
                raise ConfigError(
                    f"{self.path}: expected times tuned on the data list {self.data_digest}, got {found}; "
                    "remove the folder, or choose another one with --ckpt_dir"
                )
            return
        contrasts = {
            name: {
                "nominal": entry.nominal.to_dict(),
                "nominal_scale": entry.nominal_scale,
                "tuned": entry.tuned.to_dict(),
                "scale": entry.scale,
                "border": times_on_border(entry),
                "trained": entry.trained,
            }
            for name, entry in self.entries.items()
        }
        untrained = [name for name, entry in self.entries.items() if not entry.trained]
        if untrained:
            logger.warning(
                "no training scans of %s: their analytic images follow the protocol table, and the network "
                "will not be asked for them",
                ", ".join(untrained),
            )
        acquisition = self.acquisition.to_dict() if self.acquisition else None
        write_json(self.path, {"data": self.data_digest, "acquisition": acquisition, "contrasts": contrasts})


def tune(
    items: Sequence[dict[str, Any]],
    transform: Callable[[dict[str, Any]], Any],
    grid: SearchGrid = NARROW,
    seed: int = 0,
) -> dict[str, SynthesisEntry]:
    """Tune every contrast of a training set.

    A contrast without scans keeps the times of the protocol table, since the network's input has a channel
    for each. Its factor brings the 95th percentile of the brain to 1, as scans are scaled.

    Args:
        items: of a data list, one for each subject and contrast.
        transform: loads and scales an item.
        grid: of the search.
        seed: of the choice of voxels.

    Returns:
        Contrast to entry, in the order of the class indices; the nominal times are medians over the subjects.

    Raises:
        DataError: an item's contrast is unknown, or its property is not the index of its contrast.
    """
    _check_classes(items)
    samples: dict[str, list[Voxels]] = {contrast: [] for contrast in CONTRASTS}
    protocols: dict[str, list[list[float]]] = {contrast: [] for contrast in samples}
    rng = np.random.default_rng(seed)
    merged, targets = merge_targets(items)
    for item, of_item in tqdm(
        list(zip(merged, targets, strict=True)), "tuning the synthesis", unit="subject"
    ):
        loaded = transform(dict(item))
        inside = np.flatnonzero(plain_tensor(loaded[MASK])[0].numpy() > 0)
        chosen = rng.choice(inside, min(len(inside), VOXELS_PER_SUBJECT), replace=False)
        maps = plain_tensor(loaded[MAPS]).numpy().reshape(3, -1)[:, chosen]
        labels = plain_tensor(loaded[LABEL]).numpy().reshape(len(of_item), -1)[:, chosen]
        density = maps[2] / np.float32(loaded[IMAGE].meta[PERCENTILE][0])
        for target, label in zip(of_item, labels, strict=True):
            samples[target[CONTRAST]].append(Voxels(maps[0], maps[1], density, label))
            protocols[target[CONTRAST]].append(target[PROTOCOL])
    everything = _joined([voxels for of_contrast in samples.values() for voxels in of_contrast])
    table = load_protocols()
    return {
        contrast: tune_contrast(_joined(of_contrast), _median_protocol(protocols[contrast]), grid)
        if of_contrast
        else _untrained(everything, table[contrast])
        for contrast, of_contrast in samples.items()
    }


def _check_classes(items: Sequence[dict[str, Any]]) -> None:
    for item in items:
        contrast = item.get(CONTRAST)
        if contrast not in CONTRASTS or item[PROPERTY] != CONTRASTS.index(contrast):
            raise DataError(
                f"data list: {item[SUBJECT]}: expected a contrast among {', '.join(CONTRASTS)} and as "
                f"property its index from 0 to {len(CONTRASTS) - 1}, got {contrast!r} and {item[PROPERTY]!r}"
            )


def _untrained(voxels: Voxels, nominal: Protocol) -> SynthesisEntry:
    scale = 1 / float(np.percentile(synthesise(voxels.t1, voxels.t2, voxels.pd, nominal), 95))
    return SynthesisEntry(nominal, scale, nominal, scale, trained=False)


def _joined(samples: Sequence[Voxels]) -> Voxels:
    parts = [
        np.concatenate([getattr(part, name) for part in samples]) for name in ("t1", "t2", "pd", "target")
    ]
    return Voxels(*parts)


def _median_protocol(times: Sequence[Sequence[float]]) -> Protocol:
    repetition, echo, inversion = (float(time) for time in np.median(np.array(times), axis=0))
    return Protocol(repetition, echo, inversion or None)


def _parse(content: dict[str, Any], path: Path) -> tuple[dict[str, SynthesisEntry], Acquisition | None]:
    try:
        entries = {
            name: SynthesisEntry(
                Protocol(**entry["nominal"]),
                float(entry["nominal_scale"]),
                Protocol(**entry["tuned"]),
                float(entry["scale"]),
                bool(entry.get("trained", True)),
            )
            for name, entry in content["contrasts"].items()
        }
        acquisition = content.get("acquisition")
        return entries, Acquisition.from_dict(acquisition) if acquisition else None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: expected the times of a synthesis for each contrast, but it cannot be read ({error!r})"
        ) from None
