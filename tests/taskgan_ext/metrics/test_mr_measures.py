import dataclasses
import math

import numpy as np
import pytest
import torch

from taskgan_ext.data.evaluation_case import Case
from taskgan_ext.errors import DataError
from taskgan_ext.metrics import FlairArtefact, LesionFidelity, MaskedImageQuality, TissueError

WM, GM, CSF, DEEP, LESION = 1, 2, 3, 4, 5
LEVELS = {WM: 1.0, GM: 1.2, CSF: 0.2, DEEP: 1.1, LESION: 1.8}


def make_case(noise=0.0, **changes):
    """A block of each tissue, one next to the other, on a T2-FLAIR image."""
    generator = torch.Generator().manual_seed(4)
    regions = torch.zeros(1, 20, 20, 6, dtype=torch.uint8)
    for label, first in ((CSF, 4), (GM, 6), (DEEP, 8), (WM, 10)):
        regions[:, first : first + 6, 4:16, 1:5] = label
    regions[:, 11:14, 6:10, 2:4] = LESION
    label = torch.full(regions.shape, 0.4)
    for code, level in LEVELS.items():
        label[regions == code] = level
    label += noise * torch.randn(label.shape, generator=generator)
    values = {
        "subject": "sub-1",
        "property": 3.0,
        "image": torch.rand(8, 20, 20, 6, generator=generator),
        "label": label,
        "pred": label + 0.1 * torch.randn(label.shape, generator=generator),
        "regions": regions,
        "mask": regions > 0,
        "group": "T2FLAIR",
    }
    return Case(**(values | changes))


MEASURES = {
    "image quality": MaskedImageQuality(),
    "tissues": TissueError({"1": "WM", "4": "deep GM"}),
    "lesions": LesionFidelity(),
    "artefact": FlairArtefact(),
}
PERFECT = {
    "psnr": math.inf,
    "ssim": 1,
    "nrmse": 0,
    "rmse": 0,
    "nrmse_WM": 0,
    "nrmse_deep_GM": 0,
    "lesion_intensity_error": 0,
    "lesion_contrast": 1.8,
    "lesion_contrast_error": 0,
    "lesion_contrast_bias": 0,
    "lesion_dice": 1,
    "lesion_dice_best": 1,
    "csf_artefact": 0,
}
every_measure = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES.keys())


@every_measure
def test_every_column_is_defined_and_every_definition_used(measure):
    case = make_case()
    assert measure(case, case.pred).keys() == measure.metrics.keys()
    assert all(np.isfinite(value) for value in measure(case, case.pred).values())
    assert measure.summarise([]) == []


@every_measure
def test_a_perfect_restoration(measure):
    case = make_case()
    found = measure(case, case.label.clone())
    assert found == pytest.approx({name: PERFECT[name] for name in found}, abs=1e-6)


@every_measure
def test_a_case_that_lacks_masks_has_no_columns(measure):
    case = make_case(regions=None, mask=None)
    assert measure(case, case.pred) == {}


@every_measure
def test_values_of_a_subject_do_not_depend_on_the_others(measure):
    cases = [make_case(noise=noise) for noise in (0.05, 0.1, 0.2)]
    alone = [measure(case, case.pred) for case in cases]
    assert [measure(case, case.pred) for case in reversed(cases)] == alone[::-1]


@every_measure
def test_the_unit_of_the_data_cancels(measure):
    case = make_case(noise=0.05)
    scaled = dataclasses.replace(case, label=900 * case.label, pred=900 * case.pred)
    assert measure(scaled, scaled.pred) == pytest.approx(measure(case, case.pred), rel=1e-4)


@every_measure
def test_what_lies_outside_the_brain_does_not_count(measure):
    case = make_case(noise=0.05)
    far = torch.zeros_like(case.mask)
    far[..., :1, :, :] = far[..., 5] = True  # beyond the windows of SSIM
    changed = dataclasses.replace(
        case, pred=torch.where(far, 30.0, case.pred), label=torch.where(far, 50.0, case.label)
    )
    assert measure(changed, changed.pred) == measure(case, case.pred)


def test_a_global_scale_is_an_error_of_intensity_but_not_of_contrast():
    case = make_case(noise=0.05)
    scaled = 1.25 * case.label
    assert MaskedImageQuality()(case, scaled)["nrmse"] == pytest.approx(0.25)
    assert TissueError()(case, scaled) == pytest.approx(
        {f"nrmse_{name}": 0.25 for name in ("WM", "GM", "CSF")}
    )
    found = LesionFidelity()(case, scaled)
    assert found["lesion_intensity_error"] == pytest.approx(0.25)
    assert found["lesion_contrast_error"] == pytest.approx(0, abs=1e-6)
    assert found["lesion_dice"] == pytest.approx(LesionFidelity()(case, case.label)["lesion_dice"])
    assert FlairArtefact()(case, scaled) == FlairArtefact()(case, case.label)


def test_rmse_is_that_of_images_whose_range_is_one():
    case = make_case(noise=0.05)
    found = MaskedImageQuality(percentile=100)(case, case.pred)
    span = case.label[case.mask].max()
    expected = (case.pred / span - case.label / span)[case.mask].square().mean().sqrt().item()
    assert found["rmse"] == pytest.approx(expected, rel=1e-5)
    assert found["psnr"] == pytest.approx(-20 * math.log10(found["rmse"]))


def test_a_flat_image_is_a_volume_of_one_slice():
    case = make_case()
    names = ("image", "label", "pred", "regions", "mask")
    flat = dataclasses.replace(case, **{name: getattr(case, name)[..., 2] for name in names})
    deep = dataclasses.replace(case, **{name: getattr(case, name)[..., 2:3] for name in names})
    for measure in MEASURES.values():
        assert measure(flat, flat.pred) == measure(deep, deep.pred)


