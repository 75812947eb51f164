"""What the worker tells about itself."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

PREFIX = "taskgan_worker"
COUNTERS = {
    "scans_total": ("outcome", "scans that came to an end, by outcome"),
    "failures_total": ("cause", "attempts that failed, by cause"),
    "postponed_total": ("cause", "attempts put off for reasons outside the scan, by cause"),
    "left_total": ("cause", "attempts given up since the scan changed, went, or was taken, by cause"),
    "series_stored_total": ("", "derived series stored and read back"),
    "passes_total": ("", "looks at everything"),
    "process_starts_total": ("", "starts of the process that restores"),
    "restoring_seconds_total": ("", "seconds spent on restoring"),
}
GAUGES = {
    "orthanc_up": "whether Orthanc answered last",
    "waiting": "scans that wait: for images, for another worker, or for another attempt",
    "dead_letters": "scans given up, at the last look at everything",
    "loop_age_seconds": "seconds since the worker last gave a sign of life",
}


@dataclass
class WorkerStatus:
    """Counts and the last sign of life; one thread writes, others read.

    Attributes:
        limit: seconds without a sign of life after which the worker counts as dead.
    """

    limit: float
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _gauges: dict[str, float] = field(default_factory=lambda: dict.fromkeys(GAUGES, 0.0))
    _last: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, name: str, label: str = "", amount: float = 1) -> None:
        """Add to a counter.

        Args:
            name: one of ``COUNTERS``.
            label: its outcome or cause, of few values; never a UID.
            amount: to add.
        """
        with self._lock:
            self._counts[name, label] += amount  # type: ignore[assignment]

    def set(self, name: str, value: float) -> None:
        """Set one of ``GAUGES``."""
        with self._lock:
            self._gauges[name] = value

    def beat(self) -> None:
        """Give a sign of life."""
        self._last = time.monotonic()

    def healthy(self) -> tuple[bool, dict[str, float | bool]]:
        """Tell whether all is well, and the facts."""
        age = time.monotonic() - self._last
        up = bool(self._gauges["orthanc_up"])
        return up and age <= self.limit, {"orthanc": up, "loop_age_seconds": round(age, 3)}

    def metrics(self) -> str:
        """The text format of Prometheus, version 0.0.4."""
        with self._lock:
            counts, gauges = dict(self._counts), dict(self._gauges)
        gauges["loop_age_seconds"] = time.monotonic() - self._last
        lines = []
        for name, (label, meaning) in COUNTERS.items():
            lines += [f"# HELP {PREFIX}_{name} {meaning}", f"# TYPE {PREFIX}_{name} counter"]
            found = {value: count for (each, value), count in counts.items() if each == name}
            if not label:
                found = {"": found.get("", 0)}
            for value, count in sorted(found.items()):
                where = f'{{{label}="{_escaped(value)}"}}' if label else ""
                lines.append(f"{PREFIX}_{name}{where} {count:g}")
        for name, meaning in GAUGES.items():
            lines += [f"# HELP {PREFIX}_{name} {meaning}", f"# TYPE {PREFIX}_{name} gauge"]
            lines.append(f"{PREFIX}_{name} {gauges[name]:g}")
        return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
