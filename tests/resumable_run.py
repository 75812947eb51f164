"""A small training with everything that is random: shuffled slices, augmentation, noise and dropout."""

import random
from pathlib import Path

import numpy as np
import torch
from ignite.engine import Events
from monai.transforms import Compose, RandFlipd, RandScaleIntensityd
from tiny_training import make_tiny_networks, make_trainer, slice_data, slice_loader, step_losses
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint
from taskgan_ext.handlers.training_record import TrainingRecord

EPOCHS = 6
STEPS_PER_EPOCH = 6
SEED = 3


def add_noise(item):
    """Use torch's global generator, as dropout does."""
    return item | {"image": item["image"] + 0.1 * torch.randn_like(item["image"])}


def resumable_run(folder: Path, epochs: int = EPOCHS, interval: int = 1, seed: int = SEED) -> None:
    """Train, or continue to train, and count the finished steps in ``folder/steps``."""
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # the checkpoint keeps the global generators of numpy and Python too
    random.seed(seed)
    networks = make_tiny_networks(seed, dropout=0.5)
    augment = Compose(
        [
            RandFlipd(["image", "label"], prob=0.5, spatial_axis=0),
            RandScaleIntensityd("image", 0.2, prob=0.5),
            add_noise,
        ]
    )
    ema = AveragedModel(networks.generator, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    trainer = make_trainer(
        networks,
        slice_loader(slice_data(augment)),
        step_losses(task_training="both"),
        epochs,
        ema=ema,
        hyperparameters={"seed": seed, "epochs": epochs, "crop": [32, 32]},
    )
    optimizers = {f"{name}_optimizer": optimizer for name, (_, optimizer) in trainer.trained.items()}
    scheduler = torch.optim.lr_scheduler.ExponentialLR(trainer.optimizer, 0.9)
    checkpoint = TrainingCheckpoint(
        folder / "state.pt",
        {**networks._asdict(), **optimizers, "ema": ema, "scheduler": scheduler},
        {"model": ema.module},
        interval,
    )

    def count(engine):
        with (folder / "steps").open("a") as file:
            file.write(f"{engine.state.iteration}\n")

    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: scheduler.step())
    trainer.add_event_handler(Events.ITERATION_COMPLETED, count)
    TrainingRecord(folder).attach(trainer)
    checkpoint.attach(trainer)
    trainer.run()
