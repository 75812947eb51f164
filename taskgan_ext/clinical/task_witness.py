"""What the task network of a bundle says of a volume, before and after."""

from pathlib import Path

import torch
from monai.bundle import ConfigParser
from monai.transforms import CenterSpatialCrop
from torch import Tensor, nn

from taskgan_ext.handlers.load_weights import load_weights
from taskgan_ext.io.atomic import read_json
from taskgan_ext.metrics.task import decide, slice_scores, slices_with_brain


class TaskWitness:
    """T of the training, on the slices and the crop that it was trained on.

    It took part in the training of G, which was rewarded for satisfying it: that it agrees proves little,
    that it does not is a reason to look.

    Args:
        folder: of the bundle, with ``configs/train.json`` and ``models/task_network.pt``.
        device: where to run.

    Raises:
        DataError: the configuration is missing or no JSON.
        CheckpointError: the weights are missing or do not fit.
    """

    def __init__(self, folder: Path, device: torch.device) -> None:
        parser = ConfigParser(read_json(folder / "configs" / "train.json"))
        parser["bundle_root"] = str(folder)
        self.network: nn.Module = parser.get_parsed_content("task_network_def").to(device)
        load_weights(self.network, folder / "models" / "task_network.pt")
        self.network.eval()
        self.crop = CenterSpatialCrop(roi_size=parser.get("crop", [-1, -1, -1]))
        self.slices = parser.get("slices")
        self.min_mask = float(parser.get("min_mask", 0.0))
        self.device = device

    def decision(self, volume: Tensor, mask: Tensor | None = None) -> int | None:
        """Decide the class of a volume.

        Args:
            volume: ``(1, X, Y, Z)`` in the unit of the network, with the axes of its training.
            mask: ``(1, X, Y, Z)``, positive in the brain; slices without enough of it do not vote.

        Returns:
            The class; ``None`` where no slice can vote.
        """
        seen = torch.as_tensor(self.crop(volume))
        slices = self.slices
        if mask is not None:
            voting = slices_with_brain(torch.as_tensor(self.crop(mask)) > 0, self.min_mask)
            seen, slices = seen[..., voting], None
        depth = seen.shape[-1]
        if slices is not None:
            slices = (min(slices[0], depth), min(slices[1], depth - 1))
        if depth == 0 or (slices is not None and slices[0] > slices[1]):
            return None
        with torch.inference_mode():
            return decide(slice_scores(self.network, seen.float().to(self.device), slices=slices))
