"""What reads as it is written, and what hides in a text."""

import sys
from unicodedata import category

import pytest

from app.kit.visible import is_plain, plain


@pytest.mark.parametrize(
    "text",
    [
        "verification desk",
        "Редакция проверки",
        "검증 데스크",
        "نشرة الأخبار",
        "می\u200cخواهم",  # noqa: RUF001  # not mistaken for Latin letters
        "क्\u200dष",
        "क्\u200cष",
        "❤\ufe0f desk",
        "👩\u200d💻 and 👩🏽\u200d🚀",
        "🏳\ufe0f\u200d🌈",
        "e\u0301quipe",
    ],
)
def test_text_of_every_script_is_plain(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "a\u202eb",  # turns the direction of writing
        "a\u2066b",
        "a\u200fb",
        "a\u061cb",
        "a\u200bb",  # separates or joins without a glyph
        "a\u2060b",
        "a\ufeffb",
        "a\u00adb",
        "a\u034fb",
        "a\u2063b",
        "a\u3164b",  # fills
        "\u2800\u2800",
        "a\u115fb",
        "a\uffa0b",
        "a\u180eb",
        "a\U000e0041b",  # tags
        "a\U000e0001b",
        "a\U000e0100b",  # variants of what has none
        "a\ufe0fb",
        "desk\ufe0f",
        "de\u200csk",  # joiners where nothing is joined
        "de\u200dsk",
        "新\u200d闻",
        "^\ufe0f`\ufe0e",  # variants of what is no picture
        "^\u200d`",
        "\u0628\u200d\u0628",  # joins letters that are joined
        "\u200dabc",
        "می\u200c",
        "a\x1b[2Jb",  # steers a terminal
        "a\x9bb",
        "a\nb",
        "a\u2028b",
        "a\ufff9b",
    ],
)
def test_what_hides_is_found_and_shown(text: str) -> None:
    assert not is_plain(text)
    assert "\ufffd" in plain(text)


def test_every_control_and_format_character_hides_but_those_that_have_a_glyph() -> None:
    seen = {each for each in map(chr, range(sys.maxunicode + 1)) if category(each) in {"Cc", "Cf", "Zl", "Zp"}}
    shown = {each for each in seen if is_plain(f"a{each}b")}
    # Signs of numbers, verses and abbreviations in Arabic, Syriac, Kaithi and Egyptian, which have glyphs of their own.
    assert {f"{ord(each):04X}" for each in shown} <= {
        *("0600", "0601", "0602", "0603", "0604", "0605", "06DD", "070F", "0890", "0891", "08E2", "110BD", "110CD"),
        *(f"{point:X}" for point in range(0x13430, 0x13440)),
    }


def test_what_is_to_be_kept_is_kept() -> None:
    assert plain("a\nb\tc\x00", keep="\n\t") == "a\nb\tc\ufffd"
