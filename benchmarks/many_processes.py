"""What a second process gains: the same steps of the PET bundle's networks by one and by two processes.

python benchmarks/many_processes.py

Needs two free cores. Each process has one thread; the images are random. The losses must agree.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from monai.data import DataLoader
from monai.transforms import Compose
from results_file import save_results
from torch import distributed, multiprocessing

from taskgan_ext.data.epoch_sampler import EpochSampler
from taskgan_ext.data.slice_dataset import SliceDataset
from taskgan_ext.engines.distributed import share_of_batch
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


def work(rank: int, processes: int, folder: str, num_samples: int, batch_size: int) -> None:
    """Train one epoch in one process of a group; the first keeps seconds and losses."""
    torch.set_num_threads(1)
    if processes > 1:
        distributed.init_process_group(
            "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=processes
        )
    trainer = make_trainer(make_data(num_samples), num_samples, batch_size)
    if processes > 1:
        distributed.barrier()
    start = time.perf_counter()
    trainer.run()
    seconds = time.perf_counter() - start
    if rank == 0:
        torch.save((seconds, dict(trainer.state.metrics)), f"{folder}/result.pt")
    if processes > 1:
        distributed.destroy_process_group()


def run(processes: int, num_samples: int, batch_size: int) -> tuple[float, dict[str, float]]:
    """Train an epoch; give its seconds and its losses."""
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(work, (processes, folder, num_samples, batch_size), nprocs=processes)
        result: tuple[float, dict[str, float]] = torch.load(Path(folder) / "result.pt", weights_only=True)
    return result


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
    # One after the other in turn, so that a machine that slows down is not taken for a process.
    runs: list[tuple[int, float, dict[str, Any]]] = [
        (processes, *run(processes, arguments.samples, arguments.batch_size))
        for _ in range(arguments.repeats)
        for processes in (1, 2)
    ]
    seconds = {count: min(took for processes, took, _ in runs if processes == count) for count in (1, 2)}
    losses = {processes: found for processes, _, found in runs}
    difference = largest_difference(losses[1], losses[2])
    speedup = seconds[1] / seconds[2]
    print(
        f"an epoch of {arguments.samples} slices in batches of {arguments.batch_size}, {os.cpu_count()} cores"
    )
    print(f"{'processes':>9}  {'seconds':>8}  {'times as fast':>13}")
    print(f"{1:>9}  {seconds[1]:8.1f}  {1.0:13.2f}")
    print(f"{2:>9}  {seconds[2]:8.1f}  {speedup:13.2f}")
    print(f"largest relative difference of a loss: {difference:.1e}")
    save_results(
        "many_processes",
        {**vars(arguments), "cores": os.cpu_count(), "size": SIZE, "channels": CHANNELS, "backend": "gloo"},
        {
            "seconds": [[processes, took] for processes, took, _ in runs],
            "speedup": speedup,
            "losses": [[processes, found] for processes, _, found in runs[:2]],
            "loss_difference": difference,
        },
    )


if __name__ == "__main__":
    main()
