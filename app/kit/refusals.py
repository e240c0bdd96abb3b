"""What keeps the service from starting, and the files and folders that only their owner may read or write."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

OWNER_ONLY: Final = 0o600
OWNER_ONLY_FOLDER: Final = 0o700
OPEN_TO_OTHERS: Final = 0o077
"""Any permission of the group or of everyone."""
WRITABLE_BY_OTHERS: Final = 0o022


class Refusal(Exception):
    """The service does not start like this. The words are one line: what is wrong, what to do, and never a secret."""


class OpenToOthers(Refusal):
    """Files that hold secrets, or all that is recorded, can be read or written by others than their owner."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Takes the files' paths."""
        self.paths = [str(path) for path in paths]
        named = " ".join(self.paths)
        super().__init__(f"Others than the owner may read or write {named}: run `chmod 600 {named}`.")


class FolderOpenToOthers(Refusal):
    """Others than its owner may put files into the data directory, a pepper of theirs among them."""

    def __init__(self, path: Path) -> None:
        """Takes the folder's path."""
        super().__init__(f"Others than the owner may write to the folder {path}: run `chmod 700 {path}`.")


def check_private(*paths: Path) -> None:
    """Does nothing for files that are not there or are their owner's alone; raises OpenToOthers for the others."""
    opened = [path for path in paths if path.exists() and path.stat().st_mode & OPEN_TO_OTHERS]
    if opened:
        raise OpenToOthers(opened)


def private_folder(path: Path) -> None:
    """Makes the folder, for its owner alone, if there is none; raises FolderOpenToOthers where others may write to it.

    One that others may read is let be: what is made in it is closed by itself.
    """
    path.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    if path.stat().st_mode & WRITABLE_BY_OTHERS:
        raise FolderOpenToOthers(path)
