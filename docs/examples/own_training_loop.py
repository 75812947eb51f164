# %% [markdown]
# # Your own training loop
#
# Three ways to use parts of the library in code of your own, from the freest to the most comfortable: the
# losses as functions, one training step as a function, and the trainer with networks and losses of your
# own. Everything here is images of ellipses in memory; it takes seconds.

# %%
import torch
from monai.data import DataLoader
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d
from torch.optim import Adam

from taskgan_ext.engines import StepLosses, TaskGANTrainer, restoration_step
from taskgan_ext.losses import (
    TaskGANObjective,
    TaskLoss,
    discriminator_loss,
    feature_matching_loss,
    pixel_loss,
    task_regression_loss,
)
from taskgan_ext.networks import ImageDiscriminator, NetworkOutput, UNetGenerator, initialise

STEPS = 60
generator = torch.Generator().manual_seed(0)


def draw_batch(size: int = 8) -> tuple[Tensor, Tensor, Tensor]:
    """Noisy discs, clean discs, and y: 1 for those with a hole."""
    axis = torch.linspace(-1, 1, 32)
    radius = torch.hypot(axis[:, None], axis[None, :]).expand(size, 1, 32, 32)
    y = torch.randint(0, 2, (size,), generator=generator)
    outer = 0.6 + 0.3 * torch.rand(size, 1, 1, 1, generator=generator)
    target = ((radius < outer) & ((radius > 0.3) | (y.view(-1, 1, 1, 1) == 0))).float()
    return target + 0.5 * torch.randn(target.shape, generator=generator), target, y


def make_generator() -> nn.Module:
    """A small G for 32 x 32 pixels, which starts as little more than its input."""
    net = UNetGenerator(
        channels=(8, 16, 16), num_dropout_levels=0, output_activation="none", residual_channel=0
    )
    return initialise(net, seed=0)


# %% [markdown]
# ## 1. The losses, in a plain loop
#
# Each equation of the paper is one function of tensors (`docs/paper.md` lists them). D and T return a
# decision and inner features, `NetworkOutput(logit, features)`. A T of your own returns the same: here it
# is one layer.


# %%
class HoleNetwork(nn.Module):
    """T: is there a hole? It compares the centre with a ring around it."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = nn.Linear(16, 1)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Take (B, 1, 32, 32); logit (B, 1) before the sigmoid, features as a list of (B, C, ...)."""
        coarse = avg_pool2d(image, 8)
        return NetworkOutput(self.weigh(coarse.flatten(1)), [coarse])


# %%
G, D, T = make_generator(), initialise(ImageDiscriminator(channels=(8, 16, 16)), 1, std=None), HoleNetwork()
g_adam, d_adam, t_adam = (Adam(net.parameters(), lr=2e-3) for net in (G, D, T))
for _ in range(STEPS):
    image, target, y = draw_batch()
    pred = G(image)

    # T and D learn from losses of their own, from images that are cut off from G.
    loss_t = task_regression_loss(T(target).logit, y)
    loss_d = discriminator_loss(D(target).logit, D(pred.detach()).logit)
    for loss, adam in ((loss_t, t_adam), (loss_d, d_adam)):
        adam.zero_grad()
        loss.backward()
        adam.step()

    # G answers with eq. 4. What is needed of D and T here is their view of x^, with its graph.
    loss_g = (
        pixel_loss(pred, target)  # eq. 1
        + 0.2 * feature_matching_loss(D(target).features, D(pred).features)  # eq. 2
        + 0.2 * task_regression_loss(T(pred).logit, y)  # eq. 3
    )
    g_adam.zero_grad()
    loss_g.backward()
    g_adam.step()
print(f"own loop: L1 {pixel_loss(pred, target):.3f} after {pixel_loss(image, target):.3f}")

# %% [markdown]
# ## 2. One step as a function
#
# `restoration_step` leaves all gradients of a step in the parameters, for G, D and T at once, and passes
# every image through every network once. Whose optimiser steps is up to you.

# %%
G = make_generator()
g_adam = Adam(G.parameters(), lr=2e-3)
losses = StepLosses(TaskGANObjective(lambda_gan=0.2, mu_task=0.2), task=TaskLoss("features"))
T.requires_grad_(False).eval()  # frozen
for _ in range(STEPS):
    image, target, y = draw_batch()
    for adam in (g_adam, d_adam):
        adam.zero_grad()
    pred, loss, terms = restoration_step(lambda: G(image), target, y, (D, T), losses)  # noqa: B023
    for adam in (g_adam, d_adam):
        adam.step()
print("one step:", {name: round(float(value), 3) for name, value in terms.items()})

# %% [markdown]
# ## 3. The trainer, with a D and an adversarial term of your own
#
# Any module can be D if it takes an image and the property and returns logits and features. The terms are
# modules: `matching` replaces eq. 2, `discriminator` is D's own loss. Here both are those of a Wasserstein
# GAN: D tells real from restored by the difference of its means, and G raises that of the restored images.


# %%
class Critic(nn.Module):
    """D without an inner view: its one feature is its decision."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.utils.parametrizations.spectral_norm(nn.Conv2d(1, 8, 4, stride=2))
        self.head = nn.utils.parametrizations.spectral_norm(nn.Linear(8, 1))

    def forward(self, image: Tensor, prop: Tensor) -> NetworkOutput:  # noqa: ARG002
        """Take (B, 1, X, Y) and y, which it does not need."""
        logit = self.head(self.net(image).relu().mean(dim=(2, 3)))
        return NetworkOutput(logit, [logit])


class CriticLoss(nn.Module):
    """D's own loss: a difference of means."""

    def forward(self, real_logit: Tensor, restored_logit: Tensor) -> Tensor:
        """Take logits of one shape."""
        return restored_logit.mean() - real_logit.mean()


class CriticMatching(nn.Module):
    """G's share: be rated as real images are."""

    def forward(self, real_features: list[Tensor], restored_features: list[Tensor]) -> Tensor:
        """Take what D shows of x and x^."""
        return real_features[0].detach().mean() - restored_features[0].mean()


# %%
G, critic = make_generator(), Critic()
images, targets, properties = draw_batch(8 * STEPS)
items = [
    {"image": image, "label": target, "property": y}
    for image, target, y in zip(images, targets, properties, strict=True)
]
trainer = TaskGANTrainer(
    "cpu",
    max_epochs=1,
    train_data_loader=DataLoader(items, batch_size=8),
    network=G,
    optimizer=Adam(G.parameters(), lr=2e-3),
    losses=StepLosses(
        TaskGANObjective(lambda_gan=0.05, mu_task=0.2),
        matching=CriticMatching(),
        task=TaskLoss("features"),
        discriminator=CriticLoss(),
    ),
    discriminator=critic,
    discriminator_optimizer=Adam(critic.parameters(), lr=1e-3),
    task_network=T,
)
trainer.run()
print("trainer:", {name: round(value, 3) for name, value in trainer.state.metrics.items()})

# %% [markdown]
# Handlers of MONAI and Ignite go into `train_handlers`; `train_from_python.py` shows those of this library.
# A loss that is NaN stops the run before it spoils the weights, and names the cases of the batch.
