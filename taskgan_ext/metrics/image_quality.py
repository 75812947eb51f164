"""PSNR, NRMSE and SSIM of two-dimensional slices, vectorised over any leading dimensions."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

K1, K2 = 0.01, 0.03  # stabilisers of Wang et al., IEEE Trans Image Process 13 (2004), section III.B


def psnr(pred: Tensor, target: Tensor, data_range: float | Tensor) -> Tensor:
    """Peak signal-to-noise ratio, ``10 log10(range^2 / mean((x - y)^2))``.

    Args:
        pred: slices x, shape ``(..., X, Y)``.
        target: slices y, same shape.
        data_range: the range of values, in the unit of the slices: a number, or one for each slice ``(...)``.

    Returns:
        Decibel for each slice, float64, shape ``(...)``; infinite where the slices are equal.

    Raises:
        ValueError: the shapes differ or there are fewer than two dimensions.
    """
    x, y = _pair(pred, target)
    mean_square = (x - y).square().mean(dim=(-2, -1))
    return 10.0 * torch.log10(_range(data_range, y).square() / mean_square)


def rmse(pred: Tensor, target: Tensor) -> Tensor:
    """Root mean square error, ``sqrt(mean((x - y)^2))``, in the unit of the slices.

    Args:
        pred: slices x, shape ``(..., X, Y)``.
        target: slices y, same shape.

    Returns:
        Error of each slice, float64, shape ``(...)``.

    Raises:
        ValueError: the shapes differ or there are fewer than two dimensions.
    """
    x, y = _pair(pred, target)
    return (x - y).square().mean(dim=(-2, -1)).sqrt()


def nrmse(pred: Tensor, target: Tensor) -> Tensor:
    """Normalised root mean square error, ``||x - y||_2 / ||y||_2`` (scikit-image's Euclidean norm).

    Args:
        pred: slices x, shape ``(..., X, Y)``.
        target: slices y, same shape; its norm is the denominator, so the order of arguments matters.

    Returns:
        Relative error of each slice, float64, shape ``(...)``; not finite where ``target`` is empty.

    Raises:
        ValueError: the shapes differ or there are fewer than two dimensions.
    """
    x, y = _pair(pred, target)
    return (x - y).square().sum(dim=(-2, -1)).sqrt() / y.square().sum(dim=(-2, -1)).sqrt()


def ssim(
    pred: Tensor, target: Tensor, data_range: float | Tensor, win_size: int = 7, sigma: float | None = None
) -> Tensor:
    """Structural similarity as scikit-image's ``structural_similarity`` computes it by default.

    Uniform window, sample covariance, K1 = 0.01, K2 = 0.03, mean over the windows that lie wholly inside the
    slice (Wang et al. 2004, eq. 13). Computed in float64: a variance taken as ``E[x^2] - E[x]^2`` loses its
    digits in float32. With ``win_size=11, sigma=1.5`` it is that of Wang et al., with a Gaussian window and
    the population covariance.

    Args:
        pred: slices x, shape ``(..., X, Y)``.
        target: slices y, same shape.
        data_range: the range of values, in the unit of the slices: a number, or one for each slice ``(...)``.
        win_size: odd side of the window in pixels.
        sigma: standard deviation of a Gaussian window in pixels, ``None`` for a uniform one.

    Returns:
        Similarity of each slice, -1 to 1, float64, shape ``(...)``.

    Raises:
        ValueError: the shapes differ, the window is even or larger than the slice.
    """
    return ssim_map(pred, target, data_range, win_size, sigma).mean(dim=(-2, -1))


def ssim_map(
    pred: Tensor, target: Tensor, data_range: float | Tensor, win_size: int = 7, sigma: float | None = None
) -> Tensor:
    """Structural similarity of each window that lies wholly inside the slice, see ``ssim``.

    Args:
        pred: slices x, shape ``(..., X, Y)``.
        target: slices y, same shape.
        data_range: the range of values, in the unit of the slices: a number, or one for each slice ``(...)``.
        win_size: odd side w of the window in pixels.
        sigma: standard deviation of a Gaussian window in pixels, ``None`` for a uniform one.

    Returns:
        Similarity, -1 to 1, float64, shape ``(..., X - w + 1, Y - w + 1)``; the first value belongs to the
        pixel ``(w // 2, w // 2)``, the centre of its window.

    Raises:
        ValueError: the shapes differ, the window is even or larger than the slice.
    """
    x, y = _pair(pred, target)
    if win_size % 2 == 0 or win_size > min(x.shape[-2:]):
        raise ValueError(
            f"expected an odd win_size within the slice of {tuple(x.shape[-2:])} pixels, got {win_size}"
        )
    moments = torch.stack([x, y, x * x, y * y, x * y]).reshape(-1, 1, *x.shape[-2:])
    means = _window_means(moments, win_size, sigma)
    mean_x, mean_y, square_x, square_y, product = means.reshape(5, *x.shape[:-2], *means.shape[-2:])

    sample = win_size**2 / (win_size**2 - 1) if sigma is None else 1.0
    var_x = sample * (square_x - mean_x * mean_x)
    var_y = sample * (square_y - mean_y * mean_y)
    covariance = sample * (product - mean_x * mean_y)

    span = _range(data_range, y)[..., None, None]
    c1, c2 = (K1 * span) ** 2, (K2 * span) ** 2
    return ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )


def _window_means(images: Tensor, win_size: int, sigma: float | None) -> Tensor:
    if sigma is None:
        return avg_pool2d(images, win_size, stride=1)
    distance = torch.arange(win_size, dtype=images.dtype, device=images.device) - win_size // 2
    profile = torch.exp(-0.5 * (distance / sigma).square())
    profile = profile / profile.sum()
    return conv2d(conv2d(images, profile.reshape(1, 1, -1, 1)), profile.reshape(1, 1, 1, -1))


def _pair(pred: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    if pred.shape != target.shape or pred.ndim < 2:
        raise ValueError(
            "expected two tensors of one shape (..., X, Y), "
            f"got pred {tuple(pred.shape)} and target {tuple(target.shape)}"
        )
    return pred.to(torch.float64), target.to(torch.float64)


def _range(data_range: float | Tensor, like: Tensor) -> Tensor:
    return torch.as_tensor(data_range, dtype=like.dtype, device=like.device)
