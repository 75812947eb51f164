import pytest
import torch
from tiny_vgg_face import MEAN, faces, layers_of, make_twin, published_logits
from torch.nn.functional import interpolate

from taskgan_ext.data.embedding import embedding_of
from taskgan_ext.errors import ConfigError
from taskgan_ext.networks.vgg_face import VGGFace


def test_default_has_the_layers_and_the_size_of_the_paper() -> None:
    with torch.device("meta"):
        network = VGGFace()
        output = network(torch.empty(2, 1, 64, 64))
    assert sum(parameter.numel() for parameter in network.parameters()) == 145_002_878
    assert output.logit.shape == (2, 2622)
    maps = [(64, 112, 112), (128, 56, 56), (256, 28, 28), (512, 14, 14), (512, 7, 7)]
    assert [tuple(values.shape[1:]) for values in output.features] == [*maps, (4096,), (4096,)]


def test_logits_equal_the_network_written_down() -> None:
    network = make_twin()
    torch.testing.assert_close(
        network(faces()).logit, published_logits(layers_of(network), faces()), rtol=1e-4, atol=1e-3
    )


def test_embedding_is_fc7_after_relu_at_length_one() -> None:
    output = make_twin()(faces())
    fc7 = output.features[-1]
    assert fc7.shape == (3, 12)
    assert (fc7 >= 0).all()
    torch.testing.assert_close(embedding_of(output), fc7 / fc7.norm(dim=1, keepdim=True))


def test_picture_of_the_mean_colour_is_zero_to_the_first_convolution() -> None:
    colour = torch.tensor([MEAN[name] for name in "rgb"]).reshape(1, 3, 1, 1) / 255
    seen = make_twin().preprocess(colour.expand(1, 3, 20, 30))
    assert seen.shape == (1, 3, 64, 64)
    torch.testing.assert_close(seen, torch.zeros_like(seen), rtol=0, atol=1e-4)
    # Subtracted from blue, green and red, the same triple would leave the difference of red and blue.
    assert make_twin().preprocess(colour.flip(1).expand(1, 3, 20, 30)).abs().max() == pytest.approx(
        MEAN["r"] - MEAN["b"], abs=1e-3
    )


def test_grey_is_seen_as_rgb_of_three_equal_channels() -> None:
    network, grey = make_twin(), faces()[:, :1]
    torch.testing.assert_close(network(grey).logit, network(grey.repeat(1, 3, 1, 1)).logit)


def test_face_box_is_cut_out_in_percent_of_each_axis() -> None:
    # Rows and columns 50 to 200 of the pictures of LFW.
    picture = faces(size=250)
    inside = make_twin(face_box=(20, 20, 80, 80))(picture).logit
    torch.testing.assert_close(inside, make_twin()(picture[:, :, 50:200, 50:200]).logit)
    outside = picture.clone()
    outside[:, :, :50], outside[:, :, 200:], outside[..., :50], outside[..., 200:] = 0, 1, 0, 1
    assert torch.equal(make_twin(face_box=(20, 20, 80, 80))(outside).logit, inside)


def test_size_of_the_picture_hardly_matters() -> None:
    network, small = make_twin(), faces(size=64)
    large = interpolate(small, (128, 128), mode="bilinear")
    similar = embedding_of(network(small)) @ embedding_of(network(large)).T
    assert (similar.diagonal() > 0.98).all()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda x: x.flip(3), id="mirrored"),
        pytest.param(lambda x: x.flip(2), id="upside down"),
        pytest.param(lambda x: x.flip(1), id="blue for red"),
        pytest.param(lambda x: 0.8 * x, id="darker"),
        pytest.param(lambda x: x + 0.1, id="brighter"),
        pytest.param(lambda x: x.roll(6, dims=3), id="shifted"),
        pytest.param(lambda x: interpolate(x[..., ::8, ::8], x.shape[2:]), id="coarser"),
    ],
)
def test_embedding_changes_with_the_picture(change) -> None:
    network = make_twin()
    distance = (embedding_of(network(faces())) - embedding_of(network(change(faces())))).norm(dim=1)
    assert (distance > 1e-3).all()


def test_gradient_passes_the_resizing_and_stays_inside_the_box() -> None:
    picture = faces(size=250).requires_grad_()
    embedding_of(make_twin(face_box=(20, 20, 80, 80))(picture)).sum().backward()
    touched = picture.grad.abs().amax(dim=(0, 1)) > 0
    assert touched[52:198, 52:198].float().mean() > 0.2
    assert not touched[:50].any()
    assert not touched[:, 200:].any()


def test_only_training_drops_activations() -> None:
    network = make_twin()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert torch.equal(network(faces()).logit, network(faces()).logit)
        network.train()
        assert not torch.equal(network(faces()).logit, network(faces()).logit)
        assert torch.equal(network(faces()).features[5], network(faces()).features[5])


def test_exported_program_equals_eager() -> None:
    network = make_twin(face_box=(20, 20, 80, 80))
    exported = torch.export.export(network, (faces(),)).module()
    torch.testing.assert_close(exported(faces()).logit, network(faces()).logit)


def test_pictures_of_two_channels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(B, 1 or 3, H, W\), got \[3, 2, 48, 48\]"):
        make_twin()(faces()[:, :2])


@pytest.mark.parametrize(
    "settings",
    [
        {"channels": (4, 4, 4, 4)},
        {"channels": (4,) * 6},
        {"image_size": 60},
        {"image_size": 0},
        {"face_box": (20, 20, 80)},
        {"face_box": (80, 20, 20, 80)},
        {"face_box": (0.2, 0.2, 0.8, 0.8)},
        {"face_box": (50, 50, 200, 200)},
    ],
    ids=str,
)
def test_wrong_setting_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(settings))}: expected"):
        make_twin(**settings)
