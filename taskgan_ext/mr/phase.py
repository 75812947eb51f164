"""From complex or magnitude images to signed ones."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter

from taskgan_ext.errors import DataError
from taskgan_ext.mr.echo_decay import fit_decay
from taskgan_ext.mr.fit import head_mask
from taskgan_ext.mr.magnitude_recovery import FIELDS, MagnitudeRecovery, search_field
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.transmit_field import fit_transmit_field

_MIN_SIGNAL = 0.1  # of the 99th percentile: below it a voxel is background
_TOLERANCE = 0.1  # of a voxel's largest signal: what may fall or be negative without counting
_MAX_FRACTION = 0.25  # of the head: flowing CSF and blood do as they like, but they are few
_MIN_NEGATIVE = 0.01  # of the head; magnitudes have none
_SMALL_FALL, _MIN_FALLING = 0.03, 0.05  # of a voxel's largest signal; of the head
_MAX_MISFIT = 0.03  # of the energy of magnitudes; a signal-to-noise ratio of 10 leaves 1 to 2 %, of 5 more
_MIN_RATIO = 1.1  # of the misfits of two distant transmit fields
_MAX_UNDECIDED = 0.05  # of the head
_REMEDY = "export phase, or real and imaginary images, as well"


def align_phase(signal: NDArray[Any]) -> NDArray[np.float32]:
    """Remove the phase of complex images, keeping the sign of the magnetisation.

    Every image is projected on the phase of a reference of its echo: the sum of the images at the two longest
    delays, smoothed in the slice. Unsmoothed it would turn the longest delay into its own magnitude.

    Args:
        signal: complex, of shape ``(X, Y, Z, delays, echoes)``, delays ascending; slices along the third
            axis.

    Returns:
        Signed images of the same shape.
    """
    sigma = 0.5 + max(signal.shape[:2]) / 256  # 1 pixel in 128, 1.5 in 256
    signed = np.empty(signal.shape, np.float32)
    for echo in range(signal.shape[4]):
        sum_of_longest = signal[..., -2:, echo].sum(axis=3)
        reference = _smooth(sum_of_longest.real, sigma) + 1j * _smooth(sum_of_longest.imag, sigma)
        unit = reference / np.maximum(np.abs(reference), np.finfo(np.float32).tiny)
        signed[..., echo] = (signal[..., echo] * unit.conj()[..., None]).real
    return signed


def check_polarity(signed: NDArray[np.float32]) -> None:
    """Check that the signal recovers with the delay, as it does after saturation.

    It must be brightest and positive at the longest delay and must rise with the delay, so that its sign
    changes at most once, from negative to positive. This is judged at the first echo over all voxels of the
    head, averaged over 3 x 3 voxels; a quarter of them may disobey, as flowing CSF and vessels do.

    Args:
        signed: images of shape ``(X, Y, Z, delays, echoes)``.

    Raises:
        DataError: the order of the delays or the polarity is wrong; the message names the reason.
    """
    relative = _relative_recovery(signed)
    reason = _wrong_order(relative) or _wrong_sign(relative)
    if reason:
        raise DataError(
            f"MDME polarity: expected a signal that rises with the delay, from negative to positive; {reason}"
        )


def restore_polarity(
    magnitude: NDArray[np.float32],
    sequence: MDMESequence,
    voxel_mm: tuple[float, float, float] = (1.0, 1.0, 5.0),
) -> NDArray[np.float32]:
    """Give magnitudes back the sign of the magnetisation.

    The sign changes at most once along the delays, so the question is how many of them are negative.
    Magnitudes are compared with those of simulated recoveries: first for the transmit field, which is
    smooth, then for each voxel at its field. Near a zero crossing noise decides, where the sign hardly
    matters. Flowing CSF does not recover as the model does and may get wrong signs.

    Args:
        magnitude: images of shape ``(X, Y, Z, delays, echoes)``, not negative.
        sequence: times and angles of the images.
        voxel_mm: voxel size along the axes.

    Returns:
        Signed images; the background stays positive.

    Raises:
        DataError: the order of the delays is wrong, or the magnitudes do not tell the signs.
    """
    reason = _wrong_order(_relative_recovery(magnitude))
    if not reason and magnitude.shape[3] < 4:
        reason = f"four delays or more are needed to tell the signs, these are {magnitude.shape[3]}"
    if reason:
        raise DataError(f"MDME polarity of magnitude images: {reason}")
    mask = head_mask(magnitude)
    _, amplitude = fit_decay(magnitude[mask], sequence.echo_times)
    table = MagnitudeRecovery(sequence)
    misfit = table.misfit(amplitude)
    by_sign = table.misfit_by_sign(amplitude, search_field(misfit, mask, voxel_mm))
    # Most signs are right now, and the signed recovery tells the field more exactly than magnitudes do.
    field = fit_transmit_field(amplitude * _signs(by_sign), mask, sequence, voxel_mm)
    by_sign = table.misfit_by_sign(amplitude, field)
    reason = _undecided(misfit, by_sign, amplitude)
    if reason:
        raise DataError(f"MDME polarity of magnitude images: {reason}")
    signed = magnitude.astype(np.float32)
    signed[mask] *= _signs(by_sign)[..., None]
    return signed


def signed_image(image: MDMEImage) -> MDMEImage:
    """Return the image with signed values, whatever it held, after checking its polarity.

    Args:
        image: complex, magnitude or signed.

    Returns:
        The image of kind ``signed``.

    Raises:
        DataError: the polarity is wrong, or cannot be restored from magnitudes.
    """
    try:
        if image.kind == "complex":
            signed = align_phase(image.signal)
        elif image.kind == "magnitude":
            signed = restore_polarity(np.abs(image.signal), image.sequence, image.voxel_mm)
        else:
            signed = np.asarray(image.signal, np.float32)
        check_polarity(signed)
    except DataError as error:
        raise DataError(f"{image.source}: {error}") from None
    return replace(image, signal=signed, kind="signed")


def _relative_recovery(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Recovery at the first echo relative to its largest magnitude, of shape ``(head voxels, delays)``."""
    recovery = uniform_filter(np.asarray(signal[..., 0], np.float32), size=(3, 3, 1, 1))
    size = np.abs(recovery).max(axis=3)
    head = size > _MIN_SIGNAL * np.percentile(size, 99)
    if not head.any():
        raise DataError("MDME polarity: expected voxels with signal, found none; are the images empty?")
    return np.asarray(recovery[head] / size[head, None])


