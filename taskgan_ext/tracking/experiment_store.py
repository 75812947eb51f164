"""The MLflow store of runs: a SQLite file, a data base, or a server. The only module that calls mlflow."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import ConfigError
from taskgan_ext.io.optional_package import load_optional
from taskgan_ext.tracking.load_mlflow import load_mlflow
from taskgan_ext.tracking.store_address import StoreAddress, checked_name

SOURCE = "taskgan_ext"
"""Stands where MLflow would write the path of the program."""
_KIND = "mlflow.experimentKind"
"""By it MLflow's pages show curves of a training, not conversations with a language model."""
_MOST_METRICS = 500


class Point(NamedTuple):
    """A value of a metric.

    Attributes:
        name: of the metric.
        value: its value.
        step: epoch or iteration.
        time_ms: milliseconds since 1970.
    """

    name: str
    value: float
    step: int
    time_ms: int


class ExperimentStore:
    """Runs of one experiment.

    Args:
        tracking_uri: ``sqlite:///FILE``, ``http://SERVER:PORT``, or another data base. The environment
            variable ``MLFLOW_TRACKING_URI`` counts more where it is set, as it does for MONAI's handler.
        experiment_name: made if it is not there.

    Raises:
        ConfigError: the address is that of a folder, which MLflow no longer takes; the server does not
            answer, or refuses; or the name of the experiment cannot be one, or it was deleted.
        DependencyError: mlflow is not installed.
    """

    def __init__(self, tracking_uri: str, experiment_name: str) -> None:
        self.address = StoreAddress(tracking_uri)
        self.experiment_name = checked_name("experiment_name", experiment_name)
        self.address.check()
        mlflow = load_mlflow()
        self._entities = load_optional("mlflow.entities", "tracking", "taskgan-ext[tracking]")
        self._refused = load_optional("mlflow.exceptions", "tracking", "mlflow").MlflowException
        try:
            with self.address.made_by_one():
                self.client = mlflow.MlflowClient(tracking_uri=self.address.uri)
                self.experiment_id = self._find_experiment()
        except ConfigError:
            raise
        except Exception as error:
            reason = str(error).strip().partition("\n")[0].partition(". ")[0][:200]
            raise ConfigError(
                f"tracking_uri {self.address.shown}: expected an MLflow store, but it cannot be used "
                f"({type(error).__name__}: {reason})"
            ) from error

    def _find_experiment(self) -> str:
        name, found = self.experiment_name, self.client.get_experiment_by_name(self.experiment_name)
        if found is None:
            place, tags = self.address.artefacts, {_KIND: "custom_model_development"}
            try:
                return str(self.client.create_experiment(name, artifact_location=place, tags=tags))
            except self._refused:
                # Another training that begins at the same moment may have made it.
                found = self.client.get_experiment_by_name(name)
                if found is None:
                    raise
        if found.lifecycle_stage != "active":
            raise ConfigError(
                f"experiment_name {name!r}: expected an experiment in use, but it was "
                f"deleted in {self.address.shown}; restore it there or give another name"
            )
        return str(found.experiment_id)

    def create_run(self, name: str, tags: Mapping[str, str]) -> str:
        """Begin a run.

        Args:
            name: of the run.
            tags: text by name.

        Returns:
            Identifier of the run.
        """
        # Left out, MLflow may fill in the user of this computer and the path of the program.
        own = {"mlflow.user": SOURCE, "mlflow.source.name": SOURCE, "mlflow.source.type": "LOCAL"}
        run = self.client.create_run(self.experiment_id, run_name=name, tags={**tags, **own})
        return str(run.info.run_id)

    def find_run(self, run_id: str) -> Any:  # noqa: ANN401  # an entity of mlflow
        """Look for a run of this experiment.

        Args:
            run_id: its identifier.

        Returns:
            The run of MLflow, or ``None`` where it is not there, deleted, or of another experiment.
        """
        try:
            run = self.client.get_run(run_id)
        except self._refused:
            return None
        there = run.info.lifecycle_stage == "active" and run.info.experiment_id == self.experiment_id
        return run if there else None

    def is_taken(self, name: str) -> bool:
        """Tell whether a run of the experiment has this name.

        Args:
            name: of a run.
        """
        # The language of filters can quote some names and not others: look for what is alike, then compare.
        pattern = "".join(letter if letter.isalnum() or letter == " " else "_" for letter in name)
        condition = f"attributes.run_name LIKE '{pattern}'"
        token = None
        while True:
            page = self.client.search_runs([self.experiment_id], condition, page_token=token)
            if any(run.info.run_name == name for run in page):
                return True
            token = page.token
            if not token:
                return False

    def log_metrics(self, run_id: str, points: Sequence[Point]) -> None:
        """Add values of metrics.

        Args:
            run_id: of the run.
            points: any number.
        """
        metrics = [
            self._entities.Metric(point.name, point.value, point.time_ms, point.step) for point in points
        ]
        for start in range(0, len(metrics), _MOST_METRICS):
            self.client.log_batch(run_id, metrics=metrics[start : start + _MOST_METRICS])

    def log_parameters(self, run_id: str, parameters: Mapping[str, str]) -> None:
        """Add parameters, which never change.

        Args:
            run_id: of the run.
            parameters: text by name, at most 100.
        """
        self.client.log_batch(
            run_id, params=[self._entities.Param(name, value) for name, value in parameters.items()]
        )

    def log_data(self, run_id: str, name: str, digest: str, use: str) -> None:
        """Name the data of a run by their fingerprint.

        Args:
            run_id: of the run.
            name: of the data.
            digest: at most 36 characters.
            use: ``training`` or ``testing``.
        """
        data = self._entities.Dataset(name=name, digest=digest, source_type=SOURCE, source="{}")
        tags = [self._entities.InputTag("mlflow.data.context", use)]
        self.client.log_inputs(run_id, [self._entities.DatasetInput(data, tags)])

    def change_tags(self, run_id: str, changed: Mapping[str, str], removed: Sequence[str] = ()) -> None:
        """Set tags of a run, and take others away.

        Args:
            run_id: of the run.
            changed: text by name.
            removed: names; one that is not there is left out.
        """
        tags = [self._entities.RunTag(name, value) for name, value in changed.items()]
        if tags:
            self.client.log_batch(run_id, tags=tags)
        there = self.client.get_run(run_id).data.tags if removed else {}
        for name in removed:
            if name in there:
                self.client.delete_tag(run_id, name)

    def log_picture(self, run_id: str, picture: NDArray[np.uint8], name: str) -> None:
        """Keep a picture as PNG.

        Args:
            run_id: of the run.
            picture: shape ``(rows, columns)`` or ``(rows, columns, 3)``.
            name: path among the artefacts of the run.
        """
        self.client.log_image(run_id, picture, artifact_file=name)

    def log_folder(self, run_id: str, fill: Callable[[Path], object], name: str) -> None:
        """Keep the files of a folder.

        Args:
            run_id: of the run.
            fill: writes the files into an empty folder that it is given.
            name: folder among the artefacts of the run.
        """
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder))
            self.client.log_artifacts(run_id, folder, name)

    def log_json(self, run_id: str, content: Mapping[str, Any], name: str) -> None:
        """Keep a JSON file.

        Args:
            run_id: of the run.
            content: of the file.
            name: path among the artefacts of the run.
        """
        self.client.log_dict(run_id, dict(content), name)

    def register(self, name: str, run_id: str, artefact: str, tags: Mapping[str, str]) -> None:
        """Make a folder of a run a version of a registered model, once for each run.

        Args:
            name: of the model, made if it is not there.
            run_id: of the run.
            artefact: folder among its artefacts.
            tags: of the version.
        """
        if self.is_registered(run_id):
            return
        try:
            self.client.create_registered_model(name)
        except self._refused as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = f"runs:/{run_id}/{artefact}"
        self.client.create_model_version(name, source, run_id, tags=dict(tags), await_creation_for=0)

    def is_registered(self, run_id: str) -> bool:
        """Tell whether artefacts of a run are a version of a registered model, and so never change again.

        Args:
            run_id: of the run.
        """
        return bool(self.client.search_model_versions(f"run_id = '{run_id}'"))

    def steps(self, run_id: str, metric: str) -> set[int]:
        """Find the steps at which a metric is known.

        Args:
            run_id: of the run.
            metric: its name.
        """
        return {point.step for point in self.client.get_metric_history(run_id, metric)}

    def reopen(self, run_id: str) -> None:
        """Let a run that ended go on.

        Args:
            run_id: of the run.
        """
        self.client.update_run(run_id, status="RUNNING")

    def end(self, run_id: str, status: str) -> None:
        """End a run.

        Args:
            run_id: of the run.
            status: ``FINISHED``, ``FAILED`` or ``KILLED``.
        """
        self.client.set_terminated(run_id, status)


def now_ms() -> int:
    """Give the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
