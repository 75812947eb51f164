"""T: how much of the tissue do lesions cover?"""

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
        self.levels = nn.ModuleList(
            [
                # Each image by its own statistics: the contrast of the lesions says nothing about their load.
                nn.Sequential(
                    nn.Conv2d(1, width, 3, padding=1),
                    nn.InstanceNorm2d(width),
                    nn.LeakyReLU(0.2),
                    nn.AvgPool2d(2),
                ),
                nn.Sequential(nn.Conv2d(width, 2 * width, 3, padding=1), nn.LeakyReLU(0.2)),
                nn.Sequential(nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.LeakyReLU(0.2)),
            ]
        )
        self.head = nn.Linear(2 * width, 1)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Take images of shape (B, 1, X, Y), as the data set scales them; give what the losses need."""
        features, activation = [], image
        for level in self.levels:
            activation = level(activation)
            features.append(activation)
        tissue = avg_pool2d((image > 0.3).float(), 2)
        mean = (activation * tissue).sum(dim=(2, 3)) / tissue.sum(dim=(2, 3)).clamp(min=1)
        return NetworkOutput(self.head(mean), features)
