import pytest

from taskgan_ext.errors import CheckpointError
from taskgan_ext.export.agreement import TOLERANCE, measure_agreement
from taskgan_ext.export.probe_images import probe_images
from taskgan_ext.export.trained_generator import load_generator


@pytest.fixture
def generator(small_bundle):
    return load_generator(small_bundle)


def compare(generator, exported):
    return measure_agreement("model.onnx", exported, generator, probe_images(generator))


def test_a_network_agrees_with_itself(generator):
    found = compare(generator, generator.network)
    assert [check.largest_difference for check in found] == [0.0, 0.0, 0.0]


def test_the_difference_is_that_of_the_worst_pixel(generator):
    def one_pixel_off(image):
        output = generator.network(image)
        output[0, 0, 1, 1] += 0.5 * TOLERANCE * output.abs().max()
        return output

    for check in compare(generator, one_pixel_off):
        assert check.relative_difference == pytest.approx(0.5 * TOLERANCE, rel=0.01)


@pytest.mark.parametrize(
    ("distort", "reason"),
    [
        pytest.param(lambda output: output * (1 + 2 * TOLERANCE), "differs by 0.0002", id="scaled"),
        pytest.param(lambda output: output * float("nan"), "differs by nan", id="not a number"),
        pytest.param(lambda output: output[..., 1:], "gives", id="another shape"),
        pytest.param(lambda output: output[:, 5:].max(), "it fails", id="an error"),
    ],
)
def test_another_network_is_refused(generator, distort, reason):
    with pytest.raises(CheckpointError, match=reason) as caught:
        compare(generator, lambda image: distort(generator.network(image)))
    assert str(caught.value).startswith("model.onnx: ")
    assert "\n" not in str(caught.value)
