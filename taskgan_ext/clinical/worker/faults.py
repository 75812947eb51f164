"""What can go wrong with a scan, by what has to be done about it."""


class Postponed(Exception):  # noqa: N818 - what happens to the scan
    """The surroundings fail, not the scan: it is tried again, however often, with growing pauses.

    Args:
        cause: in one word, for logs and metrics.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Failure(Exception):  # noqa: N818 - of one attempt
    """An attempt failed, and the scan may be the reason: it is tried again, but not for ever.

    Args:
        cause: in one word, for logs, metrics and the marker.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Left(Exception):  # noqa: N818 - what happens to the scan
    """The scan is not ours to finish: it is gone, has changed, or another worker has it.

    Args:
        cause: in one word, for logs.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause
