"""The bundles of this repository, and settings that make a run of each a matter of seconds."""

from pathlib import Path
from typing import Any

from monai.bundle import ConfigWorkflow

REPOSITORY = Path(__file__).parents[2]
BUNDLES = sorted(path.parents[1] for path in REPOSITORY.glob("bundles/*/configs/metadata.json"))

# Sizes that one bundle needs to run on the tiny cohort; a new bundle adds its own.
TINY: dict[str, dict[str, Any]] = {
    "pet_denoising": {
        "network_def::channels": [4, 8, 8],
        "discriminator_def::channels": [4, 8, 8],
        "task_network_def::block_inplanes": [4, 4, 8, 8],
        "judge_network_def::init_features": 4,
        "judge_network_def::block_config": [1, 1],
        "slices": [1, 4],
        "crop": [32, 32, -1],
        "epochs": 2,
        "task_epochs": 1,
        "val_interval": 1,
        "epoch_samples": 8,
        "batch_size": 4,
    },
    "mr_contrast_synthesis": {
        "network_def::channels": [4, 8, 8],
        "discriminator_def::channels": [4, 8, 8],
        "judge_network_def::init_features": 4,
        "judge_network_def::block_config": [1, 1],
        "crop": [32, 32, -1],
        "epochs": 2,
        "single_contrast_epochs": 1,
        "task_epochs": 1,
        "val_interval": 1,
        "epoch_samples": 8,
        "batch_size": 4,
    },
    "face_super_resolution": {
        "network_def::channels": [4, 8, 8],
        "discriminator_def::channels": [4, 8, 8],
        "task_network_def::channels": [4, 8],
        "judge_network_def::init_features": 4,
        "judge_network_def::block_config": [1, 1],
        "size": [32, 32],
        "epochs": 2,
        "task_epochs": 1,
        "val_interval": 1,
        "epoch_samples": 8,
        "batch_size": 4,
    },
}
COHORTS = {
    "face_super_resolution": "tiny_face_cohort",
    "mr_contrast_synthesis": "tiny_mr_cohort",
    "pet_denoising": "tiny_cohort",
}
"""The fixture with data that fit each bundle."""


def config_files(bundle: Path, *names: str) -> list[str]:
    """Paths of configuration files of a bundle."""
    return [str(bundle / "configs" / f"{name}.json") for name in names]


def tiny_settings(bundle: Path, *names: str) -> dict[str, Any]:
    """Overrides for a small run of these configuration files; ids that they do not have are left out."""
    text = "".join(Path(file).read_text(encoding="utf-8") for file in config_files(bundle, *names))
    return {id_: value for id_, value in TINY[bundle.name].items() if f'"{id_.split("::")[0]}"' in text}


def tiny_workflow(bundle: Path, *names: str, **overrides: Any) -> ConfigWorkflow:
    """A workflow of a bundle in this process, initialised, with small networks and few steps.

    The logging of the process is left alone: ``logging.conf`` would switch off the loggers of other tests.
    """
    workflow = ConfigWorkflow(
        config_file=config_files(bundle, *names),
        workflow_type="infer" if names[0] == "inference" else "train",
        logging_file=False,
        **{"tracking": None, "bundle_root": str(bundle), "device": "$torch.device('cpu')"}
        | tiny_settings(bundle, *names)
        | overrides,
    )
    workflow.initialize()
    return workflow


def run_workflow(bundle: Path, *names: str, **overrides: Any) -> ConfigWorkflow:
    """Initialise, run and finalise a tiny workflow."""
    workflow = tiny_workflow(bundle, *names, **overrides)
    workflow.run()
    workflow.finalize()
    return workflow
