# %% [markdown]
# # Train Task-GAN from Python
#
# Everything that `bundles/pet_denoising/configs/train.json` wires together, as plain Python: data,
# networks, losses, trainers, validation, and one restored case. It takes about a minute on two cores. The
# sizes below are chosen for that, not for good images; the bundle's own are in the comments.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from monai.data import CacheDataset, DataLoader
from monai.engines import SupervisedEvaluator
from monai.handlers import IgniteMetricHandler, ValidationHandler, from_engine
from monai.transforms import (
    Compose,
    EnsureChannelFirstd,
    Invertd,
    Orientationd,
    RandFlipd,
    SaveImage,
)
from torch.optim import Adam

from preprocessing.__main__ import main as preprocess
from taskgan_ext.data import EpochSampler, SliceDataset, load_datalist
from taskgan_ext.engines import StepLosses, TaskGANTrainer, TaskNetworkTrainer
from taskgan_ext.handlers import Progress, TrainingCheckpoint, TrainingRecord
from taskgan_ext.inferers import SliceStackInferer
from taskgan_ext.losses import FeatureMatchingLoss, TaskGANObjective, TaskLoss
from taskgan_ext.metrics import SlicePSNR
from taskgan_ext.networks import ImageDiscriminator, ResNetTaskNetwork, UNetGenerator, initialise
from taskgan_ext.transforms import CheckSameGridd, LoadVolumesd, ScaleByMeand

SUBJECTS = 8  # 40 in the bundle
SLICES = 8  # of each subject; 48
EPOCHS = 20  # of G and D, of 32 slices each; 24 of 384
TASK_EPOCHS = 6  # of T, beforehand; 16
STACK = 3  # neighbouring slices that G sees as channels
SEED = 0
WORK = Path("train_from_python")  # everything is written here
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# %% [markdown]
# ## Data
#
# A seeded digital phantom is scanned, its events are thinned to 1 %, and both are reconstructed. With scans
# of your own, leave this cell out and give the folder of your `datalist.json` below (`docs/data.md`).

# %%
data_dir = WORK / "data"
size = ["--subjects", str(SUBJECTS), "--slices", str(SLICES), "--positive-fraction", "0.5"]
if preprocess(["pet", "simulate", *size, "--seed", str(SEED), "--out", str(data_dir)]) != 0:
    raise SystemExit("the simulation failed; its message says why")

# %%
# Image and target are divided by one factor, the mean of the degraded image: it is known at inference too,
# and its inverse gives the restored image the unit of the input.
load = [
    LoadVolumesd(["image", "label"]),
    EnsureChannelFirstd(["image", "label"]),
    Orientationd(["image", "label"], axcodes="RAS", labels=None),
    CheckSameGridd("label"),
    ScaleByMeand(["image", "label"], level=4.75),
]
# Volumes are loaded once and cut into slices in memory. Whole slices of 128 x 128 pixels: G halves them
# four times, so their sides must be multiples of 16; CenterSpatialCropd would cut others to size.
training = SliceDataset(
    load_datalist(data_dir, "training"),
    Compose(load),
    augment=RandFlipd(["image", "label"], prob=0.5, spatial_axis=0),
    stack=STACK,
    seed=SEED,
)
# Order and augmentation are functions of seed, epoch and sample: a run that was killed goes on with the
# same batches.
batches = DataLoader(training, batch_size=4, sampler=EpochSampler(training, seed=SEED, batch_size=4))
first = training[0]
print(f"{len(training)} slices, image {tuple(first['image'].shape)}, y of the first: {first['property']}")

# %% [markdown]
# ## Networks
#
# G restores, D judges, T reads the property y that must survive: here, whether the scan is amyloid
# positive.

# %%
generator = UNetGenerator(
    in_channels=STACK,
    channels=(16, 32, 64, 64),
    num_dropout_levels=0,
    upsample="nearest",  # leaves no checkerboard
    output_activation="softplus",  # activity is not negative, and has no upper bound
)
initialise(generator, SEED).to(device)
# He's draws: without normalisation, pix2pix's N(0, 0.02) would leave D's features too small for eq. 2 to
# matter.
discriminator = initialise(ImageDiscriminator(channels=(16, 32, 64, 64)), SEED + 1, std=None).to(device)
task_network = initialise(ResNetTaskNetwork(block_inplanes=(8, 16, 32, 64)), SEED + 2).to(device)

