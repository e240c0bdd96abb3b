"""Whether a text tells a name: in whatever form it stands there, and not where it only shares small words with it."""

import pytest

from app.canonical.telling import MOST_PARTS, Names

MATSEGORA = Names(["Aleksandr Matsegora", "Мацегора"])
SHORT = Names(["An Kim", "Xi Jinping", "Jan Duda"])


@pytest.mark.parametrize(
    "text",
    [
        "an aide of Matsegora's office",
        "Aleksandr, a diplomat",
        "somebody whom MATSEGORA trusts",
        "somebody whom mátsègorà trusts",
        "a pro-Matsegora official",
        "one of the Matsegoras",
        "an anti-matsegoraist",
        "Matse-gora's aide",
        "Matse\u00adgora's aide",
        "M a t s e g o r a",
        "помощник Мацегоры",
        "из окружения Мацегорой",
        "ein Berater Mazegoras",
        "a friend of A.M.",
        "a friend of A. M.",
        "AM's driver",
        "close to M.",
        "\uff4d\uff41\uff54\uff53\uff45\uff47\uff4f\uff52\uff41",
    ],
)
def test_a_name_is_told_in_any_form(text: str) -> None:
    assert MATSEGORA.are_told_by(text)


@pytest.mark.parametrize("text", ["a clerk", "A clerk of the ministry", "I, a source", "an official", "", "\u2013"])
def test_other_words_tell_nothing(text: str) -> None:
    assert not MATSEGORA.are_told_by(text)


@pytest.mark.parametrize(
    "text", ["Kim's aide", "two Kims", "Kimgate", "An's aide", "An official", "Xis Berater", "Dudy", "Dudowi", "JD"]
)
def test_a_short_name_is_told_by_words_that_begin_with_it(text: str) -> None:
    assert SHORT.are_told_by(text)


@pytest.mark.parametrize(
    "text", ["an official", "skimming", "in january", "exile", "taxi driver", "a kimberlite miner"]
)
def test_a_short_name_is_not_told_by_words_that_only_contain_it(text: str) -> None:
    assert not SHORT.are_told_by(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("王毅", "王部长的助手"),
        ("Wang Yi", "王毅的助手"),
        ("김정은", "김 위원장의 측근"),
        ("Mikhail Gorbachev", "einer, der Gorbatschow kennt"),
        ("Barack Obama", "an antiobamaist"),
        ("Ma", "Ma\u2019s driver"),
        ("Зеленський", "радник Зеленського"),
        ("Volodymyr Zelenskyy", "ein Berater Selenskyjs"),
        ("Krišjānis Kariņš", "Kariņa padomnieks"),
        ("Παπαδόπουλος", "an adviser to Papadopoulos"),
        ("Charles de Gaulle", "un proche du général de Gaulle"),
        ("bell hooks", "a pupil of hooks"),
        ("Ministry of Foreign Affairs", "an MFA official"),
        ("Department of Defense", "a DoD official"),
        ("Ministry of Defence", "a defence ministry"),
        ("Jean-Luc O'Brien", "O\u2019Brien\u2019s lawyer"),
        ("🦊", "a user called 🦊"),
        ("Channel 4", "a reporter of channel 4"),
    ],
)
def test_names_are_told_in_other_scripts_and_kinds(name: str, text: str) -> None:
    assert Names([name]).are_told_by(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Charles de Gaulle", "un membre de la délégation"),
        ("The Guardian", "The source"),
        ("Ministry of Defence", "a member of the cabinet"),
        ("Will May", "who may and will testify"),
    ],
)
def test_small_words_of_a_name_tell_nothing(name: str, text: str) -> None:
    assert not Names([name]).are_told_by(text)


def test_what_is_known_may_be_told_and_what_it_stands_for_may_not() -> None:
    names = Names(["Maria Ivanova"], known=["Maria"])
    assert not names.are_told_by("Maria, a nurse")
    assert names.are_told_by("Maria, Ivanova's daughter")


def test_of_more_names_than_can_be_looked_for_any_text_tells() -> None:
    names = [f"zk{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(26 * 26)]
    most = [f"{name}{end}" for name in names for end in "xz"][:MOST_PARTS]
    assert not Names(most).are_told_by("a source")
    assert Names([*most, "zkzzzz"]).are_told_by("a source")


def test_without_names_nothing_is_told() -> None:
    assert not Names([]).are_told_by("Aleksandr Matsegora")
