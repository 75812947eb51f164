"""The case that an item of a batch and the output of an evaluator describe."""

from collections.abc import Mapping
from typing import Any

from monai.data import MetaTensor
from torch import Tensor

from taskgan_ext.data.evaluation_case import Case
from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.evaluation_files import INPUT, REFERENCE, RESTORED
from taskgan_ext.keys import IMAGE, LABEL, MASK, PRED, PROPERTY, REGIONS, SUBJECT


def case_of_batch(item: Mapping[str, Any], result: Mapping[str, Any], group_key: str = "") -> Case:
    """Take one case out of a decollated batch.

    Args:
        item: item of the batch: ``subject``, ``property``, the group and, where there are any, ``regions``,
            ``mask`` and ``true_...`` values.
        result: item of the output: ``image``, ``label`` and ``pred`` in data units.
        group_key: key of the item that holds the group; empty for no groups.

    Returns:
        The case, its tensors on the CPU and without meta data.

    Raises:
        ConfigError: a key is missing, or ``pred`` or ``mask`` does not have the shape of ``label``.
    """
    missing = [key for key in (SUBJECT, PROPERTY, group_key) if key and key not in item] + [
        key for key in (IMAGE, LABEL, PRED) if key not in result
    ]
    if missing:
        raise ConfigError(
            f"expected {', '.join(missing)} in the batch or output of the evaluator, found none"
        )
    subject, value = str(item[SUBJECT]), item[PROPERTY]
    label, pred = _plain(result[LABEL]), _plain(result[PRED])
    _check_shape(subject, PRED, pred, label)
    mask = _plain(item[MASK]) > 0.5 if MASK in item else None
    if mask is not None:
        _check_shape(subject, MASK, mask, label[:1])
    return Case(
        subject=subject,
        property=value if isinstance(value, str) else float(value),
        image=_plain(result[IMAGE]),
        label=label,
        pred=pred,
        regions=_plain(item[REGIONS]) if REGIONS in item else None,
        scale=_scale(result[IMAGE], item.get(IMAGE)),
        truth={key: float(item[key]) for key in sorted(item) if key.startswith("true_")},
        mask=mask,
        group=str(item[group_key]) if group_key else "",
    )


def arm_volumes(case: Case, item: Mapping[str, Any], comparisons: Mapping[str, str]) -> dict[str, Tensor]:
    """Image of every arm: input, comparisons, restored, reference.

    An input of another shape than the target (several MR images instead of one) is no degraded picture of it
    and is left out.

    Args:
        case: the case.
        item: item of the batch, which holds the images of the comparisons in data units.
        comparisons: name of the arm by key of the item.

    Returns:
        Images by arm, in the order of the tables.

    Raises:
        ConfigError: the image of a comparison is missing or does not have the shape of the target.
    """
    volumes = {INPUT: case.image} if case.image.shape == case.label.shape else {}
    for key, arm in comparisons.items():
        if key not in item:
            raise ConfigError(
                f"{case.subject}: expected {key!r} in the batch of the evaluator for the comparison {arm!r}, "
                "found none; add it in the transforms or take it out of the presentation's comparisons"
            )
        volumes[arm] = _plain(item[key])
        _check_shape(case.subject, key, volumes[arm], case.label)
    return volumes | {RESTORED: case.pred, REFERENCE: case.label}


def item_affine(label: Tensor) -> Tensor | None:
    """Affine of a target image.

    Args:
        label: a tensor, with metadata or without.

    Returns:
        ``(4, 4)``, voxel index to RAS mm, or ``None`` for a tensor without metadata.
    """
    return label.affine.cpu() if isinstance(label, MetaTensor) else None


def _plain(image: Tensor) -> Tensor:
    return plain_tensor(image).cpu()


def _check_shape(subject: str, key: str, image: Tensor, label: Tensor) -> None:
    if image.shape != label.shape:
        raise ConfigError(
            f"{subject}: expected {key} of the shape of label {tuple(label.shape)}, got {tuple(image.shape)}"
        )


def _scale(*images: Tensor | None) -> float:
    """Take the scale from the first image that knows it; postprocessing may have dropped it."""
    metas = [image.meta for image in images if isinstance(image, MetaTensor)]
    return next((float(meta["scale"]) for meta in metas if "scale" in meta), 1.0)
