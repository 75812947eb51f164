"""Contrasts that physics alone predicts, as channels of the input and for comparison."""

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.data import MetaTensor
from monai.transforms import Transform
from monai.utils import convert_to_dst_type
from torch import Tensor

from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.keys import ANALYTIC, ANALYTIC_NOMINAL, CONTRAST, IMAGE, MAPS, PERCENTILE, PROTOCOL
from taskgan_ext.mr.protocol import Protocol
from taskgan_ext.mr.signal import synthesise
from taskgan_ext.mr.tuned_synthesis import TunedSynthesis


class AppendAnalyticd(Transform):
    """Synthesise the contrasts of a table from the maps and append them to the image.

    The image has been scaled by ``ScaleByPercentiled`` with one factor, which the proton density shares. The
    appended images are in the unit of the scaled targets, since the table holds a factor for each contrast.

    Args:
        synthesis: protocols and factors, tuned to a training set.
        limit: larger values are cut off: the fit diverges in noise outside the head.
        compare: also keep the image of the item's own contrast as ``analytic`` (tuned) and
            ``analytic_nominal``, shape ``(1, X, Y, Z)``.
    """

    def __init__(self, synthesis: TunedSynthesis, limit: float = 3.0, compare: bool = False) -> None:
        self.synthesis = synthesis
        self.limit = limit
        self.compare = compare

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Append.

        Args:
            data: an item with ``image`` ``(C, X, Y, Z)`` and ``maps`` ``(3, X, Y, Z)``: T1 and T2 in s, PD.

        Returns:
            The item without its maps; the image has one channel more for each contrast of the table. An item
            without ``protocol`` gets the nominal one of its contrast.
        """
        item = dict(data)
        entries = self.synthesis.entries
        item.setdefault(PROTOCOL, entries[item[CONTRAST]].nominal.times)
        image = item[IMAGE]
        scale = image.meta[PERCENTILE][0] if isinstance(image, MetaTensor) else 1.0
        maps = plain_tensor(item.pop(MAPS)) / torch.tensor([1.0, 1.0, scale]).reshape(3, 1, 1, 1)
        channels = {name: self._image(maps, entry.tuned, entry.scale) for name, entry in entries.items()}
        if self.compare:
            entry = entries[item[CONTRAST]]
            nominal = self._image(maps, entry.nominal, entry.nominal_scale)
            item[ANALYTIC] = convert_to_dst_type(channels[item[CONTRAST]], image)[0]
            item[ANALYTIC_NOMINAL] = convert_to_dst_type(nominal, image)[0]
        joined = torch.cat([plain_tensor(image), *channels.values()])
        item[IMAGE] = convert_to_dst_type(joined, image)[0]
        return item

    def _image(self, maps: Tensor, protocol: Protocol, scale: float) -> Tensor:
        t1, t2, density = maps.numpy()
        image = torch.from_numpy(synthesise(t1, t2, density, protocol)[None])
        return (scale * image).clamp(max=self.limit)
