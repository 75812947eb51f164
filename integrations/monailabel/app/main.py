"""MONAI Label app: every bundle below ``model/`` restores and can be trained, see docs/monailabel.md."""

import logging
import tempfile
from pathlib import Path
from typing import Any

from fastapi import HTTPException
from lib.restoration import ImageRefused, RestorationTask
from lib.training import BundleTrainingTask
from monailabel.interfaces.app import MONAILabelApp
from monailabel.interfaces.datastore import Datastore
from monailabel.interfaces.tasks.infer_v2 import InferTask
from monailabel.interfaces.tasks.strategy import Strategy
from monailabel.interfaces.tasks.train import TrainTask
from monailabel.tasks.activelearning.first import First
from monailabel.tasks.activelearning.random import Random

import taskgan_ext

logger = logging.getLogger(__name__)


class TaskGANApp(MONAILabelApp):
    """The bundles of ``<app>/model``; ``--conf models NAME,NAME`` picks some.

    Args:
        app_dir: folder of this file.
        studies: folder with images, or address of a server, as MONAI Label takes it.
        conf: what ``--conf`` gave.
    """

    def __init__(self, app_dir: str, studies: str, conf: dict[str, str]) -> None:
        if "://" in studies:
            raise SystemExit(
                f"error: --studies: expected a folder with NIfTI files or pictures, got {studies}; the "
                "conversion of DICOM in MONAI Label loses the scale of the slices of PET"
            )
        folder = Path(app_dir) / "model"
        found = sorted(path.parents[1] for path in folder.glob("*/configs/inference.json"))
        names = [name.strip() for name in conf.get("models", "").split(",") if name.strip()]
        self.bundles = {path.name: path for path in found if not names or path.name in names}
        missing = [name for name in names if name not in self.bundles]
        if missing or not found:
            raise SystemExit(
                f"error: {folder}: expected a folder with configs/inference.json for "
                f"{', '.join(missing) or 'each bundle'}, found {', '.join(p.name for p in found) or 'none'}"
            )
        super().__init__(
            app_dir,
            studies,
            conf,
            name="Task-GAN Bundles",
            description="Restoration of images; the results are images, not segmentations",
            version=taskgan_ext.__version__,
        )

    def init_infers(self) -> dict[str, InferTask]:
        """One task for each bundle."""
        return {name: RestorationTask(path) for name, path in self.bundles.items()}

    def init_trainers(self) -> dict[str, TrainTask]:
        """One task for each bundle, of the same name."""
        return {name: BundleTrainingTask(path, self.studies) for name, path in self.bundles.items()}

    def init_strategies(self) -> dict[str, Strategy]:
        """Ways to choose the next image without a label."""
        return {"first": First(), "random": Random()}

    def infer(self, request: dict[str, Any], datastore: Datastore | None = None) -> dict[str, Any]:
        """Restore an image of the studies, or one that came with the request.

        Args:
            request: with ``model`` and ``image``: an ID of the studies, a path below them, or the temporary
                file of an upload.
            datastore: of the studies.

        Returns:
            As MONAI Label's.

        Raises:
            HTTPException: 404 for an unknown model or image. The server's own method would read any file. See
                also ``RestorationTask``.
        """
        self._check_model(request)
        store = datastore or self.datastore()
        name = str(request.get("image") or "")
        known = store.get_image_uri(name)
        studies = Path(self.studies).resolve()
        path = Path(known or studies / name).resolve()
        uploaded = path.parent == Path(tempfile.gettempdir()).resolve()
        if not path.is_file() or not (uploaded or path.is_relative_to(studies)):
            raise ImageRefused(404, f"found no image {name!r} in the studies; /datastore/ lists them")
        return super().infer({**request, "image": name if known else str(path)}, store)

    def batch_infer(self, request: dict[str, Any], datastore: Datastore | None = None) -> dict[str, Any]:
        """Restore many images; one that the bundle refuses is skipped, with a line in the log.

        The server's own method ends at the first image that fails.

        Args:
            request: with ``model`` and ``images``, as MONAI Label takes it.
            datastore: of the studies.

        Returns:
            As MONAI Label's, by image; of an image that was skipped nothing but ``skipped``, the reason.

        Raises:
            HTTPException: 404 for an unknown model, 422 if not one image could be restored; or what is wrong
                with the weights or a setting, which stops the batch.
        """
        self._check_model(request)
        result = self._batch_infer(request, datastore or self.datastore(), self._restore_or_skip)
        skipped = [image for image, answer in result.items() if "skipped" in answer]
        if result and len(skipped) == len(result):
            raise HTTPException(
                422, f"none of {len(skipped)} images was restored; the last: {result[skipped[-1]]['skipped']}"
            )
        logger.info(
            "restored %d of %d images, skipped %d", len(result) - len(skipped), len(result), len(skipped)
        )
        return result

    def _restore_or_skip(self, request: dict[str, Any], datastore: Datastore) -> dict[str, Any]:
        try:
            return self.infer(request, datastore)
        except ImageRefused as error:
            logger.warning("skipped %s: %s", request["image"], " ".join(str(error.detail).split()))
            return {"skipped": error.detail}

    def _check_model(self, request: dict[str, Any]) -> None:
        if request.get("model") not in self.bundles:
            raise HTTPException(
                404, f"expected one of the models {', '.join(self.bundles)}, got {request.get('model')!r}"
            )
