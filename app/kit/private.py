"""Files and folders that nobody else may have laid out, read or changed: those of secrets and of all that is recorded.

A folder is looked at from the root down, as sshd's StrictModes does (sshd_config(5)), each step without following a
link. What stands in a folder that only root and we may write to stays what it was when it was looked at, so names that
passed here may be opened later; of a secret, what was opened is looked at itself.
"""

import grp
import os
import pwd
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from errno import EACCES
from pathlib import Path
from typing import Final

from app.kit.refusals import Refusal

OWNER_ONLY: Final = 0o600
OWNER_ONLY_FOLDER: Final = 0o700
OPEN_TO_OTHERS: Final = 0o077
"""Any permission of the group or of everyone."""
WRITABLE_BY_OTHERS: Final = 0o022
ROOT: Final = 0
MOST_LINKS: Final = 40
"""Symbolic links on the way to a folder, as many as Linux follows (path_resolution(7))."""
DATA_DIR: Final = "ONRECORD_DATA_DIR"
"""The setting that names the folder, unless the caller says which one does."""
LONGEST_SECRET: Final = 4096
"""Bytes of a file with a secret, beyond which it is none of ours."""


class OpenToOthers(Refusal):
    """Files that hold secrets, or all that is recorded, can be read or written by others than their owner."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Takes the files' paths."""
        self.paths = [str(path) for path in paths]
        named = " ".join(self.paths)
        super().__init__(f"Others than the owner may read or write {named}: run `chmod 600 {named}`.")


class FolderOpenToOthers(Refusal):
    """Others than its owner may put files into a folder, a pepper of theirs among them, or exchange one on the way."""

    def __init__(self, path: Path, found: os.stat_result, *, mode: str, setting: str) -> None:
        """Takes the folder's path and what it is like, what chmod has to make of it, and the setting that names it.

        One that is not ours, or shared on purpose as /tmp is, is let be.
        """
        is_to_be_closed = found.st_uid == os.geteuid() and not found.st_mode & stat.S_ISVTX
        closing = f"run `chmod {mode} {path}`, or " if is_to_be_closed else ""
        super().__init__(
            f"Others than the owner may write to the folder {path}: {closing}name another folder in {setting}."
        )


class OfAnother(Refusal):
    """A file or a folder belongs to somebody else, who can put into it, or has put into it, what they like."""

    def __init__(self, path: Path, uid: int, *, setting: str = DATA_DIR) -> None:
        """Takes its path, its owner, and the setting that names it."""
        super().__init__(
            f"{path} belongs to {_user(uid)} and not to {_user(os.geteuid())}, who runs this: run it as its owner, or "
            f"name a folder of your own in {setting}."
        )


class NotAFile(Refusal):
    """There is something else where a file of ours has its place: a symbolic link, a folder, a pipe."""

    def __init__(self, path: Path) -> None:
        """Takes its path."""
        super().__init__(f"{path} is a symbolic link, or no file at all: put the file itself there, or take it away.")


class NotAFolder(Refusal):
    """There is something else where a folder is to be."""

    def __init__(self, path: Path, *, setting: str) -> None:
        """Takes its path and the setting that names it."""
        super().__init__(f"{path} is not a folder: name one in {setting}.")


class NoFolder(Refusal):
    """There is nothing where a folder is to be, and it is not ours to make."""

    def __init__(self, path: Path, *, setting: str) -> None:
        """Takes its path and the setting that names it."""
        super().__init__(f"There is no folder {path}: make it, or name another one in {setting}.")


class Unusable(Refusal):
    """A folder or a file cannot be made, opened or written."""

    def __init__(self, path: Path, why: str | OSError, *, setting: str = DATA_DIR) -> None:
        """Takes its path, what the operating system said, and the setting that names it."""
        words = why if isinstance(why, str) else why.strerror or "unknown error"
        permitting = _permitting(path) if isinstance(why, PermissionError) else ""
        super().__init__(
            f"{path} cannot be used by {_user(os.geteuid())}, who runs this ({words}): {permitting}name another folder "
            f"in {setting}."
        )


def _permitting(path: Path) -> str:
    """What lets us use the path, where that is known and harms nobody: half a sentence, or nothing."""
    user, is_there = os.geteuid(), os.path.lexists(path)
    at = path if is_there else path.parent
    if at.exists() and at.stat().st_uid == user:
        return f"run `chmod u+rwX {at}`, or "
    if is_there:
        return f"let that user write there, as `chown {user} {path}` does, or "
    return f"have root make it (`mkdir {path} && chown {user} {path}`), or " if os.access(at, os.X_OK) else ""


def _user(uid: int) -> str:
    try:
        return f"user {pwd.getpwuid(uid).pw_name} ({uid})"
    except KeyError:  # as in a container, where a number need have no name
        return f"user {uid}"


