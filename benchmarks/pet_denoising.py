"""Evidence: L1, GAN without task network, and Task-GAN on held-out subjects, over several seeds.

python benchmarks/pet_denoising.py --seeds 0 1 2 --jobs 2
"""

from bundle_arms import Bundle, main

COLUMNS = {
    "psnr": 2,
    "ssim": 3,
    "nrmse": 3,
    "suvr_bias": 3,
    "suvr_truth_slope": 2,
    "task_error": 2,
    "judge_error": 2,
    "judge_slice_error": 3,
    "judge_flip": 2,
}

if __name__ == "__main__":
    main(Bundle("pet_denoising", COLUMNS), __doc__)
