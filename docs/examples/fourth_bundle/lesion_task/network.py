"""T: how much of the tissue do lesions cover?"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from taskgan_ext.networks import NetworkOutput


class LesionLoadNetwork(nn.Module):
    """Read the lesion load of an image from small convolutions, averaged over the tissue.

    Args:
        width: of the first level; the others have twice as many channels.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        widths = (1, width, 2 * width, 2 * width)
        self.levels = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.LeakyReLU(0.2))
            for before, after in pairwise(widths)
        )
        self.head = nn.Linear(2 * width, 1)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Take images of shape (B, 1, X, Y), as the data set scales them; give what the losses need."""
        features, activation = [], image
        for number, level in enumerate(self.levels):
            activation = level(activation)
            if number == 0:
                activation = avg_pool2d(activation, 2)
            features.append(activation)
        tissue = avg_pool2d((image > 0.3).float(), 2)
        mean = (activation * tissue).sum(dim=(2, 3)) / tissue.sum(dim=(2, 3)).clamp(min=1)
        return NetworkOutput(self.head(mean), features)
