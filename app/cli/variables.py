"""The environment's variables: one that is named like a setting and is none would leave what it was to set as it is."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from app.kit.refusals import Refusal
from app.kit.visible import plain
from app.settings import PREFIX, Settings

OF_COMMANDS: Final = ("URL", "KEY")
"""What commands on an editor's machine read beside the settings."""
OF_TESTS: Final = ("FUZZ_EXAMPLES", "PROOFS", "PROOFS_SEEN", "TEST_DATA", "TEST_POSTGRES_DSN", "TEST_WHOLE")
KNOWN: Final = tuple(PREFIX + name.upper() for name in (*Settings.model_fields, *OF_COMMANDS, *OF_TESTS))


class UnknownSetting(Refusal):
    """A variable is named like a setting, and there is none of that name."""

    def __init__(self, name: str) -> None:
        """Takes the variable's name; says which one is most like it."""
        (nearest,) = get_close_matches(name.upper(), KNOWN, n=1, cutoff=0)
        super().__init__(f"There is no setting {plain(name)}: did you mean {nearest}?")


def check_names(variables: Iterable[str]) -> None:
    """Does nothing where each variable that begins like a setting is one; raises UnknownSetting."""
    for name in sorted(variables):
        if name.upper().startswith(PREFIX) and name.upper() not in KNOWN:
            raise UnknownSetting(name)
