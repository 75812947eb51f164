import torch
from torch import Tensor

from taskgan_ext.data.embedding import embedding_of
from taskgan_ext.networks import NetworkOutput


def output_of(features: Tensor) -> NetworkOutput:
    return NetworkOutput(torch.zeros(len(features), 1), [torch.full((len(features), 2, 9), 7.0), features])


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_embedding_has_length_one_and_the_direction_of_the_last_features() -> None:
    features = draw(4, 6)
    found = embedding_of(output_of(features))
    torch.testing.assert_close(found.norm(dim=1), torch.ones(4))
    torch.testing.assert_close(found * features.norm(dim=1, keepdim=True), features)
    torch.testing.assert_close(embedding_of(output_of(3 * features)), found)


def test_spatial_axes_are_averaged_before_the_length_is_taken() -> None:
    for shape in ((4, 6, 5), (4, 6, 5, 3), (4, 6, 5, 3, 2)):
        features = draw(*shape)
        mean = features.mean(dim=tuple(range(2, features.ndim)))
        torch.testing.assert_close(embedding_of(output_of(features)), embedding_of(output_of(mean)))


def test_half_precision_is_normalised_in_full() -> None:
    features = draw(4, 6).bfloat16()
    found = embedding_of(output_of(features))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, embedding_of(output_of(features.float())))
    assert embedding_of(output_of(features.double())).dtype == torch.float64


def test_no_activation_at_all_is_the_zero_vector_with_a_finite_gradient() -> None:
    features = torch.zeros(2, 6, requires_grad=True)
    found = embedding_of(output_of(torch.relu(features)))
    found.sum().backward()
    assert torch.equal(found, torch.zeros(2, 6))
    assert features.grad.isfinite().all()


def test_gradient_equals_that_of_finite_differences() -> None:
    features = draw(2, 3, 2, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: embedding_of(output_of(x)), (features,))
