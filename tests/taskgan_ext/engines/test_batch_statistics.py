"""Batch normalisation over several processes is torch's own over their whole batch."""

import pytest
import torch
from several_processes import run_ranks
from torch import distributed, nn

from taskgan_ext.engines.batch_statistics import SynchronisedBatchNorm, synchronise_batch_statistics

PARTS = (slice(0, 3), slice(3, 4), slice(4, 6))
"""Shares of different sizes."""
LAYERS = {
    "two axes": lambda: nn.BatchNorm2d(4),
    "no axis, no scale": lambda: nn.BatchNorm1d(4, affine=False),
    "mean over all batches": lambda: nn.BatchNorm3d(4, momentum=None),
    "nothing tracked": lambda: nn.BatchNorm2d(4, track_running_stats=False),
}
AXES = {"no axis, no scale": 0, "mean over all batches": 3}

pytestmark = pytest.mark.skipif(not distributed.is_gloo_available(), reason="torch was built without gloo")


def batch(name, dtype, offset=0.0):
    generator = torch.Generator().manual_seed(3)
    values = torch.randn(2, 6, 4, *[5] * AXES.get(name, 2), generator=generator, dtype=torch.float64)
    return (values + offset).to(dtype)


def two_steps(network, values, part):
    """Outputs, gradients with respect to the values and the parameters, and statistics."""
    generator = torch.Generator().manual_seed(4)
    found = []
    for each in values:
        given = each[part].clone().requires_grad_()
        output = network(given)
        upstream = torch.randn(each.shape, generator=generator, dtype=torch.float64)[part]
        (output * upstream.to(output.dtype)).sum().backward()
        found += [output.detach(), given.grad]
    parameters = [parameter.grad for parameter in network.parameters()]
    if distributed.is_initialized():
        for gradient in parameters:
            distributed.all_reduce(gradient)
    return found, parameters, list(network.buffers())


def of_layer(name, dtype, part, offset=0.0):
    network = nn.Sequential(LAYERS[name]())
    if network[0].affine:
        nn.init.uniform_(network[0].weight, generator=torch.Generator().manual_seed(5))
    network = network.to(dtype)
    state = network.state_dict(keep_vars=True)
    synchronise_batch_statistics(network)
    assert all(value is state[key] for key, value in network.state_dict(keep_vars=True).items())
    return two_steps(network, batch(name, dtype, offset), part)


def work():
    part = PARTS[distributed.get_rank()]
    network = nn.Sequential(nn.BatchNorm2d(4))
    synchronise_batch_statistics(network)
    network.eval()
    return {
        "layers": {name: of_layer(name, torch.float64, part) for name in LAYERS},
        "far from zero": of_layer("two axes", torch.float32, part, offset=1000.0),
        "evaluated": network(batch("two axes", torch.float32)[0][part]),
        "kinds": [type(layer) for layer in network],
    }


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    return run_ranks(work, tmp_path_factory.mktemp("ranks"), num_ranks=3)


@pytest.mark.parametrize("name", LAYERS)
def test_outputs_gradients_and_statistics_are_those_of_the_whole_batch(ranks, name):
    outputs, parameters, buffers = of_layer(name, torch.float64, slice(None))
    for rank, part in zip(ranks, PARTS, strict=True):
        found = rank["layers"][name]
        for one, other in zip(found[0], outputs, strict=True):
            torch.testing.assert_close(one, other[part], rtol=1e-10, atol=1e-12)
        for one, other in zip(found[1] + found[2], parameters + buffers, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_mean_far_from_zero_costs_no_more_digits_than_in_one_process(ranks):
    outputs, _, _ = of_layer("two axes", torch.float64, slice(None), offset=1000.0)
    for rank, part in zip(ranks, PARTS, strict=True):
        found = rank["far from zero"][0]
        torch.testing.assert_close(found[0].double(), outputs[0][part], rtol=0, atol=1e-3)
        torch.testing.assert_close(found[1].double(), outputs[1][part], rtol=0, atol=1e-3)


def test_evaluation_uses_the_running_statistics(ranks):
    alone = nn.BatchNorm2d(4).eval()
    for rank, part in zip(ranks, PARTS, strict=True):
        assert rank["kinds"] == [SynchronisedBatchNorm]
        assert torch.equal(rank["evaluated"], alone(batch("two axes", torch.float32)[0][part]))


def test_one_process_keeps_its_layers():
    network = nn.Sequential(nn.BatchNorm2d(4))
    synchronise_batch_statistics(network)
    assert type(network[0]) is nn.BatchNorm2d
