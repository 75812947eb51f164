"""Training of a bundle on the images of the studies and their labels, the target images."""

import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser, ConfigWorkflow
from monailabel.interfaces.datastore import Datastore
from monailabel.interfaces.tasks.train import TrainTask
from monailabel.utils.others.generic import device_list, name_to_device

from taskgan_ext.bundle.messages import show_readable_errors
from taskgan_ext.data.label_items import write_label_datalist
from taskgan_ext.errors import ConfigError

logger = logging.getLogger(__name__)

_UNFINISHED = ".training-"
_FIRST = "first"
_PREVIOUS = "previous"


class BundleTrainingTask(TrainTask):
    """Run the bundle's own training and put its weights in place of the old ones when it is complete.

    The data list is ``datalist.json`` of the studies, if they have one, else it is made of the images with a
    final label. A training that is stopped leaves the old weights as they were, and is not continued.

    Args:
        bundle: folder of the bundle.
        studies: folder with the images.
    """

    def __init__(self, bundle: Path, studies: str) -> None:
        self.bundle = bundle
        self.studies = Path(studies)
        self.models = bundle / "models"
        self.file = bundle / "configs" / "train.json"
        self.settings = ConfigParser.load_config_file(self.file)
        metadata = ConfigParser.load_config_file(bundle / "configs" / "metadata.json")
        self.version = metadata["version"]
        super().__init__(metadata["description"])

    def info(self) -> dict[str, Any]:
        """What the server tells of the trainer."""
        return {**super().info(), "version": self.version}

    def config(self) -> dict[str, Any]:
        """Settings of a request with their defaults."""
        return {
            "device": device_list(),
            "pretrained": True,
            "max_epochs": self.settings["epochs"],
            "task_epochs": self.settings["task_epochs"],
            "val_split": 0.2,
        }

    def __call__(self, request: dict[str, Any], datastore: Datastore) -> dict[str, Any]:
        """Train; the server calls this in a process of its own.

        Args:
            request: see ``config``; ``pretrained`` goes on from the weights in place, if there are some.
            datastore: of the studies.

        Returns:
            Nothing.

        Raises:
            TaskGANError: what the bundle's training refuses, or a property is missing.
        """
        show_readable_errors()
        request = {**self.config(), **request}
        self.models.mkdir(parents=True, exist_ok=True)
        for left in self.models.glob(_UNFINISHED + "*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=self.models) as folder:
            self._train(request, Path(folder), self._data(request, datastore, Path(folder)))
            self._publish(Path(folder))
        return {}

    def _data(self, request: dict[str, Any], datastore: Datastore, folder: Path) -> Path:
        if (self.studies / "datalist.json").is_file():
            return self.studies
        if "synthesis" in self.settings:
            raise ConfigError(
                f"{self.studies}: expected a datalist.json, since {self.bundle.name} learns several "
                "contrasts of a scan from its maps, and MONAI Label keeps one label of an image; start the "
                "server with --studies and the folder that python -m preprocessing mr writes"
            )
        write_label_datalist(datastore.datalist(), folder / "datalist.json", float(request["val_split"]))
        return folder

    def _train(self, request: dict[str, Any], folder: Path, data: Path) -> None:
        go_on = bool(request["pretrained"]) and (self.models / "model.pt").is_file()
        files = [self.file, *([self.file.with_name("fine_tune.json")] if go_on else [])]
        workflow = ConfigWorkflow(
            config_file=[str(file) for file in files],
            workflow_type="train",
            logging_file=False,
            bundle_root=str(self.bundle),
            dataset_dir=str(data),
            ckpt_dir=str(folder),
            task_ckpt_dir=str(folder),
            output_dir=str(self.bundle / "eval" / "label"),
            start_dir=str(self.models) if go_on else "",
            epochs=int(request["max_epochs"]),
            task_epochs=int(request["task_epochs"]),
            device=f"$torch.device({name_to_device(request['device'])!r})",
        )
        workflow.initialize()
        workflow.run()
        workflow.finalize()

    def _publish(self, folder: Path) -> None:
        """Move the new weights in place, each file in one step, and keep the old ones as ``previous/``.

        Those that were in place before the first training stay for good, as ``first/``.
        """
        names = [path.name for path in folder.iterdir() if path.name != "datalist.json"]
        weights = sorted((name for name in names if not name.endswith("_state.pt")), key="model.pt".__eq__)
        old = [self.models / name for name in weights if (self.models / name).is_file()]
        first, previous = self.models / _FIRST, self.models / _PREVIOUS
        # A folder appears complete or not at all: half a copy would pass for the weights of before.
        for kept in (previous, first):
            if not old or (kept == first and first.is_dir()):
                continue
            copy = folder / kept.name
            copy.mkdir()
            for file in old:
                shutil.copy2(file, copy / file.name)
            shutil.rmtree(kept, ignore_errors=True)
            copy.rename(kept)
        for name in weights:
            (folder / name).replace(self.models / name)
        logger.info("%s: new weights are in place, the old ones in %s", self.models / "model.pt", previous)
