"""Line integrals through a volume with time of flight, by trilinear samples along the line, on any device."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from preprocessing.pet.reconstruct.image_frame import ImageFrame
from preprocessing.pet.reconstruct.line_set import LineSet

_SAMPLES_PER_BLOCK = {"cpu": 1 << 18, "cuda": 1 << 23}
"""Samples handled at a time: what stays in the cache of a processor, and what fills a GPU with 1 GB."""
_TOF_REACH = 3.0
_SAMPLES_PER_VOXEL = 2 / 3


@dataclass(frozen=True)
class LineProjector:
    """The operator A of single lines.

    A volume is a tensor ``(plane, y, x)``, float32. The integral over the line weighs each point with the
    probability that its time of flight is measured in the event's bin: a Gaussian integrated over the bin.

    Attributes:
        frame: the voxels.
        tof_sigma: standard deviation of the measured position in mm; 0 for none.
        tof_bin: width of the file's time-of-flight bins in mm.
        device: where the tensors are.
    """

    frame: ImageFrame
    tof_sigma: float
    tof_bin: float
    device: torch.device

    def blocks(self, number: int, *, with_tof: bool) -> list[slice]:
        """Split lines so that the samples of a block fit in memory.

        Args:
            number: how many lines.
            with_tof: whether time of flight is used.
        """
        size = max(1, _SAMPLES_PER_BLOCK[self.device.type] // self._num_samples(with_tof=with_tof))
        return [slice(start, min(start + size, number)) for start in range(0, number, size)]

    def integrate(self, volume: torch.Tensor, lines: LineSet, *, with_tof: bool) -> torch.Tensor:
        """Return the integral of each line, in the unit of the volume times mm, differentiable in the volume.

        Args:
            volume: ``(plane, y, x)`` on the device.
            lines: n lines.
            with_tof: weigh with the time of flight; otherwise the whole line counts.

        Returns:
            ``(n,)``.
        """
        first, second = (torch.from_numpy(end).to(self.device) for end in (lines.first, lines.second))
        along = second - first
        length = torch.linalg.vector_norm(along, dim=1, keepdim=True)
        unit = along / length
        centre = (first + second) / 2
        if with_tof:
            centre = centre + torch.from_numpy(lines.offset).to(self.device)[:, None] * unit
            reach, stretch = self._tof_reach, torch.ones_like(length)
        else:
            # About the point next to the axis, as far as the field of view reaches in the plane.
            transaxial = (unit[:, :2] ** 2).sum(1, keepdim=True).clamp_min(1e-9)
            centre = centre - (centre[:, :2] * unit[:, :2]).sum(1, keepdim=True) / transaxial * unit
            reach, stretch = self._radius, transaxial.rsqrt()
        number = self._num_samples(with_tof=with_tof)
        step = 2 * reach / number
        t = (torch.arange(number, device=self.device) + 0.5) * step - reach
        points = centre[:, None] + t[None, :, None] * (unit * stretch)[:, None]
        samples = torch.nn.functional.grid_sample(
            volume[None, None],
            self._normalised(points)[None, None],
            align_corners=False,
            padding_mode="zeros",
        )[0, 0, 0]
        weights = self._tof_weights(t) if with_tof else torch.ones_like(t)
        return (samples @ weights) * (step * stretch[:, 0])

    def transpose(self, values: torch.Tensor, lines: LineSet, *, with_tof: bool) -> torch.Tensor:
        """Apply the adjoint of :meth:`integrate`: spread values along their lines.

        Args:
            values: ``(n,)`` on the device.
            lines: n lines.
            with_tof: as for :meth:`integrate`.

        Returns:
            ``(plane, y, x)``.
        """
        shape = self.frame.num_planes, self.frame.grid.size, self.frame.grid.size
        volume = torch.zeros(shape, device=self.device, requires_grad=True)
        integrals = self.integrate(volume, lines, with_tof=with_tof)
        return torch.autograd.grad(integrals, volume, values)[0]

    @property
    def _radius(self) -> float:
        return self.frame.grid.size * self.frame.grid.voxel_size / 2

    @property
    def _tof_reach(self) -> float:
        return _TOF_REACH * self.tof_sigma + self.tof_bin / 2

    def _num_samples(self, *, with_tof: bool) -> int:
        reach = self._tof_reach if with_tof else self._radius
        return max(33, int(np.ceil(2 * reach * _SAMPLES_PER_VOXEL / self.frame.grid.voxel_size)))

    def _tof_weights(self, t: torch.Tensor) -> torch.Tensor:
        """Return the probability that a position ``t`` from the middle of the bin is measured in the bin."""
        scale = 2**0.5 * self.tof_sigma
        half = self.tof_bin / 2
        return 0.5 * (torch.erf((half - t) / scale) - torch.erf((-half - t) / scale))

    def _normalised(self, points: torch.Tensor) -> torch.Tensor:
        """Turn mm into the coordinates of ``grid_sample``: -1 and 1 are the outer faces of the volume."""
        frame = self.frame
        shape = np.array([frame.grid.size, frame.grid.size, frame.num_planes])
        middle = np.array([0, 0, frame.first_plane + (frame.num_planes - 1) / 2 * frame.plane_spacing])
        half = shape * frame.spacing / 2
        return (points - self._tensor(middle)) / self._tensor(half)

    def _tensor(self, values: NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(self.device)
