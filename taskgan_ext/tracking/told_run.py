"""What is told of a run: parameters, metrics, pictures and files, delivered by a thread."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.tracking.delivery import Delivery
from taskgan_ext.tracking.experiment_store import ExperimentStore, Point, now_ms
from taskgan_ext.tracking.run_file import RunRecord
from taskgan_ext.tracking.tracked_bundle import TrackedBundle


class ToldRun:
    """Deliver what handlers tell of a run that is open; nothing happens where it is not.

    Args:
        bundle: that the run belongs to.

    Attributes:
        record: of the run that is open or was the last one.
    """

    def __init__(self, bundle: TrackedBundle) -> None:
        self.bundle = bundle
        self.record: RunRecord | None = None
        self._store: ExperimentStore | None = None
        self._delivery: Delivery | None = None
        self._known: dict[str, str] = {}

    @property
    def is_open(self) -> bool:
        """Whether the run has begun and not ended."""
        return self._delivery is not None

    def parameters(self, values: Mapping[str, str]) -> None:
        """Add parameters that the run does not have yet; a parameter never changes.

        Args:
            values: text by name.
        """
        new = {name: value for name, value in values.items() if name not in self._known}
        if new:
            self._known |= new
            self.deliver("parameters", lambda store, run_id: store.log_parameters(run_id, new))

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Add values.

        Args:
            values: by name of the metric.
            step: epoch or iteration.
        """
        self.points([Point(name, value, step, now_ms()) for name, value in values.items()])

    def points(self, points: Sequence[Point]) -> None:
        """Add values of any steps.

        Args:
            points: the values.
        """
        if points:
            self.deliver("metrics", lambda store, run_id: store.log_metrics(run_id, points))

    def picture(self, picture: NDArray[np.uint8], name: str) -> None:
        """Keep a picture.

        Args:
            picture: see ``ExperimentStore.log_picture``.
            name: path among the artefacts.
        """
        self.deliver("pictures", lambda store, run_id: store.log_picture(run_id, picture, name))

    def deliver(self, what: str, job: Callable[[ExperimentStore, str], object]) -> None:
        """Do something with the run, in the thread.

        Args:
            what: its kind, for the list of what is missing.
            job: called with the store and the identifier of the run.
        """
        if self._delivery is not None and self._store is not None and self.record is not None:
            store, run_id = self._store, self.record.run_id
            self._delivery.add(what, lambda: job(store, run_id))

    def known_steps(self, metric: str) -> set[int]:
        """Find the steps of a metric that the store has.

        Args:
            metric: its name.
        """
        if self._store is None or self.record is None:
            return set()
        return self._store.steps(self.record.run_id, metric)

    def keep_folder(self, name: str, fill: Callable[[Path], object]) -> None:
        """Keep files.

        Args:
            name: folder among the artefacts.
            fill: writes the files into an empty folder that it is given.
        """
        self.deliver(name, lambda store, run_id: store.log_folder(run_id, fill, name))

    def keep_bundle(self, register: bool) -> None:
        """Keep the bundle with the weights of the training, ready to use.

        Args:
            register: whether it becomes a version of the registered model of its name.
        """
        facts, digests = self.bundle.facts, self.bundle.digests()
        self.deliver("tags", lambda store, run_id: store.change_tags(run_id, digests))
        self.deliver("bundle", self._log_bundle)
        if register:
            self.deliver(
                "registered model",
                lambda store, run_id: store.register(facts["bundle"], run_id, "bundle", facts),
            )

    def _log_bundle(self, store: ExperimentStore, run_id: str) -> None:
        # What is registered never changes: others may use it.
        if not store.is_registered(run_id):
            store.log_folder(run_id, self.bundle.copy, "bundle")
