"""Text that reads as it is written: nothing in it is invisible, steers a terminal, or turns the direction of writing.

People tell by such text whom they trust and why something was done: names of keys and custodians, who assessed or
decided, reasons for access. What a source said is kept as it was said, and is not measured by this.
"""

import re
from typing import Final
from unicodedata import bidirectional, category, combining

HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ufff9-\ufffb"
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Control characters, separators of lines and paragraphs and interlinear annotation; then what has the property
Default_Ignorable_Code_Point (Unicode 17, DerivedCoreProperties.txt): what turns the direction of writing, joins or
separates without a glyph, fills, selects variants, and the tags, by which a text can carry another unseen; and the
Braille sign without a dot, which is no space to any program."""
ZWNJ: Final = "\u200c"
"""Keeps Arabic letters apart; they join by themselves, so that the other joiner between them is not seen."""
JOINERS: Final = f"{ZWNJ}\u200d"
VARIATIONS: Final = "\ufe0e\ufe0f"
"""Text and emoji style of the character before."""
VIRAMA: Final = 9
"""The canonical combining class after which a joiner shapes what follows, in Indian scripts (RFC 5892 A.1, A.2)."""
TONES_OF_SKIN: Final = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"


def plain(text: str, *, keep: str = "") -> str:
    """The text with U+FFFD in place of each character that hides; those to `keep` are left as they are.

    Joiners stay where letters need them, in Persian or Hindi, and in emoji; so do the variants of emoji.
    """

    def shown(found: re.Match[str]) -> str:
        return found[0] if found[0] in keep or _shapes(text, found.start()) else "\N{REPLACEMENT CHARACTER}"

    return HIDDEN.sub(shown, text)


def is_plain(text: str) -> bool:
    """Whether the text reads as it is written."""
    return plain(text) == text


def _shapes(text: str, at: int) -> bool:
    """Whether what stands there shapes its neighbours in a way that is seen."""
    before, after = text[at - 1] if at else " ", text[at + 1] if at + 1 < len(text) else " "
    if text[at] in VARIATIONS:
        return _is_picture(before)
    if text[at] not in JOINERS:
        return False
    if _is_picture(after):
        return _is_picture(before) or before in VARIATIONS
    keeps_apart = text[at] == ZWNJ and bidirectional(before) == bidirectional(after) == "AL"
    return combining(before) == VIRAMA or keeps_apart


def _is_picture(character: str) -> bool:
    """Whether it is an emoji or another symbol of its category, or the tone of an emoji's skin."""
    return category(character) == "So" or character in TONES_OF_SKIN