# %% [markdown]
# ## T first
#
# T learns from full-dose images alone and is frozen afterwards: a T that learnt along with G could agree
# with it.

# %%
task_trainer = TaskNetworkTrainer(
    device,
    TASK_EPOCHS,
    batches,
    task_network,
    Adam(task_network.parameters(), lr=1e-3),
    train_handlers=[Progress("training T")],
)
task_trainer.run()
print(f"T after {TASK_EPOCHS} epochs: (T(x) - y)^2 = {task_trainer.state.metrics['loss']:.3f}")

# %% [markdown]
# ## G and D
#
# Eq. 4 weighs pixels (eq. 1), D's features (eq. 2) and T's features (eq. 3). `lambda_gan=0` leaves D out,
# `mu_task=0` leaves T out: both 0 is plain L1.

# %%
losses = StepLosses(
    objective=TaskGANObjective(lambda_gan=0.2, mu_task=0.5),
    matching=FeatureMatchingLoss(layers=[2], per="sample"),
    task=TaskLoss(match="features"),
)


def make_evaluator(section: str) -> SupervisedEvaluator:
    """Restore whole volumes of a section and return them to Bq/ml."""
    steps = Compose(load)
    psnr = {
        name: IgniteMetricHandler(metric_fn=SlicePSNR(), output_transform=from_engine([name, "label"]))
        for name in ("pred", "image")
    }
    return SupervisedEvaluator(
        device=device,
        val_data_loader=DataLoader(CacheDataset(load_datalist(data_dir, section), steps, progress=False)),
        network=generator,
        inferer=SliceStackInferer(stack=STACK),
        postprocessing=Invertd(["pred", "image", "label"], steps, orig_keys=["image", "image", "label"]),
        key_val_metric={"psnr": psnr["pred"]},
        additional_metrics={"psnr_of_input": psnr["image"]},
    )


validator = make_evaluator("validation")
g_optimizer = Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
d_optimizer = Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
trainer = TaskGANTrainer(
    device,
    EPOCHS,
    batches,
    generator,
    g_optimizer,
    losses,
    discriminator=discriminator,
    discriminator_optimizer=d_optimizer,
    task_network=task_network,
    train_handlers=[
        Progress("training G and D"),
        ValidationHandler(interval=EPOCHS // 2, validator=validator),
        TrainingRecord(WORK, validator),  # history.csv
        # Last: a checkpoint closes its epoch. Started again, this script continues from it.
        TrainingCheckpoint(
            WORK / "training_state.pt",
            state={"g": generator, "d": discriminator, "g_adam": g_optimizer, "d_adam": d_optimizer},
            exports={"model": generator},
        ),
    ],
)
trainer.run()
print({name: round(value, 4) for name, value in trainer.state.metrics.items()})

# %% [markdown]
# ## A held-out case
#
# The evaluator's output holds volumes in Bq/ml with the grid of the file; `SaveImage` writes them as NIfTI.

# %%
tester = make_evaluator("test")
tester.run()
print({name: f"{value:.2f} dB" for name, value in tester.state.metrics.items()})
case = tester.state.output[0]
SaveImage(WORK, output_postfix="restored", separate_folder=False, print_log=False)(case["pred"])

# %%
shown = {"1 % of the dose": "image", "restored": "pred", "full dose": "label"}
middle, brightest = SLICES // 2, float(case["label"].max())
figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
for axis, (title, key) in zip(axes, shown.items(), strict=True):
    # RAS: the first axis runs to the patient's right, the second to the front, which a picture has on top.
    axis.imshow(case[key][0, ..., middle].numpy().T[::-1], cmap="gray_r", vmin=0, vmax=brightest)
    axis.set_title(title)
    axis.axis("off")
figure.savefig(WORK / "result.png", dpi=80)
figure