def private_folder(path: Path, *, make: bool = True, setting: str = DATA_DIR) -> None:
    """Does nothing for a folder that only its owner, us or root, may write to, as every folder on the way to it.

    On the way one with the sticky bit, as /tmp, may be open to others: what is ours in it stays ours. One that is not
    there is made, for us alone, with all that lacks on the way, if `make`. One that others may read is let be: what is
    made in it is closed by itself. Raises OfAnother, FolderOpenToOthers, NotAFolder, NoFolder or Unusable, with the
    name of the setting to change.
    """
    at, links = Path("/"), 0
    ahead = list(reversed((Path.cwd() / path).parts[1:]))
    _check_folder(at, at.lstat(), mode="go-w", setting=setting)
    while ahead:
        name = ahead.pop()
        if name == os.pardir:
            at = at.parent
            continue
        step = at / name
        found = _looked_at(step, make=make, setting=setting)
        if not stat.S_ISLNK(found.st_mode):
            _check_folder(step, found, mode="go-w" if ahead else "700", setting=setting)
            at = step
            continue
        _check_owner(step, found, setting=setting)
        links += 1
        if links > MOST_LINKS:
            raise Unusable(path, "too many symbolic links", setting=setting)
        target = step.readlink()
        at = Path("/") if target.is_absolute() else at
        ahead += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    found = at.lstat()
    if found.st_mode & WRITABLE_BY_OTHERS:
        raise FolderOpenToOthers(at, found, mode="700", setting=setting)


def _looked_at(step: Path, *, make: bool, setting: str) -> os.stat_result:
    """What stands at the name now; a new folder, if nothing does and it may be made."""
    try:
        with suppress(FileNotFoundError):
            return step.lstat()
        if not make:
            raise NoFolder(step, setting=setting)
        with suppress(FileExistsError):  # made by another meanwhile: looked at like any other
            step.mkdir(mode=OWNER_ONLY_FOLDER)
        return step.lstat()
    except OSError as error:
        raise Unusable(step, error, setting=setting) from None


def _check_folder(step: Path, found: os.stat_result, *, mode: str, setting: str) -> None:
    if not stat.S_ISDIR(found.st_mode):
        raise NotAFolder(step, setting=setting)
    _check_owner(step, found, setting=setting)
    others = found.st_mode & WRITABLE_BY_OTHERS
    if others == stat.S_IWGRP and _is_of_owner_alone(found):
        return
    if others and not found.st_mode & stat.S_ISVTX:
        raise FolderOpenToOthers(step, found, mode=mode, setting=setting)


def _check_owner(path: Path, found: os.stat_result, *, setting: str) -> None:
    if found.st_uid not in {ROOT, os.geteuid()}:
        raise OfAnother(path, found.st_uid, setting=setting)


def _is_of_owner_alone(found: os.stat_result) -> bool:
    """Whether the folder's group has its owner for its one member, as a user's own group on most distributions has."""
    try:
        members = {*grp.getgrgid(found.st_gid).gr_mem}
        owner = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        return False
    return members | {entry.pw_name for entry in pwd.getpwall() if entry.pw_gid == found.st_gid} == {owner}


def check_files(*paths: Path) -> None:
    """Does nothing for files that are not there, or are ours alone; raises NotAFile, OfAnother or OpenToOthers.

    For files in a private folder that something else opens by name. They are not opened here: closing a SQLite file
    drops this process's locks on it (https://sqlite.org/howtocorrupt.html §2.2).
    """
    opened = []
    for path in paths:
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Unusable(path, error) from None
        _check_file(path, found)
        if found.st_mode & OPEN_TO_OTHERS:
            opened.append(path)
    if opened:
        raise OpenToOthers(opened)


def _check_file(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise NotAFile(path)
    if found.st_uid != os.geteuid():
        raise OfAnother(path, found.st_uid)


def check_writable(*paths: Path, setting: str = DATA_DIR) -> None:
    """Does nothing for folders and files that we may write to, or that are not there; raises Unusable."""
    for path in paths:
        if path.exists() and not os.access(path, os.W_OK):
            is_read_only = os.statvfs(path).f_flag & os.ST_RDONLY
            why = "a read-only file system" if is_read_only else PermissionError(EACCES, "no permission to write")
            raise Unusable(path, why, setting=setting)


def read_secret(path: Path) -> bytes | None:
    """The first bytes of a file that is ours alone, beyond which no secret goes; None where there is none.

    Raises NotAFile, OfAnother, OpenToOthers or Unusable, by what was opened.
    """
    try:
        # A pipe is opened without waiting for who writes to it, and is then refused.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink():
            raise NotAFile(path) from None
        raise Unusable(path, error) from None
    try:
        found = os.fstat(descriptor)
        _check_file(path, found)
        if found.st_mode & OPEN_TO_OTHERS:
            raise OpenToOthers([path])
        return os.read(descriptor, LONGEST_SECRET)
    finally:
        os.close(descriptor)


def write_once(path: Path, content: bytes) -> None:
    """Writes a file of ours alone, whole or not at all; does nothing where there is something of this name already.

    Of two processes that do so at once one writes. Raises Unusable.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    except OSError as error:
        raise Unusable(path, error) from None
