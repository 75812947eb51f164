"""Three-dimensional engine: list-mode TOF-OSEM, event by event."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.pet.osem import reconstruction_circle
from preprocessing.pet.reconstruct.event_histogram import events_slice
from preprocessing.pet.reconstruct.image_frame import ImageFrame, image_frame
from preprocessing.pet.reconstruct.line_model import LineModel
from preprocessing.pet.reconstruct.line_projector import LineProjector
from preprocessing.pet.reconstruct.line_set import LineSource
from preprocessing.pet.reconstruct.listmode_events import ListModeEvents
from preprocessing.pet.smoothing import gaussian_matrix

SENSITIVITY_LINES_PER_VOXEL = 0.4
_LEAST_SENSITIVITY_LINES = 100_000
SENSITIVITY_SEED = 20260101
_SENSITIVITY_BLUR = 1.5
"""Standard deviation in voxels: with the default lines the noise of a sensitivity is below 2 % in a head."""
_SMALLEST_EXPECTATION = 1e-12
_SMALLEST_SENSITIVITY = 1e-3
"""As a share of the largest one: voxels that fewer lines see stay 0."""


@dataclass(frozen=True)
class ListModeRequest:
    """What to reconstruct from.

    Attributes:
        events: prompts in memory.
        model: the scanner.
        exposure: seconds of the scan times the dose fraction.
        attenuation: 1/mm, ``(X, Y, Z)`` in the scanner's order; None for no correction.
        sensitivity_lines: random lines for the sensitivity; None for 0.4 per voxel, 600,000 for a head.
        device: where to compute.
    """

    events: ListModeEvents
    model: LineModel
    exposure: float
    attenuation: NDArray[np.float32] | None = None
    sensitivity_lines: int | None = None
    device: str = "cpu"


class ListModeEngine:
    """Reconstructs a set of events.

    With A_i the line of event i, w_i its weight, r the expected randoms of one line and time-of-flight bin,
    one update with a subset of the events is (Barrett, White & Parra, J Opt Soc Am A 14, 1997)::

        x <- x * sum_i A_i^T 1 / (A_i x + r / w_i) / (sens / number of subsets)

    Args:
        request: events, scanner and attenuation.
        progress: show progress bars.
    """

    def __init__(self, request: ListModeRequest, *, progress: bool = True) -> None:
        sampling = request.model.sampling
        self._request, self._progress = request, progress
        self._device = torch.device(request.device)
        self._source = LineSource(request.model)
        self._frame: ImageFrame = image_frame(request.model.geometry, sampling)
        sigma = sampling.scanner.tof_sigma if sampling.with_tof else 0.0
        self.projector = LineProjector(self._frame, sigma, sampling.file_tof_bin, self._device)
        self._attenuation = (
            None
            if request.attenuation is None
            else torch.from_numpy(_to_planes(request.attenuation)).to(self._device)
        )
        size = sampling.grid.size
        self._circle = reconstruction_circle(sampling.grid).reshape(1, size, size).to(self._device)

    def reconstruct(self, num_iterations: int, num_subsets: int) -> NDArray[np.float32]:
        """Run the iterations.

        Args:
            num_iterations: passes over all events.
            num_subsets: event i belongs to subset ``i mod num_subsets``.

        Returns:
            ``(X, Y, Z)`` in the scanner's order, in the unit of the planar engine.
        """
        events, sensitivity = self._request.events, self.sensitivity()
        usable = (sensitivity > _SMALLEST_SENSITIVITY * sensitivity.max()) * self._circle
        gain = usable * num_subsets / sensitivity.clamp_min(1e-30)
        net = max(events.prompt_tally.used - events.delayed_tally.used, 0.1 * events.prompt_tally.used)
        image = usable * (net / float((sensitivity * usable).sum(dtype=torch.float64).clamp_min(1e-30)))
        randoms = self._randoms_of_prompts()
        with tqdm(
            desc="reconstructing",
            total=num_iterations * num_subsets,
            unit="subset",
            disable=not self._progress,
        ) as bar:
            for subset in list(range(num_subsets)) * num_iterations:
                image = (
                    image
                    * self._back_projected_ratio(image, randoms, slice(subset, None, num_subsets))
                    * gain
                )
                bar.update()
        return np.ascontiguousarray(image.cpu().numpy().transpose(2, 1, 0))

    def sensitivity(self) -> torch.Tensor:
        """Estimate the expected counts per unit of each voxel from random lines, smoothed in the plane.

        Returns:
            ``(plane, y, x)``.
        """
        voxels = self._frame.num_planes * self._frame.grid.num_pixels
        fitting = max(_LEAST_SENSITIVITY_LINES, round(SENSITIVITY_LINES_PER_VOXEL * voxels))
        number = self._request.sensitivity_lines or fitting
        generator = np.random.Generator(np.random.Philox(SENSITIVITY_SEED))
        total = torch.zeros_like(self._circle).expand(self._frame.num_planes, -1, -1).contiguous()
        blocks = self.projector.blocks(number, with_tof=False)
        for block in tqdm(blocks, desc="sensitivity", unit="block", disable=not self._progress):
            lines = self._source.draw(block.stop - block.start, generator)
            weight = torch.from_numpy(lines.weight).to(total.device)
            if self._attenuation is not None:
                weight = weight * torch.exp(
                    -self.projector.integrate(self._attenuation, lines, with_tof=False)
                )
            total += self.projector.transpose(weight, lines, with_tof=False)
        total *= self._source.num_lines / number * self._scale
        # Not along the axis, where the sensitivity of few planes bends sharply.
        blur = gaussian_matrix(self._frame.grid.size, _SENSITIVITY_BLUR).to(total.device)
        return blur @ total @ blur.T

    @property
    def _scale(self) -> float:
        """Seconds, and 1 Bq/ml in decays per mm3."""
        return 1e-3 * self._request.exposure

    @property
    def _randoms_per_bin(self) -> float:
        """Expected randoms of one line and time-of-flight bin of the file."""
        bins = self._request.model.sampling.tof_offsets.size
        return self._request.events.delayed_tally.used / (self._source.num_lines * bins)

    def _randoms_of_prompts(self) -> NDArray[np.float32]:
        """Return r / w_i of every prompt, with attenuation and exposure in w_i."""
        prompts = self._request.events.prompts
        result = np.zeros(prompts.prompt.size, np.float32)
        randoms = self._randoms_per_bin
        if randoms == 0:
            return result
        blocks = self.projector.blocks(result.size, with_tof=False)
        for block in tqdm(blocks, desc="randoms", unit="block", disable=not self._progress):
            lines = self._source.of_events(events_slice(prompts, block))
            weight = torch.from_numpy(lines.weight).to(self._circle.device)
            if self._attenuation is not None:
                weight = weight * torch.exp(
                    -self.projector.integrate(self._attenuation, lines, with_tof=False)
                )
            result[block] = (randoms / (weight * self._scale).clamp_min(1e-30)).cpu().numpy()
        return result

    def _back_projected_ratio(
        self, image: torch.Tensor, randoms: NDArray[np.float32], subset: slice
    ) -> torch.Tensor:
        """Return the sum over a subset: the gradient of ``sum_i log(A_i x + r / w_i)``."""
        prompts, randoms = events_slice(self._request.events.prompts, subset), randoms[subset]
        with_tof = self._request.model.sampling.with_tof
        result = torch.zeros_like(image)
        for block in self.projector.blocks(randoms.size, with_tof=with_tof):
            lines = self._source.of_events(events_slice(prompts, block))
            volume = image.detach().requires_grad_()
            expected = self.projector.integrate(volume, lines, with_tof=with_tof)
            expected = expected + torch.from_numpy(randoms[block]).to(image.device)
            # A line that misses all activity would have an infinite ratio: it explains nothing.
            log_sum = torch.log(expected.clamp_min(_SMALLEST_EXPECTATION)).sum()
            result += torch.autograd.grad(log_sum, volume)[0]
        return result


def _to_planes(volume: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn ``(X, Y, Z)`` into ``(plane, y, x)``."""
    return np.ascontiguousarray(volume.transpose(2, 1, 0))
