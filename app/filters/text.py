"""The query language of `q`: words, "phrases", OR between two of them, and - before what must not be there.

What users know from search engines and from PostgreSQL's websearch_to_tsquery. Nothing else is special: any other
character is a letter, a digit, or stands between words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.fulltext.index import Clause, Run, Term, TextQuery
from app.kit.problems import Invalid, invalid_parameter
from app.kit.words import is_prefix, variants

MOST_CHARACTERS: Final = 1_000
MOST_TERMS: Final = 32
"""Words and phrases of a query: each is several words to the index, one for each form that it may have there."""
ALTERNATIVE: Final = "OR"
PIECE: Final = re.compile(r'(?P<minus>-?)"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+)')
"""A phrase in quotation marks, of which the last may be missing, or what stands between spaces."""
QUOTATION_MARKS: Final = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\uff02", '"'))
"""What telephones make of quotation marks."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word or a phrase as it was typed."""

    text: str
    is_unwanted: bool
    is_quoted: bool

    @property
    def is_alternative(self) -> bool:
        """Whether it can be the OR between two others."""
        return self.text == ALTERNATIVE and not (self.is_quoted or self.is_unwanted)


def parse_text_query(text: str, *, parameter: str = "q") -> TextQuery:
    """The query; raises Invalid, naming the parameter, for one with no word that has to be there, or with too many."""
    if len(text) > MOST_CHARACTERS:
        raise invalid_parameter(parameter, "too_long", f"Must have at most {MOST_CHARACTERS} characters.")
    groups = list(_groups(list(_pieces(text))))
    if sum(map(len, groups)) > MOST_TERMS:
        raise invalid_parameter(parameter, "too_many_terms", f"Must have at most {MOST_TERMS} words and phrases.")
    clauses = tuple(map(_clause, groups))
    if all(clause.unwanted for clause in clauses):
        raise _nothing_to_search(parameter)
    return TextQuery(tuple(dict.fromkeys(clauses)))


def _nothing_to_search(parameter: str) -> Invalid:
    detail = "Must have a word or a phrase that has to be there: one with letters or digits, and no - before it."
    return invalid_parameter(parameter, "nothing_to_search", detail)


def _pieces(text: str) -> Iterator[_Piece]:
    """What is typed, without what has no letter or digit in it."""
    for found in PIECE.finditer(text.translate(QUOTATION_MARKS)):
        word = found["word"]
        is_unwanted = found["minus"] == "-" if word is None else word.startswith("-")
        piece = _Piece(found["phrase"] if word is None else word, is_unwanted, is_quoted=word is None)
        if variants(piece.text):
            yield piece


def _groups(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    """The pieces, those together that OR stands between. An OR with nothing on one of its sides is a word."""
    group: list[_Piece] = []
    joins = False
    for at, piece in enumerate(pieces):
        if group and not joins and piece.is_alternative and at + 1 < len(pieces):
            joins = True
            continue
        if group and not joins:
            yield group
            group = []
        group.append(piece)
        joins = False
    if group:
        yield group


def _clause(group: list[_Piece]) -> Clause:
    wanted, unwanted = (
        tuple(dict.fromkeys(_term(piece.text) for piece in group if piece.is_unwanted is minus))
        for minus in (False, True)
    )
    return Clause(wanted, unwanted)


def _term(text: str) -> Term:
    return Term(tuple(Run(tuple(tokens), goes_on=is_prefix(tokens[-1])) for tokens in variants(text)))
