"""Several processes train like one with the whole batch, also when they continue one another's run."""

import pytest
import torch
from ignite.engine import Events
from monai.data import DataLoader
from several_processes import run_ranks
from tiny_training import make_tiny_networks, make_trainer, slice_data, step_losses
from torch import distributed
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from taskgan_ext.data.epoch_sampler import EpochSampler
from taskgan_ext.engines.distributed import is_parallel, share_of_batch
from taskgan_ext.engines.task_network_trainer import TaskNetworkTrainer
from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint
from taskgan_ext.losses.feature_matching import FeatureMatchingLoss

GLOBAL_BATCH = 6
NUM_SAMPLES = 17
"""The last batch has five: shares of 3 and 2, or of 2, 2 and 1."""
CASES = [("none", "frozen"), ("instance", "frozen"), ("batch", "both")]
TOLERANCE = {"rtol": 1e-9, "atol": 1e-12}
"""In float64. Processes differ from one by the order of sums."""

pytestmark = pytest.mark.skipif(not distributed.is_gloo_available(), reason="torch was built without gloo")


def loader():
    data = slice_data(dtype=torch.float64)
    sampler = EpochSampler(data, num_samples=NUM_SAMPLES, batch_size=GLOBAL_BATCH)
    return DataLoader(data, batch_size=share_of_batch(GLOBAL_BATCH), sampler=sampler)


def train(norm, task_training, folder=None, epochs=2, stop_after=None):
    """Weights and statistics of G, its running average, D and T, and the losses of the last epoch."""
    # Every process starts from weights of its own; the trainer must give all those of rank 0.
    seed = 10 * distributed.get_rank() if is_parallel() else 0
    networks = make_tiny_networks(seed=seed, dtype=torch.float64, norm=norm)
    ema = AveragedModel(networks.generator, multi_avg_fn=get_ema_multi_avg_fn(0.5), use_buffers=True)
    losses = step_losses(matching=FeatureMatchingLoss(layers=(1,), per="batch"), task_training=task_training)
    trainer = make_trainer(networks, loader(), losses, epochs, max_gradient_norm=0.5, ema=ema)
    if folder is not None:
        state = {**networks._asdict(), "ema": ema}
        state |= {f"{name}_optimizer": optimizer for name, (_, optimizer) in trainer.trained.items()}
        TrainingCheckpoint(folder / "state.pt", state, {}).attach(trainer)
    if stop_after is not None:
        trainer.add_event_handler(Events.EPOCH_COMPLETED(once=stop_after), trainer.terminate)
    trainer.run()
    return {
        "weights": {
            f"{name}.{key}": value
            for name, network in {**networks._asdict(), "ema": ema}.items()
            for key, value in network.state_dict().items()
        },
        "metrics": dict(trainer.state.metrics),
    }


def train_task_network():
    """Weights and statistics of T, which has batch normalisation, and its loss, after two epochs."""
    network = make_tiny_networks(dtype=torch.float64).task_network
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    trainer = TaskNetworkTrainer("cpu", 2, loader(), network, optimizer)
    trainer.run()
    return {"weights": dict(network.state_dict()), "metrics": dict(trainer.state.metrics)}


def train_all():
    return {"task": train_task_network()} | {norm: train(norm, training) for norm, training in CASES}


@pytest.fixture(scope="module")
def alone():
    return train_all()


@pytest.fixture(scope="module", params=[2, 3])
def ranks(request, tmp_path_factory):
    return run_ranks(train_all, tmp_path_factory.mktemp("ranks"), num_ranks=request.param)


def assert_same(found, wanted):
    assert found["weights"].keys() == wanted["weights"].keys()
    for name, value in wanted["weights"].items():
        torch.testing.assert_close(found["weights"][name], value, **TOLERANCE)
    assert found["metrics"] == pytest.approx(wanted["metrics"], rel=1e-9)


@pytest.mark.parametrize("run", ["task", *(norm for norm, _ in CASES)])
def test_weights_statistics_and_losses_equal_those_of_one_process(ranks, alone, run):
    for rank in ranks:
        assert_same(rank[run], alone[run])


@pytest.mark.parametrize("run", ["task", *(norm for norm, _ in CASES)])
def test_ranks_end_with_the_very_same_weights_and_statistics(ranks, run):
    for rank in ranks[1:]:
        for name, value in ranks[0][run]["weights"].items():
            assert torch.equal(rank[run]["weights"][name], value), name


def train_on(folder, stop_after):
    return train("batch", "both", folder, stop_after=stop_after)


@pytest.mark.parametrize(("first", "second"), [(2, 1), (1, 2), (2, 3)])
def test_another_number_of_processes_continues_to_the_same_numbers(alone, first, second, tmp_path):
    for num_ranks, stop_after in ((first, 1), (second, None)):
        if num_ranks == 1:
            found = [train_on(tmp_path, stop_after)]
        else:
            found = run_ranks(train_on, tmp_path, tmp_path, stop_after, num_ranks=num_ranks)
    for rank in found:
        assert_same(rank, alone["batch"])
