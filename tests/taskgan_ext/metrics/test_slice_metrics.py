import pytest
import torch
from ignite.engine import Engine
from monai.handlers import IgniteMetricHandler, from_engine

from taskgan_ext.metrics.slice_metrics import SliceNRMSE, SlicePSNR, SliceSSIM
from taskgan_ext.metrics.slice_protocol import slice_quality

METRICS = {"psnr": SlicePSNR, "ssim": SliceSSIM, "nrmse": SliceNRMSE}


def make_batch(*shape):
    generator = torch.Generator().manual_seed(5)
    target = torch.rand(shape, generator=generator) + 0.5
    return target + 0.2 * torch.randn(shape, generator=generator), target


@pytest.mark.parametrize("name", METRICS)
def test_metric_equals_function_over_cases(name):
    pred, target = make_batch(3, 1, 10, 11, 6)
    metric = METRICS[name](slices=(1, 4))
    metric(pred[:2], target[:2])
    metric(list(pred[2:]), list(target[2:]))
    expected = [getattr(slice_quality(x[0], y[0], (1, 4)), name) for x, y in zip(pred, target, strict=True)]
    assert metric.aggregate().item() == pytest.approx(sum(expected) / 3)


@pytest.mark.parametrize("name", METRICS)
def test_a_flat_image_is_a_volume_of_one_slice(name):
    pred, target = make_batch(2, 1, 10, 11)
    flat, deep = METRICS[name](), METRICS[name]()
    flat(pred, target)
    deep(pred.unsqueeze(-1), target.unsqueeze(-1))
    assert flat.aggregate() == deep.aggregate()


def test_a_case_without_target_is_left_out():
    pred, target = make_batch(2, 1, 8, 8)
    alone, both = SliceNRMSE(), SliceNRMSE()
    alone(pred[:1], target[:1])
    target[1] = 0
    both(pred, target)
    assert alone.aggregate() == both.aggregate()


def test_nothing_seen_gives_nan():
    assert torch.isnan(SlicePSNR().aggregate())


def test_a_missing_target_is_refused():
    with pytest.raises(ValueError, match="expected y_pred and y of one shape"):
        SlicePSNR()(torch.zeros(1, 1, 8, 8), None)


def test_metric_works_in_an_ignite_handler():
    pred, target = make_batch(2, 1, 10, 11, 3)
    engine = Engine(lambda _, index: [{"pred": pred[index], "label": target[index]}])
    IgniteMetricHandler(SlicePSNR(), output_transform=from_engine(["pred", "label"])).attach(engine, "psnr")
    engine.run([0, 1])
    expected = [slice_quality(x[0], y[0]).psnr for x, y in zip(pred, target, strict=True)]
    assert engine.state.metrics["psnr"] == pytest.approx(sum(expected) / 2)
