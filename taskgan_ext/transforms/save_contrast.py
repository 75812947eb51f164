"""Write synthesised contrasts with what a reader must know about them."""

import os
from collections.abc import Hashable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from monai.transforms import Transform

import taskgan_ext
from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.keys import ANALYTIC, CONTRAST, MASK, PRED, PROTOCOL, SUBJECT, UNLIKE_TRAINING
from taskgan_ext.mr.file_names import contrast_file_name


class SaveContrastd(Transform):
    """Write the synthesised image, its sidecar, and its difference to what physics alone predicts.

    Where network and physics disagree, either the physics is incomplete (flow, partial volume, magnetisation
    transfer) or the network has invented something; a reader can look there first. Two numbers in the sidecar
    tell scans apart that deserve that look: the mean and the 99th percentile of the absolute difference over
    the brain.

    Args:
        output_dir: folder to write; a sub-folder for each subject.
        model_path: weights that the images were made with; their SHA-256 goes into the sidecar.
    """

    def __init__(self, output_dir: str | os.PathLike[str], model_path: str | os.PathLike[str]) -> None:
        self.output_dir = Path(output_dir)
        self.model_path = Path(model_path)

    @cached_property
    def model_digest(self) -> str:
        """SHA-256 of the weights."""
        return sha256(self.model_path)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Write the files of one item.

        Args:
            data: with ``pred``, ``analytic`` and the brain ``mask``, each ``(1, X, Y, Z)`` on one grid,
                ``subject``, ``contrast`` and ``protocol``; ``unlike_training``, if any, for the sidecar.

        Returns:
            The item as it is.
        """
        item = dict(data)
        name = contrast_file_name(item[SUBJECT], item[CONTRAST])
        path = self.output_dir / item[SUBJECT] / name
        difference_path = path.with_name(_described(name, "physicsdifference"))
        pred, analytic, mask = (
            plain_tensor(item[key]).cpu()[0].float().numpy() for key in (PRED, ANALYTIC, MASK)
        )
        difference = pred - analytic
        in_brain = np.abs(difference[mask > 0])
        affine = item[PRED].affine.cpu().numpy()
        save_nifti(pred, affine, path)
        save_nifti(difference, affine, difference_path)
        # The sidecar comes last: where it is, the images are whole.
        repetition, echo, inversion = (float(time) for time in item[PROTOCOL])
        write_json(
            path.with_name(name.replace(".nii.gz", ".json")),
            {
                "Contrast": item[CONTRAST],
                "RepetitionTime": repetition,
                "EchoTime": echo,
                "InversionTime": inversion or None,
                "Units": "arbitrary; 1 is the 95th percentile of the brain in scans of this contrast",
                "Synthesised": "by a network from an MDME scan; the times are those of the scans it imitates",
                "Difference": difference_path.name,
                "DifferenceMeanAbsolute": float(in_brain.mean(dtype=np.float64)),
                "DifferencePercentile99Absolute": float(np.percentile(in_brain, 99)),
                "UnlikeTraining": item.get(UNLIKE_TRAINING) or None,
                "ModelSHA256": self.model_digest,
                "SoftwareVersion": f"taskgan-ext {taskgan_ext.__version__}",
                "Use": "research use only, not for diagnosis",
            },
        )
        return item


def _described(name: str, description: str) -> str:
    stem, _, suffix = name.rpartition("_")
    return f"{stem}_desc-{description}_{suffix}"
