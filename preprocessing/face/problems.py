"""Everything that is wrong with an import, in one message."""

from taskgan_ext.errors import DataError

_MOST_SHOWN = 20


class Problems:
    """Gathers what is wrong, so that a user can mend all of it at once.

    Args:
        where: what is looked at, for the message.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.found: list[str] = []

    def add(self, text: str) -> None:
        """Note one problem.

        Args:
            text: file and line, what was expected and what came.
        """
        self.found.append(text)

    def check(self) -> None:
        """Stop if there are any.

        Raises:
            DataError: with all of them, or the first twenty and how many more there are.
        """
        if not self.found:
            return
        shown = self.found[:_MOST_SHOWN]
        if len(self.found) > len(shown):
            shown.append(f"and {len(self.found) - len(shown)} more")
        count = f"{len(self.found)} problem{'s' if len(self.found) > 1 else ''}"
        raise DataError("\n  ".join([f"{self.where}: {count}, nothing was written", *shown]))
