"""Folders and files that only we may have laid out: owners, permissions and links, on the way and at its end."""

import os
from pathlib import Path
from typing import Any

import pytest

from app.kit import private
from app.kit.private import (
    FolderOpenToOthers,
    NoFolder,
    NotAFile,
    NotAFolder,
    OfAnother,
    OpenToOthers,
    Unusable,
    check_files,
    check_writable,
    private_folder,
    read_secret,
    write_once,
)

ANOTHER = 12_345
"""A user that there need not be."""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of ours, on the way to which nothing is open to others."""
    made = tmp_path / "ours"
    made.mkdir(mode=0o700)
    return made


def made(path: Path, mode: int) -> Path:
    path.mkdir()
    path.chmod(mode)
    return path


def given_away(path: Path) -> Path:
    os.chown(path, ANOTHER, ANOTHER)
    return path


def secret_in(path: Path, mode: int = 0o600) -> Path:
    path.write_text("secret\n")
    path.chmod(mode)
    return path


def test_a_folder_that_is_not_there_is_made_for_us_alone_with_its_parents(folder: Path) -> None:
    umask = os.umask(0)
    try:
        private_folder(folder / "a" / "b" / "c")
    finally:
        os.umask(umask)
    modes = [(folder / path).stat().st_mode & 0o777 for path in ("a", "a/b", "a/b/c")]
    assert modes == [0o700] * 3


def test_a_folder_that_is_not_to_be_made_is_missed(folder: Path) -> None:
    with pytest.raises(NoFolder, match=f"There is no folder {folder}/absent: make it, or .* ONRECORD_DATABASE_URL"):
        private_folder(folder / "absent" / "below", make=False, setting="ONRECORD_DATABASE_URL")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(folder: Path, mode: int) -> None:
    with pytest.raises(FolderOpenToOthers, match="chmod 700"):
        private_folder(made(folder / "open", mode))


def test_nobody_is_told_to_close_a_folder_that_is_shared_on_purpose(folder: Path) -> None:
    # As /tmp is.
    with pytest.raises(FolderOpenToOthers, match=r"folder \S+/open: name another folder in ONRECORD_DATA_DIR\.$"):
        private_folder(made(folder / "open", 0o1777))


@pytest.mark.parametrize("mode", [0o777, 0o702])
def test_so_is_one_below_such_a_folder(folder: Path, mode: int) -> None:
    made(folder / "open", mode)
    with pytest.raises(FolderOpenToOthers, match=f"chmod go-w {folder}/open"):
        private_folder(folder / "open" / "data")
    assert list((folder / "open").iterdir()) == []


def test_one_below_a_folder_with_the_sticky_bit_is_taken(folder: Path) -> None:
    # As everything below /tmp is: what is ours there nobody else may rename or remove.
    made(folder / "open", 0o1777)
    private_folder(folder / "open" / "data")
    private_folder(folder / "open" / "data")


def test_a_group_of_the_owner_alone_may_write_on_the_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where each user has a group, the umask is often 002.
    monkeypatch.setattr(private, "_is_of_owner_alone", lambda _found: True)
    private_folder(made(folder / "alone", 0o775) / "data")
    monkeypatch.setattr(private, "_is_of_owner_alone", lambda _found: False)
    with pytest.raises(FolderOpenToOthers):
        private_folder(folder / "alone" / "data")


def test_a_group_with_another_member_is_not_the_owners_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Group:
        gr_mem = ("somebody else",)

    monkeypatch.setattr("grp.getgrgid", lambda _gid: Group)
    assert not private._is_of_owner_alone(folder.stat())


@as_root
def test_a_folder_of_another_user_is_refused_whatever_is_in_it(folder: Path) -> None:
    theirs = given_away(made(folder / "theirs", 0o700))
    with pytest.raises(OfAnother, match=f"{theirs} belongs to user {ANOTHER}"):
        private_folder(theirs)


@as_root
def test_so_is_one_of_ours_below_it(folder: Path) -> None:
    theirs = given_away(made(folder / "theirs", 0o755))
    made(theirs / "data", 0o700)
    with pytest.raises(OfAnother, match=f"{theirs} belongs to user {ANOTHER}"):
        private_folder(theirs / "data")


def test_links_of_ours_are_followed_and_what_they_lead_to_is_looked_at(folder: Path) -> None:
    real = made(folder / "real", 0o700)
    (folder / "absolute").symlink_to(real)
    (real / "up").symlink_to("../absolute/../real")
    private_folder(folder / "absolute" / "up" / "data")
    assert (real / "data").is_dir()
    made(folder / "open", 0o777)
    made(folder / "open" / "data", 0o700)
    (folder / "there").symlink_to(folder / "open" / "data")
    with pytest.raises(FolderOpenToOthers, match=f"{folder}/open"):
        private_folder(folder / "there")


def test_links_that_lead_round_are_refused(folder: Path) -> None:
    (folder / "round").symlink_to("round")
    with pytest.raises(Unusable, match="too many symbolic links"):
        private_folder(folder / "round")


@as_root
def test_a_link_of_another_user_is_not_followed(folder: Path) -> None:
    made(folder / "open", 0o1777)
    made(folder / "real", 0o700)
    link = folder / "open" / "data"
    link.symlink_to(folder / "real")
    os.chown(link, ANOTHER, ANOTHER, follow_symlinks=False)
    with pytest.raises(OfAnother, match=f"{link} belongs"):
        private_folder(link)


def test_what_is_no_folder_is_refused(folder: Path) -> None:
    (folder / "file").touch()
    for path in (folder / "file", folder / "file" / "data"):
        with pytest.raises(NotAFolder, match=f"{folder}/file is not a folder: name one in ONRECORD_DATA_DIR"):
            private_folder(path)


def test_where_no_folder_can_be_made_another_is_to_be_named() -> None:
    with pytest.raises(Unusable, match=r"\(No such file or directory\): name another folder in ONRECORD_DATA_DIR"):
        private_folder(Path("/proc/onrecord"))


def test_a_folder_made_by_another_at_the_same_moment_is_looked_at(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mkdir(path: Path, **_named: object) -> None:
        os.mkdir(path)  # noqa: PTH102  # Path.mkdir is replaced here
        path.chmod(0o777)
        raise FileExistsError

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(FolderOpenToOthers):
        private_folder(folder / "data")


def test_a_secret_is_read_from_a_file_of_ours_alone(folder: Path) -> None:
    assert read_secret(folder / "absent") is None
    assert read_secret(secret_in(folder / "secret")) == b"secret\n"


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o660, 0o601])
def test_a_file_that_others_may_get_at_is_refused(folder: Path, mode: int) -> None:
    path = secret_in(folder / "secret", mode)
    for refuse in (read_secret, check_files):
        with pytest.raises(OpenToOthers, match=f"chmod 600 {path}"):
            refuse(path)


@as_root
def test_a_file_of_another_user_is_refused(folder: Path) -> None:
    path = given_away(secret_in(folder / "secret"))
    for refuse in (read_secret, check_files):
        with pytest.raises(OfAnother, match=f"{path} belongs"):
            refuse(path)


def test_what_is_no_file_is_refused_and_nothing_waits_for_it(folder: Path) -> None:
    real = secret_in(folder / "real")
    (folder / "link").symlink_to(real)
    (folder / "dangling").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe", 0o600)
    made(folder / "folder", 0o700)
    for name in ("link", "dangling", "pipe", "folder"):
        for refuse in (read_secret, check_files):
            with pytest.raises(NotAFile, match=f"{folder}/{name}"):
                refuse(folder / name)


def test_what_was_opened_is_looked_at_and_not_what_has_the_name_now(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = secret_in(folder / "secret", 0o644)
    opened = os.open

    def exchange(*arguments: Any) -> int:
        descriptor = opened(*arguments)
        path.unlink()
        secret_in(path)
        return descriptor

    monkeypatch.setattr(os, "open", exchange)
    with pytest.raises(OpenToOthers):
        read_secret(path)


def test_a_file_is_written_once_whole_and_for_us_alone(folder: Path) -> None:
    umask = os.umask(0)
    try:
        write_once(folder / "secret", b"first")
        write_once(folder / "secret", b"second")
    finally:
        os.umask(umask)
    assert read_secret(folder / "secret") == b"first"
    assert [path.name for path in folder.iterdir()] == ["secret"]


def test_what_a_dangling_link_leads_to_is_not_made(folder: Path) -> None:
    (folder / "secret").symlink_to(folder / "elsewhere")
    write_once(folder / "secret", b"first")
    assert not (folder / "elsewhere").exists()


def test_where_nothing_can_be_written_it_is_said(folder: Path) -> None:
    with pytest.raises(Unusable, match="No such file"):
        write_once(folder / "absent" / "secret", b"first")


def test_what_may_not_be_written_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_writable(folder, folder / "absent")
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)  # root may always
    with pytest.raises(Unusable, match=rf"\(no permission to write\): run `chmod u\+rwX {folder}`"):
        check_writable(folder)
