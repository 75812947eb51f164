import math

import pytest
import torch

from taskgan_ext.errors import ConfigError
from taskgan_ext.losses.task_embedding import task_embedding_loss
from taskgan_ext.losses.task_regression import (
    TaskLoss,
    property_target,
    task_cross_entropy_loss,
    task_feature_loss,
    task_probabilities,
    task_regression_loss,
)
from taskgan_ext.networks import FaceRecogniser, NetworkOutput


def test_one_output_is_a_sigmoid_and_several_are_a_softmax() -> None:
    torch.testing.assert_close(
        task_probabilities(torch.tensor([[0.0], [math.log(3)]])), torch.tensor([[0.5], [0.75]])
    )
    found = task_probabilities(torch.tensor([[0.0, math.log(3)], [5.0, 5.0]]))
    torch.testing.assert_close(found, torch.tensor([[0.25, 0.75], [0.5, 0.5]]))


@pytest.mark.parametrize(
    ("y", "num_outputs", "expected"),
    [
        pytest.param([0, 1], 1, [[0.0], [1.0]], id="status"),
        pytest.param([True, False], 1, [[1.0], [0.0]], id="boolean"),
        pytest.param([[0.25], [1.0]], 1, [[0.25], [1.0]], id="probability"),
        pytest.param([2, 0], 3, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], id="class"),
        pytest.param([[1], [0]], 2, [[0.0, 1.0], [1.0, 0.0]], id="class-column"),
        pytest.param([[0.25, 0.75]], 2, [[0.25, 0.75]], id="class-probabilities"),
        pytest.param([[0, 1], [1, 0]], 2, [[0.0, 1.0], [1.0, 0.0]], id="one-hot"),
    ],
)
def test_target_of_every_kind_of_property(y: list, num_outputs: int, expected: list) -> None:
    found = property_target(torch.tensor(y), num_outputs)
    assert found.dtype == torch.float32
    assert torch.equal(found, torch.tensor(expected))


