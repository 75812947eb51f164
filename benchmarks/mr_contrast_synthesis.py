"""Evidence: analytic synthesis, L1, GAN and Task-GAN on held-out subjects, over several seeds.

python benchmarks/mr_contrast_synthesis.py --seeds 0 1 2 --jobs 2
"""

from bundle_arms import Bundle, main

COLUMNS = {
    "psnr": 2,
    "ssim": 3,
    "rmse": 4,
    "nrmse": 3,
    "nrmse_WM": 3,
    "nrmse_GM": 3,
    "nrmse_CSF": 3,
    "lesion_intensity_error": 3,
    "lesion_contrast_error": 3,
    "lesion_contrast_bias": 3,
    "lesion_dice": 3,
    "lesion_dice_best": 3,
    "csf_artefact": 3,
    "task_error": 3,
    "task_family_error": 3,
    "judge_error": 3,
    "judge_family_error": 3,
}

if __name__ == "__main__":
    main(Bundle("mr_contrast_synthesis", COLUMNS), __doc__)
