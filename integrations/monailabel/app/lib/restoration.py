"""Restoration of one image by the inference of a bundle, run as ``python -m monai.bundle run`` does."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from fastapi import HTTPException
from monai.bundle import ConfigParser, ConfigWorkflow
from monailabel.interfaces.tasks.infer_v2 import InferTask, InferType
from monailabel.utils.others.generic import device_list, name_to_device

from taskgan_ext.bundle.messages import find_user_error
from taskgan_ext.errors import DataError
from taskgan_ext.io.digest import sha256
from taskgan_ext.mr.protocol import CONTRASTS


class ImageRefused(HTTPException):
    """The image itself is the reason: another image of the same request may well be restored."""


class RestorationTask(InferTask):
    """Run the bundle's own inference on the image, so that the server gives what the command line gives.

    That includes the strict check of the weights and every refusal of an input. The weights are read for
    each request: new ones are used at once.

    Args:
        bundle: folder of the bundle.
    """

    def __init__(self, bundle: Path) -> None:
        self.bundle = bundle
        self.weights = bundle / "models" / "model.pt"
        self.settings = ConfigParser.load_config_file(bundle / "configs" / "inference.json")
        metadata = ConfigParser.load_config_file(bundle / "configs" / "metadata.json")
        self.version = metadata["version"]
        config: dict[str, Any] = {"device": device_list()}
        if "contrasts" in self.settings:
            config["contrast"] = list(CONTRASTS)
        # Slices of a volume, or a picture: MONAI Label asks for the dimension of what a user sees.
        dimension = 2 if "picture_channels" in self.settings else 3
        super().__init__(InferType.OTHERS, None, dimension, metadata["description"], config)

    def is_valid(self) -> bool:
        """Whether there are weights; without them the model is not listed."""
        return self.weights.is_file()

    def info(self) -> dict[str, Any]:
        """What the server tells of the model."""
        return {**super().info(), "version": self.version}

    def get_path(self, validate: bool = True) -> str | None:
        """File of the weights, which a client may ask for.

        Args:
            validate: only if it is there.
        """
        return str(self.weights) if self.is_valid() or not validate else None

    def __call__(self, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Restore.

        Args:
            request: ``image``, a path; ``device``; and ``contrast`` where the bundle makes several.

        Returns:
            A temporary file, which the caller removes, and what is known about it: the version of the bundle,
            the SHA-256 of its weights and, where the bundle writes one, its sidecar.

        Raises:
            ImageRefused: 422 with the message of the bundle, if it refuses the image.
            HTTPException: likewise, if it refuses the weights or a setting.
        """
        overrides: dict[str, Any] = {}
        if "contrasts" in self.settings:
            wanted = request.get("contrast", CONTRASTS)
            overrides["contrasts"] = [wanted if isinstance(wanted, str) else wanted[0]]
        with tempfile.TemporaryDirectory() as folder:
            try:
                self._run(request, folder, overrides)
            except Exception as error:
                known = find_user_error(error)
                if known is None:
                    raise
                kind = ImageRefused if isinstance(known, DataError) else HTTPException
                raise kind(422, str(known)) from error
            return self._result(Path(folder))

    def _run(self, request: dict[str, Any], folder: str, overrides: dict[str, Any]) -> None:
        workflow = ConfigWorkflow(
            config_file=str(self.bundle / "configs" / "inference.json"),
            workflow_type="infer",
            logging_file=False,
            bundle_root=str(self.bundle),
            input=request["image"],
            output_dir=folder,
            device=f"$torch.device({name_to_device(request.get('device', 'cuda'))!r})",
            **overrides,
        )
        workflow.initialize()
        workflow.run()
        workflow.finalize()

    def _result(self, folder: Path) -> tuple[str, dict[str, Any]]:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "_desc-" not in path.name]
        (image,) = [path for path in files if path.suffix != ".json"]
        ending = ".nii.gz" if image.name.endswith(".nii.gz") else image.suffix
        with tempfile.NamedTemporaryFile(suffix=ending, delete=False) as kept:
            shutil.copyfile(image, kept.name)
        content: dict[str, Any] = {
            "bundle": self.bundle.name,
            "bundle_version": self.version,
            "model_sha256": sha256(self.weights),
        }
        for sidecar in (path for path in files if path.suffix == ".json"):
            content["sidecar"] = json.loads(sidecar.read_text(encoding="utf-8"))
        return kept.name, content
