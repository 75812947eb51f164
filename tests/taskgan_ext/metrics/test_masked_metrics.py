import pytest
import torch
from ignite.engine import Engine
from monai.data import DataLoader
from monai.engines import SupervisedEvaluator
from monai.handlers import from_engine
from monai.transforms import CopyItemsd
from torch import nn

from taskgan_ext.metrics.masked_metrics import MaskedPSNR
from taskgan_ext.metrics.masked_quality import masked_psnr, masked_range


def make_batch(*shape):
    generator = torch.Generator().manual_seed(5)
    target = torch.rand(shape, generator=generator) + 0.5
    mask = torch.rand(shape, generator=generator) > 0.4
    return target + 0.2 * torch.randn(shape, generator=generator), target, mask


def value_of(pred, target, mask, percentile=99.5):
    return float(masked_psnr(pred, target, mask, masked_range(target, mask, percentile)))


@pytest.mark.parametrize("shape", [(3, 1, 10, 11), (3, 1, 10, 11, 4)], ids=["flat", "volume"])
def test_metric_equals_function_over_cases(shape):
    batch = make_batch(*shape)
    metric = MaskedPSNR(percentile=95)
    metric.update(tuple(volume[:2] for volume in batch))
    metric.update(tuple([volume[2]] for volume in batch))
    expected = [value_of(*case, 95) for case in zip(*batch, strict=True)]
    assert metric.compute() == pytest.approx(sum(expected) / 3)


def test_order_of_the_cases_does_not_matter():
    batch = make_batch(4, 1, 8, 8)
    forward, backward = MaskedPSNR(), MaskedPSNR()
    forward.update(batch)
    backward.update(tuple(volume.flip(0) for volume in batch))
    assert forward.compute() == pytest.approx(backward.compute())


def test_a_case_without_mask_is_left_out():
    pred, target, mask = make_batch(2, 1, 8, 8)
    mask[1] = False
    metric = MaskedPSNR()
    metric.update((pred, target, mask))
    assert metric.compute() == pytest.approx(value_of(pred[0], target[0], mask[0]))


def test_nothing_seen_gives_nan():
    assert torch.tensor(MaskedPSNR().compute()).isnan()


def test_an_epoch_starts_anew():
    batch = make_batch(2, 1, 8, 8)
    cases = [dict(zip(("pred", "label", "mask"), case, strict=True)) for case in zip(*batch, strict=True)]
    engine = Engine(lambda _, index: [cases[index]])
    metric = MaskedPSNR(output_transform=from_engine(["pred", "label", "mask"]))
    metric.attach(engine, "psnr")
    engine.run([0, 1])
    engine.run([1])
    assert engine.state.metrics["psnr"] == pytest.approx(value_of(*(volume[1] for volume in batch)))


def test_an_evaluator_brings_the_mask_out_of_its_batch():
    image, label, mask = make_batch(2, 1, 8, 8, 3)
    items = [{"image": image[i], "label": label[i], "mask": mask[i].float()} for i in range(2)]
    psnr = MaskedPSNR(output_transform=from_engine(["pred", "label", "brain"]))
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(items, batch_size=2),
        network=nn.Identity(),
        postprocessing=CopyItemsd(keys="mask", names="brain"),
        key_val_metric={"psnr": psnr},
    )
    evaluator.run()
    expected = [value_of(*case) for case in zip(image, label, mask, strict=True)]
    assert evaluator.state.metrics["psnr"] == pytest.approx(sum(expected) / 2)
    assert evaluator.state.best_metric == evaluator.state.metrics["psnr"]
