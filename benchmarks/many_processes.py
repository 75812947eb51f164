"""What a second process gains: the same steps of the PET bundle's networks by one and by two processes.

python benchmarks/many_processes.py

Needs two free cores; the images are random. One process with two threads is measured beside them: it shows
what two cores give without a second process, and how far rounding alone moves the losses, since threads too
add up in another order.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import torch
from ignite.engine import Events
from monai.data import DataLoader
from monai.transforms import Compose
from results_file import save_results
from torch import distributed, multiprocessing

from taskgan_ext.data.epoch_sampler import EpochSampler
from taskgan_ext.data.slice_dataset import SliceDataset
from taskgan_ext.engines.distributed import average, share_of_batch
from taskgan_ext.engines.loss_trainer import loss_terms
from taskgan_ext.engines.restoration_step import StepLosses
from taskgan_ext.engines.task_gan_trainer import TaskGANTrainer
from taskgan_ext.losses.feature_matching import FeatureMatchingLoss
from taskgan_ext.losses.objective import TaskGANObjective
from taskgan_ext.losses.task_regression import TaskLoss
from taskgan_ext.networks.image_discriminator import ImageDiscriminator
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.resnet_task_network import ResNetTaskNetwork
from taskgan_ext.networks.unet_generator import UNetGenerator

CHANNELS = (32, 64, 128, 256, 256)
STACK, SIZE, SLICES = 3, 96, 12
RUNS = {"1 process": (1, 1), "1 process, 2 threads": (1, 2), "2 processes": (2, 1)}
"""Processes, and threads of each."""


def make_data(num_samples: int) -> SliceDataset:
    """Random volumes with the size of the bundle's crops."""
    generator = torch.Generator().manual_seed(0)
    shape = (1, SIZE, SIZE, SLICES)
    items = [
        {key: torch.rand(shape, generator=generator) for key in ("image", "label")}
        | {"property": number % 2, "subject": f"sub-{number:03d}"}
        for number in range(-(-num_samples // SLICES))
    ]
    return SliceDataset(items, Compose([]), stack=STACK)


def make_trainer(data: SliceDataset, num_samples: int, batch_size: int) -> TaskGANTrainer:
    """A trainer with the networks, weights and learning rates of ``pet_denoising``."""
    network = initialise(UNetGenerator(in_channels=STACK, channels=CHANNELS, num_dropout_levels=0), 0)
    discriminator = initialise(ImageDiscriminator(channels=CHANNELS), 0, std=None)
    task_network = initialise(ResNetTaskNetwork(block_inplanes=(16, 32, 64, 128)), 0)
    sampler = EpochSampler(data, num_samples=num_samples, batch_size=batch_size)
    return TaskGANTrainer(
        "cpu",
        1,
        DataLoader(data, batch_size=share_of_batch(batch_size), sampler=sampler),
        network,
        torch.optim.Adam(network.parameters(), 1e-3, betas=(0.5, 0.999)),
        StepLosses(
            TaskGANObjective(1.0, 0.5),
            matching=FeatureMatchingLoss((2,), "sample"),
            task=TaskLoss("features"),
        ),
        discriminator=discriminator,
        discriminator_optimizer=torch.optim.Adam(discriminator.parameters(), 2e-4, betas=(0.5, 0.999)),
        task_network=task_network,
    )


class Result(NamedTuple):
    """What an epoch took, the losses of its first step, and their means over the epoch."""

    seconds: float
    first: dict[str, float]
    epoch: dict[str, float]


def work(rank: int, size: tuple[int, int], folder: str, num_samples: int, batch_size: int) -> None:
    """Train one epoch in one process of a group; the first keeps the result."""
    processes, threads = size
    torch.set_num_threads(threads)
    # Without it Ignite guesses, and warns.
    os.environ["LOCAL_RANK"] = str(rank)
    if processes > 1:
        distributed.init_process_group(
            "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=processes
        )
    trainer = make_trainer(make_data(num_samples), num_samples, batch_size)
    first: dict[str, float] = {}
    trainer.add_event_handler(
        Events.ITERATION_COMPLETED(once=1), lambda engine: first.update(loss_terms(engine.state.output))
    )
    if processes > 1:
        distributed.barrier()
    start = time.perf_counter()
    trainer.run()
    seconds = time.perf_counter() - start
    first = {name: float(average_of(value)) for name, value in first.items()}
    if rank == 0:
        torch.save((seconds, first, dict(trainer.state.metrics)), f"{folder}/result.pt")
    if processes > 1:
        distributed.destroy_process_group()


def average_of(value: float) -> torch.Tensor:
    """Mean over the processes, each of which has the loss of its share."""
    mean = torch.tensor(value, dtype=torch.float64)
    average([mean])
    return mean


def run(size: tuple[int, int], num_samples: int, batch_size: int) -> Result:
    """Train an epoch."""
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(work, (size, folder, num_samples, batch_size), nprocs=size[0])
        return Result(*torch.load(Path(folder) / "result.pt", weights_only=True))


def largest_difference(losses: dict[str, float], others: dict[str, float]) -> float:
    """Largest relative difference between the losses of two runs."""
    return max(abs(others[name] / value - 1) for name, value in losses.items())


def main() -> None:
    """Measure, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=96, help="slices of an epoch")
    parser.add_argument("--batch-size", type=int, default=8, help="slices of a step over all processes")
    parser.add_argument("--repeats", type=int, default=3, help="the fastest of so many counts")
    arguments = parser.parse_args()
    # In turn, so that a machine that slows down is not taken for a process.
    runs = [
        (name, run(size, arguments.samples, arguments.batch_size))
        for _ in range(arguments.repeats)
        for name, size in RUNS.items()
    ]
    results = dict(runs)
    seconds = {name: min(result.seconds for each, result in runs if each == name) for name in RUNS}
    alone = results["1 process"]
    print(f"{arguments.samples} slices in batches of {arguments.batch_size}, {os.cpu_count()} cores")
    print(f"{'':<20}  {'seconds':>7}  {'times as fast':>13}  losses differ by: first step  epoch")
    table = {}
    for name, result in results.items():
        speedup = seconds["1 process"] / seconds[name]
        first, epoch = (
            largest_difference(*pair) for pair in ((alone.first, result.first), (alone.epoch, result.epoch))
        )
        table[name] = {"speedup": speedup, "first_step": first, "epoch": epoch, "losses": result.epoch}
        print(f"{name:<20}  {seconds[name]:7.1f}  {speedup:13.2f}  {first:28.0e}  {epoch:5.0e}")
    save_results(
        "many_processes",
        {**vars(arguments), "cores": os.cpu_count(), "size": SIZE, "channels": CHANNELS, "backend": "gloo"},
        {"seconds": [[name, result.seconds] for name, result in runs], "runs": table},
    )


if __name__ == "__main__":
    main()