def test_an_empty_brain_mask_is_refused():
    case = make_case(mask=torch.zeros(1, 20, 20, 6, dtype=torch.bool))
    with pytest.raises(DataError, match="sub-1: expected voxels in the brain mask"):
        MaskedImageQuality()(case, case.pred)


def test_a_tissue_that_a_case_does_not_have_is_left_out():
    case = make_case()
    without = dataclasses.replace(case, regions=torch.where(case.regions == CSF, 0, case.regions))
    assert TissueError()(without, without.pred).keys() == {"nrmse_WM", "nrmse_GM"}


def test_erased_lesions_hardly_change_psnr_but_every_value_of_lesions():
    case = make_case(noise=0.03)
    erased = torch.where(case.regions == LESION, 1.0, case.label)
    found = LesionFidelity()(case, erased)
    assert found["lesion_intensity_error"] == pytest.approx(0.8 / 1.8, abs=0.02)
    assert found["lesion_contrast"] == pytest.approx(1.0, abs=0.02)
    assert found["lesion_contrast_error"] == pytest.approx(0.8 / 1.8, abs=0.02)
    assert found["lesion_contrast_bias"] == pytest.approx(-0.8 / 1.8, abs=0.02)
    assert found["lesion_dice"] == 0
    assert found["lesion_dice_best"] < 0.5
    assert MaskedImageQuality()(case, erased)["ssim"] > 0.5


def test_the_reference_has_contrast_and_dice_but_no_errors():
    case = make_case(noise=0.3)
    found = LesionFidelity()(case, case.label)
    assert found.keys() == {"lesion_contrast", "lesion_dice", "lesion_dice_best"}
    assert 0.5 < found["lesion_dice"] < 1
    assert found["lesion_dice_best"] == found["lesion_dice"]


def test_lesions_without_signal_in_the_reference_have_no_errors():
    case = make_case(label=torch.zeros(1, 20, 20, 6), pred=torch.ones(1, 20, 20, 6))
    found = LesionFidelity()(case, case.pred)
    assert math.isnan(found["lesion_intensity_error"])
    assert math.isnan(found["lesion_contrast_error"])
    assert math.isnan(found["lesion_contrast_bias"])


def test_contrast_errors_of_opposite_sign_do_not_cancel_but_their_biases_do():
    case = make_case()
    factors = torch.where(case.regions == LESION, 1.1, 1.0), torch.where(case.regions == LESION, 0.9, 1.0)
    found = [LesionFidelity()(case, factor * case.label) for factor in factors]
    assert np.mean([row["lesion_contrast_error"] for row in found]) == pytest.approx(0.1)
    assert np.mean([row["lesion_contrast_bias"] for row in found]) == pytest.approx(0, abs=1e-6)


def test_the_errors_of_lesions_take_part_in_comparisons():
    compared = {
        name
        for name, info in LesionFidelity().metrics.items()
        if info.headline and info.better in ("higher", "lower")
    }
    assert compared == {"lesion_intensity_error", "lesion_contrast_error", "lesion_dice", "lesion_dice_best"}


def test_fainter_lesions_that_still_stand_out_are_found_by_their_own_threshold_only():
    case = make_case(noise=0.03)
    fainter = torch.where(case.regions == LESION, 0.8 * case.label, case.label)
    found = LesionFidelity()(case, fainter)
    assert found["lesion_dice"] < 0.5
    assert found["lesion_dice_best"] == 1


def test_no_threshold_is_better_than_the_own_one():
    case = make_case(noise=0.3)
    found = LesionFidelity()(case, case.pred)
    assert found["lesion_dice_best"] >= found["lesion_dice"]


def test_lesions_are_outlined_within_the_brain_without_csf():
    case = make_case()
    bright = case.label.clone()
    bright[(case.regions == CSF) | ~case.mask] = 5.0
    assert LesionFidelity()(case, bright)["lesion_dice"] == 1
    bright[case.regions == GM] = 5.0
    assert LesionFidelity()(case, bright)["lesion_dice"] < 0.5


def test_lesions_are_outlined_on_configured_contrasts_only():
    case = make_case(group="T1w")
    assert "lesion_dice" not in LesionFidelity()(case, case.pred)
    assert "lesion_dice" in LesionFidelity(dice_groups=["T1w"])(case, case.pred)
    assert LesionFidelity(groups=["T2FLAIR", "PDw"])(case, case.pred) == {}


@pytest.mark.parametrize(("voxels", "measured"), [(0, False), (3, False), (4, True)])
def test_a_lesion_needs_more_than_three_voxels(voxels, measured):
    case = make_case()
    regions = torch.where(case.regions == LESION, WM, case.regions)
    regions[0, 11, 6 : 6 + voxels, 2] = LESION
    case = dataclasses.replace(case, regions=regions)
    assert bool(LesionFidelity()(case, case.pred)) is measured


def test_bright_csf_is_counted_on_configured_contrasts_only():
    case = make_case()
    csf = (case.regions == CSF).nonzero()
    rim = case.label.clone()
    for index in csf[: len(csf) // 4].tolist():
        rim[tuple(index)] = 1.1
    assert FlairArtefact()(case, rim)["csf_artefact"] == pytest.approx((len(csf) // 4) / len(csf))
    assert FlairArtefact()(dataclasses.replace(case, group="T2w"), rim) == {}
    assert FlairArtefact(groups=["T2w"])(dataclasses.replace(case, group="T2w"), rim) != {}