def _wrong_order(relative: NDArray[np.float32]) -> str:
    brightness = np.abs(relative).mean(axis=0)
    if brightness[-1] >= 0.98 * brightness.max():
        return ""
    return (
        f"the longest delay is not the brightest, delay {brightness.argmax() + 1} of {len(brightness)} is: "
        "wrong order of the delays (scanners acquire the longest first)"
    )


def _wrong_sign(relative: NDArray[np.float32]) -> str:
    negative = np.mean(relative < 0, axis=0)
    if negative[-1] > _MAX_FRACTION:
        return f"the longest delay is negative in {negative[-1]:.0%} of the head: inverted polarity"
    rise = np.diff(relative, axis=1)
    # With a weak transmit field a recovery may start above zero, but then it does not fall first.
    if negative.max() < _MIN_NEGATIVE and np.mean(rise[:, 0] < -_SMALL_FALL) > _MIN_FALLING:
        return "no delay is negative, and it falls before it rises: lost polarity, as in magnitude images"
    falls = np.mean(rise < -_TOLERANCE, axis=0)
    if falls.max() > _MAX_FRACTION:
        first = int(falls.argmax()) + 1
        return (
            f"it falls from delay {first} to {first + 1} in {falls.max():.0%} of the head: wrong order of "
            "the delays or wrong phase"
        )
    return ""


def _signs(misfit_by_sign: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sign of each delay, shape ``(voxels, delays)``: as many of the shortest are negative as fit best."""
    delay = np.arange(misfit_by_sign.shape[1] - 1)
    negative = delay < misfit_by_sign.argmin(axis=1)[:, None]
    return np.where(negative, np.float32(-1), np.float32(1))


def _undecided(
    misfit: NDArray[np.float32], by_sign: NDArray[np.float32], amplitude: NDArray[np.float32]
) -> str:
    """Why the signs are not decidable, from the misfit over fields and over signs; empty if they are."""
    total = misfit.mean(axis=0)
    share = total.min() / np.mean(np.sum(amplitude**2, axis=1))
    if share > _MAX_MISFIT:
        return f"no recovery explains {share:.0%} of their energy: too much noise, or wrong delays, TE or TR"
    best = FIELDS[total.argmin()]
    others = total[np.abs(FIELDS - best) > 0.2]
    if others.min() < _MIN_RATIO * total.min():
        other = FIELDS[np.abs(FIELDS - best) > 0.2][others.argmin()]
        return f"transmit fields of {best:.2f} and {other:.2f} explain them equally well; {_REMEDY}"
    freedom = amplitude.shape[1] - 2
    median_of_chi_squared = freedom * (1 - 2 / (9 * freedom)) ** 3
    variance = np.median(by_sign.min(axis=1)) / median_of_chi_squared
    first, second = np.argsort(by_sign, axis=1)[:, :2].T
    delay = np.arange(amplitude.shape[1])
    disputed = (delay >= np.minimum(first, second)[:, None]) & (delay < np.maximum(first, second)[:, None])
    matters = np.any(disputed & (amplitude > 3 * np.sqrt(variance)), axis=1)
    voxels = np.arange(len(amplitude))
    close = by_sign[voxels, second] - by_sign[voxels, first] < 4 * variance
    undecided = float(np.mean(matters & close))
    return f"in {undecided:.0%} of the head either sign fits; {_REMEDY}" if undecided > _MAX_UNDECIDED else ""


def _smooth(plane: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    return np.asarray(gaussian_filter(plane.astype(np.float32), (sigma, sigma, 0)))
