"""Eq. 3: the task network finds the property in the restored image."""

import math
from collections.abc import Sequence
from typing import Literal, Protocol, get_args

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from taskgan_ext.errors import ConfigError
from taskgan_ext.losses.feature_matching import feature_matching_loss
from taskgan_ext.losses.precision import full_precision
from taskgan_ext.losses.segmentation import soft_dice_loss
from taskgan_ext.losses.task_embedding import task_embedding_loss

TaskMatch = Literal["probabilities", "features", "embedding"]


class TaskOutput(Protocol):
    """What a task network returns, told by its fields so that losses need not know the networks."""

    @property
    def logit(self) -> Tensor:
        """Decision before the sigmoid or softmax, shape ``(B, K)``."""

    @property
    def features(self) -> list[Tensor]:
        """Activations, each of shape ``(B, C, ...)``."""


def task_probabilities(logit: Tensor) -> Tensor:
    """Turn logits into probabilities: sigmoid for one output, softmax over several.

    Args:
        logit: shape ``(B, K)``.

    Returns:
        Probabilities of shape ``(B, K)`` in at least float32; rows sum to one if K > 1.
    """
    values = full_precision(logit)
    return torch.sigmoid(values) if values.shape[1] == 1 else torch.softmax(values, dim=1)


def property_target(y: Tensor, num_outputs: int) -> Tensor:
    """Turn the property of a batch into the probabilities that T should give.

    Args:
        y: for one output the probability of the property (or 0 and 1, or booleans), shape ``(B,)`` or
            ``(B, 1)``. For K > 1 outputs class indices as integers, shape ``(B,)`` or ``(B, 1)``, or one
            probability per class, shape ``(B, K)``.
        num_outputs: K.

    Returns:
        Target probabilities, shape ``(B, K)``, float32 (float64 if ``y`` is), without gradient.

    Raises:
        ValueError: shape, type or range of ``y`` do not fit ``num_outputs``.
    """
    y = y.detach()
    one_value_each = y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1)
    if one_value_each and num_outputs > 1 and not y.is_floating_point():
        _require_range(y, num_outputs - 1, num_outputs)
        return torch.nn.functional.one_hot(y.reshape(-1).long(), num_outputs).float()
    if (one_value_each and num_outputs == 1) or (y.ndim == 2 and y.shape[1] == num_outputs):
        _require_range(y, 1, num_outputs)
        return full_precision(y.reshape(-1, num_outputs))
    raise ValueError(
        f"property: expected (B,) class indices as integers or (B, {num_outputs}) probabilities for a task "
        f"network of {num_outputs} outputs, got {y.dtype} of shape {tuple(y.shape)}"
    )


def task_regression_loss(logit: Tensor, y: Tensor) -> Tensor:
    r"""Eq. 3 of Task-GAN for one image, ``(T(.) - y)^2``, on probabilities.

    The paper does not say whether T(.) is a logit or a probability; y is a class, so probabilities are
    compared. G minimises it for the logits of x^; T for those of x, and of x^ if it is trained on both. The
    mean over batch and outputs makes mu of eq. 4 independent of both.

    Args:
        logit: T(.), shape ``(B, K)``.
        y: the property, as :func:`property_target` accepts it.

    Returns:
        The mean squared difference, a scalar from 0 to 1.

    Raises:
        ValueError: ``y`` does not fit the logits.
    """
    return (task_probabilities(logit) - _target_of(logit, y)).square().mean()


def task_cross_entropy_loss(logit: Tensor, y: Tensor, margin: float = 0.0) -> Tensor:
    r"""Cross entropy of T(.) and y, to train a task network of several classes by itself.

    The squared error of eq. 3 hardly moves a T that is sure of a wrong class; this does. G is still held to
    eq. 3, whatever T has learnt from.

    A margin asks the true class to exceed the others by as much more, so that also classes come apart that T
    has not seen. If the logits are s times a cosine, a ``margin`` of s m is that of Wang et al., "CosFace:
    Large Margin Cosine Loss for Deep Face Recognition", CVPR 2018, eq. 4.

    Args:
        logit: T(.), shape ``(B, K)``.
        y: the property, as :func:`property_target` accepts it.
        margin: subtracted from the logit of the true class, at least 0. A single logit is the difference of
            two classes.

    Returns:
        The mean over the batch, a scalar of at least 0; without margin ln K for a T that knows nothing.

    Raises:
        ValueError: ``y`` does not fit the logits.
    """
    target, values = _target_of(logit, y), full_precision(logit)
    if logit.shape[1] == 1:
        return binary_cross_entropy_with_logits(values - margin * (2 * target - 1), target)
    return cross_entropy(values - margin * target, target)


