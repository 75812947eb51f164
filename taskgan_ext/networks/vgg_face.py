"""The task network T for faces: VGG-Face."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from taskgan_ext.errors import ConfigError
from taskgan_ext.networks.constructor_settings import require_widths
from taskgan_ext.networks.network_output import NetworkOutput

CONVOLUTIONS = (2, 2, 3, 3, 3)
"""Convolutions in each stage of VGG-16, configuration D."""
MEAN_RGB = (129.1863, 104.7624, 93.5940)
"""Mean colour of the images that VGG-Face learnt from, in the order red, green, blue, on a scale to 255."""


class VGGFace(nn.Module):
    """Recognise who an image shows, ``T(x)``, and show the activations of the five stages, fc6 and fc7.

    Parkhi, Vedaldi and Zisserman, "Deep Face Recognition", BMVC 2015, table 3: VGG-16 (configuration D) with
    2622 identities, 145,002,878 parameters. fc7 after its ReLU is the last feature: normalised to length one
    (:func:`~taskgan_ext.data.embedding.embedding_of`), it is the embedding by whose Euclidean distance faces
    are compared.

    The preprocessing of the original is part of the network, and carries gradient: cut out the face, resize
    it bilinearly, scale it to 255 and subtract the mean colour. The network expects red, green and blue in
    this order; :func:`~taskgan_ext.networks.vgg_face_weights.load_vgg_face_weights` converts files that
    expect another one. A T that is frozen while G trains must be in ``eval()``, or it would drop activations.

    Args:
        num_outputs: number of identities.
        channels: width of each of the five stages.
        hidden: width of fc6 and fc7.
        image_size: the face is resized to so many rows and columns, a multiple of 32.
        face_box: what part of the image holds the face: first row, first column, end of the rows, end of the
            columns, in percent of the axes. Rows and columns 50 to 200 of LFW's 250 are ``(20, 20, 80, 80)``.
        dropout: probability with which an activation of fc6 and fc7 is dropped in training.

    Raises:
        ConfigError: a setting is out of its range.
    """

    mean: Tensor

    def __init__(
        self,
        num_outputs: int = 2622,
        channels: Sequence[int] = (64, 128, 256, 512, 512),
        hidden: int = 4096,
        image_size: int = 224,
        face_box: Sequence[int] = (0, 0, 100, 100),
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        widths = require_widths("channels", channels, minimum_levels=5)
        if len(widths) != 5:
            raise ConfigError(f"channels: expected five widths, one per stage, got {list(widths)}")
        if image_size < 32 or image_size % 32 != 0:
            raise ConfigError(f"image_size: expected a multiple of 32, got {image_size}")
        self.image_size = image_size
        self.top, self.left, self.bottom, self.right = _require_box(face_box)
        self.stages = nn.ModuleList(
            _stage(number, before, width)
            for number, before, width in zip(range(1, 6), (3, *widths), widths, strict=False)
        )
        flat = widths[-1] * (image_size // 32) ** 2
        self.stages.append(
            nn.Sequential(OrderedDict(flatten=nn.Flatten(), fc6=nn.Linear(flat, hidden), relu6=nn.ReLU()))
        )
        self.stages.append(
            nn.Sequential(
                OrderedDict(dropout6=nn.Dropout(dropout), fc7=nn.Linear(hidden, hidden), relu7=nn.ReLU())
            )
        )
        self.head = nn.Sequential(
            OrderedDict(dropout7=nn.Dropout(dropout), fc8=nn.Linear(hidden, num_outputs))
        )
        # No part of the weights: files of other makes do not hold it.
        self.register_buffer("mean", torch.tensor(MEAN_RGB).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Recognise a batch of faces.

        Args:
            image: grey or RGB in [0, 1], shape ``(B, 1, H, W)`` or ``(B, 3, H, W)``, any size.

        Returns:
            The logits, shape ``(B, num_outputs)``, the maps of the five stages after pooling, and fc6 and fc7
            after ReLU, shape ``(B, hidden)``.

        Raises:
            ValueError: the image has neither one channel nor three.
        """
        features: list[Tensor] = []
        activation = self.preprocess(image)
        for stage in self.stages:
            activation = stage(activation)
            features.append(activation)
        return NetworkOutput(self.head(activation), features)

    def preprocess(self, image: Tensor) -> Tensor:
        """Cut out the face, resize it and subtract the mean colour.

        Args:
            image: as for :meth:`forward`.

        Returns:
            What the first convolution sees, shape ``(B, 3, image_size, image_size)``.

        Raises:
            ValueError: the image has neither one channel nor three.
        """
        _require_grey_or_rgb(image)
        rows, columns = image.shape[2], image.shape[3]
        face = image[
            :,
            :,
            rows * self.top // 100 : rows * self.bottom // 100,
            columns * self.left // 100 : columns * self.right // 100,
        ]
        size = (self.image_size, self.image_size)
        face = interpolate(face, size, mode="bilinear", align_corners=False)
        return 255 * face.expand(-1, 3, -1, -1) - self.mean


def _stage(number: int, before: int, width: int) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for convolution in range(1, CONVOLUTIONS[number - 1] + 1):
        layers[f"conv{number}_{convolution}"] = nn.Conv2d(
            before if convolution == 1 else width, width, kernel_size=3, padding=1
        )
        layers[f"relu{number}_{convolution}"] = nn.ReLU()
    layers[f"pool{number}"] = nn.MaxPool2d(2)
    return nn.Sequential(layers)


def _require_box(face_box: Sequence[int]) -> tuple[int, int, int, int]:
    match tuple(face_box):
        case (int(top), int(left), int(bottom), int(right)) if (
            0 <= top < bottom <= 100 and 0 <= left < right <= 100
        ):
            return top, left, bottom, right
    raise ConfigError(
        "face_box: expected first row, first column, end of the rows and end of the columns in whole percent "
        f"from 0 to 100, got {list(face_box)}"
    )


def _require_grey_or_rgb(image: Tensor) -> None:
    """Refuse other numbers of channels; a traced module has no check, since tracing records tensors only."""
    if not torch.jit.is_tracing() and image.shape[1] not in (1, 3):  # type: ignore[attr-defined]
        raise ValueError(f"expected a batch of grey or RGB images (B, 1 or 3, H, W), got {list(image.shape)}")
