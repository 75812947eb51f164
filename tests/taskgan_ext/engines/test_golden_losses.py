"""The losses of the first ten steps are kept: a change that is no change of numbers must not move them.

After a wanted change write the new ones with ``python tests/taskgan_ext/engines/test_golden_losses.py`` (with
``tests`` on the module search path) and say why in the same commit.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from monai.engines import IterationEvents
from tiny_training import (
    TinyNetworks,
    make_tiny_networks,
    make_trainer,
    slice_data,
    slice_loader,
    step_losses,
)

from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.keys import LOSS

GOLDEN = Path(__file__).with_name("golden_losses.json")
NUM_STEPS = 10
ARMS = {
    "Task-GAN, joint T": step_losses(0.3, 0.1, "both"),
    "Task-GAN, frozen T": step_losses(0.3, 0.1, "frozen"),
    "GAN": step_losses(0.3, 0.0),
    "L1": step_losses(0.0, 0.0),
}


def portable_networks() -> TinyNetworks:
    """Networks in float64 whose weights come from numpy: torch rounds its draws differently on each CPU."""
    networks = make_tiny_networks(dtype=torch.float64)
    generator = np.random.default_rng(0)
    for network in networks:
        for name, parameter in network.named_parameters():
            if name.endswith("weight"):
                mean = 1.0 if parameter.ndim == 1 else 0.0  # of a normalisation, of a convolution
                parameter.data.copy_(torch.from_numpy(generator.normal(mean, 0.1, parameter.shape)))
    return networks


def first_losses(arm: str) -> dict[str, list[float]]:
    """Every loss of the first steps of an arm."""
    loader = slice_loader(slice_data(dtype=torch.float64), batch_size=2, num_samples=2 * NUM_STEPS)
    trainer = make_trainer(portable_networks(), loader, ARMS[arm])
    losses: dict[str, list[float]] = {}

    def collect(engine):
        for name, value in engine.state.output.items():
            if name.startswith(LOSS):
                losses.setdefault(name, []).append(float(value))

    trainer.add_event_handler(IterationEvents.LOSS_COMPLETED, collect)
    trainer.run()
    return losses


@pytest.mark.parametrize("arm", ARMS)
def test_first_losses_are_those_on_record(arm):
    found, wanted = first_losses(arm), read_json(GOLDEN)[arm]
    assert set(found) == set(wanted)
    for name, losses in found.items():
        assert len(losses) == NUM_STEPS
        np.testing.assert_allclose(losses, wanted[name], rtol=1e-9, atol=0, err_msg=name)


if __name__ == "__main__":
    write_json(GOLDEN, {arm: first_losses(arm) for arm in ARMS})