def task_feature_loss(
    restored_features: Sequence[Tensor],
    reference_features: Sequence[Tensor],
    layers: Sequence[int] | None = None,
) -> Tensor:
    r"""Eq. 3 on features, ``mean_l || t_l(x^) - t_l(x) ||^2``, a variant that the paper does not have.

    Sigmoid and softmax saturate once T is sure; inner activations of T keep a gradient, and say where in the
    image the evidence lies. Each restored image is paired with its own target, whose features are detached.

    Args:
        restored_features: activations of T for x^, each of shape ``(B, C, ...)``.
        reference_features: activations of T for x, the same shapes.
        layers: which activations to compare; None for all.

    Returns:
        The mean over layers, batch and features, a scalar.

    Raises:
        ConfigError: a layer does not exist.
        ValueError: the shapes differ.
    """
    chosen = range(len(reference_features)) if layers is None else layers
    return feature_matching_loss(reference_features, restored_features, per="sample", layers=chosen)


class TaskLoss(torch.nn.Module):
    """The generator's task loss: T should find in x^ what is true of x.

    Attributes:
        uses_reference: whether the call needs T's output for the target; if not, that pass can be saved.

    Args:
        match: ``"probabilities"``, eq. 3 as the paper writes it; or ``"features"``, a deviation that kept the
            property as well and cost less PSNR in prototypes of PET denoising; or ``"embedding"``, which
            tells apart also people whom T has not seen, on a scale from 0 to 4
            (:func:`~taskgan_ext.losses.task_embedding.task_embedding_loss`).
        layers: which activations of T to compare by ``"features"``; None for all.
        segmentation_weight: weight of the overlap of what T segments in x^ and in x (soft Dice), for a T that
            segments: the paper names segmentation as a variant of T. 0 leaves it out.

    Raises:
        ConfigError: ``match`` is unknown, ``layers`` is empty or given without being used, or the weight is
            negative.
    """

    def __init__(
        self,
        match: TaskMatch = "probabilities",
        layers: Sequence[int] | None = None,
        segmentation_weight: float = 0.0,
    ) -> None:
        super().__init__()
        if match not in get_args(TaskMatch):
            raise ConfigError(f"match: expected one of {', '.join(get_args(TaskMatch))}, got {match!r}")
        if layers is not None and (match != "features" or not layers):
            raise ConfigError(
                "layers: expected at least one layer together with match 'features', "
                f"got {list(layers)} with {match!r}"
            )
        if not 0 <= segmentation_weight < math.inf:
            raise ConfigError(
                f"segmentation_weight: expected a finite weight of at least 0, got {segmentation_weight}"
            )
        self.match = match
        self.segmentation_weight = segmentation_weight
        self.uses_reference = match != "probabilities" or segmentation_weight > 0
        self.layers = None if layers is None else tuple(layers)

    def forward(self, restored: TaskOutput, reference: TaskOutput | None, y: Tensor) -> Tensor:
        """Compute the loss of a batch.

        Args:
            restored: T(x^), with gradient to G.
            reference: T(x); None if ``uses_reference`` is false.
            y: the property, as :func:`property_target` accepts it; only ``"probabilities"`` need it.

        Returns:
            A scalar.

        Raises:
            ValueError: ``reference`` is missing, or shapes do not fit.
        """
        if not self.uses_reference:
            return task_regression_loss(restored.logit, y)
        if reference is None:
            raise ValueError("task loss: expected T's output for the target images too, got None")
        if self.match == "features":
            loss = task_feature_loss(restored.features, reference.features, self.layers)
        elif self.match == "embedding":
            loss = task_embedding_loss(restored, reference)
        else:
            loss = task_regression_loss(restored.logit, y)
        if self.segmentation_weight > 0:
            loss = loss + self.segmentation_weight * _overlap_loss(restored, reference)
        return loss


def _overlap_loss(restored: TaskOutput, reference: TaskOutput) -> Tensor:
    found, wanted = (getattr(output, "segmentation", None) for output in (restored, reference))
    if found is None or wanted is None or not found.numel():
        raise ConfigError("segmentation_weight: expected a task network that segments, got one that does not")
    return soft_dice_loss(torch.sigmoid(found), torch.sigmoid(wanted).detach())


def _target_of(logit: Tensor, y: Tensor) -> Tensor:
    target = property_target(y, logit.shape[1])
    if target.shape != logit.shape:
        raise ValueError(f"property: expected {logit.shape[0]} values, one per image, got {target.shape[0]}")
    return target


def _require_range(y: Tensor, highest: int, num_outputs: int) -> None:
    lowest_found, highest_found = (bound.item() for bound in y.double().aminmax())
    if not 0 <= lowest_found <= highest_found <= highest:
        raise ValueError(
            f"property: expected values from 0 to {highest} for a task network of {num_outputs} outputs, got "
            f"{lowest_found:g} to {highest_found:g}: num_outputs must fit the classes of the data list"
        )