@pytest.mark.parametrize(
    ("y", "num_outputs", "message"),
    [
        pytest.param(
            [0, 3], 1, "values from 0 to 1 .* got 0 to 3: num_outputs must fit", id="class-for-one-output"
        ),
        pytest.param([0, 3], 3, "values from 0 to 2", id="class-too-high"),
        pytest.param([-1, 0], 3, "values from 0 to 2", id="class-negative"),
        pytest.param([float("nan")], 1, "values from 0 to 1", id="not-a-number"),
        pytest.param([0.0, 1.0], 3, r"got torch.float32 of shape \(2,\)", id="fractional-class"),
        pytest.param([[0, 1, 0]], 2, r"got torch.int64 of shape \(1, 3\)", id="other-number-of-classes"),
        pytest.param(1, 1, r"of shape \(\)", id="scalar"),
    ],
)
def test_property_that_does_not_fit_is_refused(y: object, num_outputs: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        property_target(torch.tensor(y), num_outputs)


def test_known_values_on_probabilities() -> None:
    assert task_regression_loss(torch.zeros(2, 1), torch.tensor([1, 0])).item() == pytest.approx(0.25)
    assert task_regression_loss(torch.zeros(1, 4), torch.tensor([2])).item() == pytest.approx(
        (0.75**2 + 3 / 16) / 4
    )


def test_loss_vanishes_when_the_decision_is_certain_and_right() -> None:
    logit = torch.tensor([[-40.0, 40.0], [40.0, -40.0]])
    assert task_regression_loss(logit, torch.tensor([1, 0])) == 0
    assert task_regression_loss(logit, torch.tensor([0, 1])) == 1


@pytest.mark.parametrize("num_outputs", [1, 3])
def test_cross_entropy_is_minus_the_logarithm_of_the_probability_of_what_is_true(num_outputs: int) -> None:
    logit = torch.randn(4, num_outputs, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([0, 1, 1, 0])
    probability = task_probabilities(logit)
    true = (
        probability[range(4), y]
        if num_outputs > 1
        else torch.where(y == 1, probability[:, 0], 1 - probability[:, 0])
    )
    torch.testing.assert_close(task_cross_entropy_loss(logit, y), -true.log().mean())


@pytest.mark.parametrize("num_outputs", [1, 3])
def test_margin_is_taken_off_the_logit_of_what_is_true(num_outputs: int) -> None:
    logit = torch.randn(4, num_outputs, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([0, 1, 1, 0])
    assert torch.equal(task_cross_entropy_loss(logit, y, 0.0), task_cross_entropy_loss(logit, y))
    # One logit is that of a class against a class whose logit is zero.
    lowered = torch.cat([torch.zeros(4, 1), logit], dim=1) if num_outputs == 1 else logit.clone()
    lowered[range(4), y] -= 2.4
    expected = torch.nn.functional.cross_entropy(lowered, y)
    torch.testing.assert_close(task_cross_entropy_loss(logit, y, 2.4), expected)
    assert task_cross_entropy_loss(logit, y, 2.4) > task_cross_entropy_loss(logit, y)


def test_margin_is_that_of_cosface() -> None:
    # Wang et al., CVPR 2018, eq. 4: -log exp(s (cos y - m)) / (exp(s (cos y - m)) + sum exp(s cos j))
    cosine, scale, margin = torch.tensor([0.5, 0.1, -0.3]), 16.0, 0.15
    true, others = math.exp(scale * (0.5 - margin)), sum(math.exp(scale * c) for c in (0.1, -0.3))
    found = task_cross_entropy_loss(scale * cosine[None], torch.tensor([0]), scale * margin)
    assert found.item() == pytest.approx(-math.log(true / (true + others)), rel=1e-5)


def test_number_of_properties_must_equal_the_batch() -> None:
    with pytest.raises(ValueError, match="expected 3 values, one per image, got 1"):
        task_regression_loss(torch.zeros(3, 1), torch.tensor([1]))


def output(seed: int) -> NetworkOutput:
    generator = torch.Generator().manual_seed(seed)
    features = [torch.randn(2, 3, size, size, generator=generator) for size in (8, 4, 2)]
    return NetworkOutput(torch.randn(2, 4, generator=generator), features)


def test_feature_loss_averages_the_layers_and_each_layer_alone() -> None:
    restored, reference = output(0).features, output(1).features
    alone = [task_feature_loss(restored, reference, [layer]) for layer in range(3)]
    expected = [((x - y) ** 2).mean() for x, y in zip(restored, reference, strict=True)]
    torch.testing.assert_close(torch.stack(alone), torch.stack(expected))
    torch.testing.assert_close(task_feature_loss(restored, reference), torch.stack(expected).mean())


def test_task_loss_equals_the_function_it_names() -> None:
    restored, reference, y = output(0), output(1), torch.tensor([3, 0])
    assert TaskLoss()(restored, None, y) == task_regression_loss(restored.logit, y)
    by_features = TaskLoss(match="features", layers=[1, -1])
    expected = task_feature_loss(restored.features, reference.features, [1, -1])
    assert by_features(restored, reference, y) == expected
    by_embedding = TaskLoss(match="embedding")
    assert by_embedding(restored, reference, y) == task_embedding_loss(restored, reference)
    uses = [loss.uses_reference for loss in (TaskLoss(), by_features, by_embedding)]
    assert uses == [False, True, True]


def test_task_loss_on_features_has_no_gradient_to_the_reference() -> None:
    reference = [x.requires_grad_() for x in output(0).features]
    restored = [x.requires_grad_() for x in output(1).features]
    task_feature_loss(restored, reference).backward()
    assert all(x.grad is None for x in reference)
    assert all(x.grad is not None for x in restored)


def with_embeddings(values: torch.Tensor) -> NetworkOutput:
    return NetworkOutput(torch.zeros(len(values), 1), [torch.ones(len(values), 2), values])


def test_embedding_loss_is_two_minus_twice_the_cosine() -> None:
    axis, other = torch.eye(3)[:1], torch.eye(3)[1:2]
    for restored, expected in ((5 * axis, 0), (other, 2), (-axis, 4), (axis + other, 2 - math.sqrt(2))):
        found = task_embedding_loss(with_embeddings(restored), with_embeddings(axis))
        assert found.item() == pytest.approx(expected, abs=1e-6)


def test_embedding_loss_pairs_each_image_with_its_own_target() -> None:
    restored, reference = with_embeddings(torch.eye(3)), with_embeddings(torch.eye(3).roll(1, dims=0))
    assert task_embedding_loss(restored, reference) == 2
    with pytest.raises(ValueError, match=r"expected one shape, got \(3, 3\) of the restored and \(1, 3\)"):
        task_embedding_loss(restored, with_embeddings(torch.eye(3)[:1]))


def test_embedding_loss_moves_the_image_and_neither_t_nor_the_reference() -> None:
    network = FaceRecogniser(channels=(4, 6), embedding_size=5, num_outputs=3).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    restored, reference = (torch.rand(2, 1, 16, 16, generator=generator).requires_grad_() for _ in range(2))
    loss = TaskLoss("embedding")(network(restored), network(reference), torch.tensor([0, 2]))
    loss.backward()
    assert 0 < loss < 4
    assert (restored.grad.abs().amax(dim=(1, 2, 3)) > 0).all()
    assert reference.grad is None
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("match", ["features", "embedding"])
def test_task_loss_by_comparison_asks_for_the_reference(match: str) -> None:
    with pytest.raises(ValueError, match="expected T's output for the target images too, got None"):
        TaskLoss(match)(output(0), None, torch.tensor([0, 1]))


@pytest.mark.parametrize(
    "settings", [{"match": "logits"}, {"match": "features", "layers": []}, {"layers": [0]}], ids=str
)
def test_wrong_setting_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"(match|layers): expected"):
        TaskLoss(**settings)
