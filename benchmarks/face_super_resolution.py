"""Evidence: bicubic enlargement, L1, GAN and Task-GAN on held-out people, over several seeds.

python benchmarks/face_super_resolution.py --seeds 0 1 2 --jobs 3
"""

from bundle_arms import Bundle, main

COLUMNS = {
    "psnr": 2,
    "ssim": 3,
    "nrmse": 3,
    "rmse": 3,
    "judge_auc": 3,
    "judge_cross_auc": 3,
    "judge_cosine": 3,
    "task_auc": 3,
    "task_cross_auc": 3,
    "task_cosine": 3,
}

FACES = Bundle("face_super_resolution", COLUMNS)

if __name__ == "__main__":
    main(FACES, __doc__)
