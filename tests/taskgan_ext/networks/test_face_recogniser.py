import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear, normalize

from taskgan_ext.data.embedding import embedding_of
from taskgan_ext.errors import ConfigError
from taskgan_ext.losses.task_regression import task_cross_entropy_loss
from taskgan_ext.networks.face_recogniser import FaceRecogniser
from taskgan_ext.networks.initialisation import initialise


def small(**settings: object) -> FaceRecogniser:
    # Only places tell the blobs below apart.
    settings = {"channels": (8, 16), "map_size": 4, "embedding_size": 16, "num_outputs": 8, **settings}
    return initialise(FaceRecogniser(**settings), seed=0, std=None).eval()


def identities(seed: int, people: int = 16, images: int = 8, size: int = 24) -> tuple[Tensor, Tensor]:
    """Blobs whose places are the person; light, contrast and noise are not."""
    generator = torch.Generator().manual_seed(seed)
    places = torch.rand(people, 1, 4, 2, generator=generator)
    axis = (torch.arange(size) + 0.5) / size
    rows = (-((axis - places[..., :1]) ** 2) / 0.01).exp()
    columns = (-((axis - places[..., 1:]) ** 2) / 0.01).exp()
    face = torch.einsum("pibr,pibc->pirc", rows, columns).clamp(max=1)
    light = 0.1 + 0.2 * torch.rand(people, images, 1, 1, generator=generator)
    contrast = 0.2 + 0.4 * torch.rand(people, images, 1, 1, generator=generator)
    noise = 0.1 * torch.randn(people, images, size, size, generator=generator)
    pictures = (light + contrast * face + noise).clamp(0, 1)
    return pictures.reshape(-1, 1, size, size), torch.arange(people).repeat_interleave(images)


def auc(network: FaceRecogniser, pictures: Tensor, people: Tensor) -> float:
    """Probability that two pictures of a person are nearer than two of different people."""
    with torch.no_grad():
        embedding = embedding_of(network.eval()(pictures))
    first, second = torch.triu_indices(len(people), len(people), offset=1)
    similarity = (embedding[first] * embedding[second]).sum(dim=1)
    same = people[first] == people[second]
    return float((similarity[same][:, None] > similarity[~same][None]).float().mean())


def test_default_is_small_and_has_an_embedding_of_128() -> None:
    with torch.device("meta"):
        network = FaceRecogniser(num_outputs=40)
        output = network(torch.empty(2, 1, 64, 64))
    assert sum(parameter.numel() for parameter in network.parameters()) == 228_776 + 40 * 128
    maps = [(24, 32, 32), (48, 16, 16), (96, 8, 8), (128, 4, 4)]
    assert [tuple(values.shape[1:]) for values in output.features] == [*maps, (128,)]
    assert output.logit.shape == (2, 40)


def test_logits_are_the_scaled_cosines_between_embeddings_and_identities() -> None:
    network, (pictures, _) = small(), identities(1, images=1)
    output = network(pictures)
    directions = normalize(network.identities.weight)
    torch.testing.assert_close(output.logit, 16 * linear(embedding_of(output), directions))
    assert output.logit.abs().max() <= 16 + 1e-4
    torch.testing.assert_close(small(scale=4.0)(pictures).logit, output.logit / 4)


def test_any_size_from_the_number_of_halvings_on() -> None:
    assert small()(torch.rand(2, 1, 4, 50)).features[-1].shape == (2, 16)
    with pytest.raises(ValueError, match="at least 4 on each axis"):
        small()(torch.rand(2, 1, 3, 50))


def test_training_on_some_people_teaches_to_tell_others_apart() -> None:
    pictures, people = identities(0)
    unseen = identities(9)
    network = small(num_outputs=16)
    before = auc(network, *unseen)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    network.train()
    generator = torch.Generator().manual_seed(0)
    for _ in range(60):
        batch = torch.randperm(len(people), generator=generator)[:48]
        loss = task_cross_entropy_loss(network(pictures[batch]).logit, people[batch], margin=2.4)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    after = auc(network, *unseen)
    assert after > 0.9
    assert after > before


def test_exported_program_equals_eager() -> None:
    network, pictures = small(), identities(1, images=1)[0]
    exported = torch.export.export(network, (pictures,)).module()
    torch.testing.assert_close(exported(pictures).logit, network(pictures).logit)


@pytest.mark.parametrize("settings", [{"scale": 0.0}, {"channels": ()}], ids=str)
def test_wrong_setting_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(settings))}: expected"):
        FaceRecogniser(**settings)
