"""How sure a generator is of each voxel, by dropout at inference (Gal and Ghahramani, ICML 2016)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from taskgan_ext.errors import ConfigError
from taskgan_ext.networks.monte_carlo_dropout import activate_dropout


class RunningSpread:
    """Standard deviation over samples, one at a time (Welford, Technometrics 1962)."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Tensor | None = None
        self.squares: Tensor | None = None

    def add(self, sample: Tensor) -> None:
        """Count one more sample.

        Args:
            sample: of one shape.
        """
        value = sample.double()
        self.count += 1
        if self.mean is None or self.squares is None:
            self.mean, self.squares = value.clone(), torch.zeros_like(value)
            return
        step = value - self.mean
        self.mean += step / self.count
        self.squares += step * (value - self.mean)

    def deviation(self) -> Tensor:
        """Standard deviation with ``n - 1``, float32; of at least two samples."""
        if self.squares is None or self.count < 2:
            raise ValueError(f"expected at least two samples, got {self.count}")
        return (self.squares / (self.count - 1)).sqrt().float()


@contextmanager
def dropping_out(network: nn.Module, seed: int = 0) -> Iterator[None]:
    """Switch the dropout of a network on, and nothing else, with random numbers of its own.

    Args:
        network: in evaluation mode.
        seed: of the masks.

    Raises:
        ConfigError: the network has no dropout.
    """
    try:
        activate_dropout(network)
        devices = [p.device for p in network.parameters() if p.device.type == "cuda"][:1]
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            yield
    except ConfigError as error:
        raise error.naming("uncertainty") from None
    finally:
        network.eval()
