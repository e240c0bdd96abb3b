"""Where a quotation stands in a document's text, or why it cannot be said to stand there.

A quotation is a W3C TextQuoteSelector (exact, prefix, suffix) with or without a TextPositionSelector (start, end), Web
Annotation Data Model §4.2.4 and §4.2.5. Offsets count code points, as §4.2.5 demands and as Python's strings do; end is
exclusive. Words are compared as they stand, without normalisation. Two rules are stricter than the standard's: a
quotation that fits several places is refused, not taken to mean them all, and one that fits none is never moved to the
nearest place, which is only reported. No message holds a word of the text or of the quotation.
"""

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

# An ambiguous quotation is answered with its first offsets, not with a million of them.
LISTED_OFFSETS = 10
# Two unrelated passages of one language are nearly half alike letter by letter, so less than this is no resemblance.
LEAST_SIMILARITY = 0.5
# rapidfuzz slides a quotation of one machine word along a million code points in a tenth of a second at worst; the time
# grows with the square of the length beyond that.
SLIDING_LENGTH = 64
# Longer quotations are placed by pieces of theirs that the text holds unchanged.
PIECES = 32
PIECE_LENGTH = 12
HITS_PER_PIECE = 4

# Characters that typesetting and copying exchange for one another, each with the plain one. All are one code point, so
# that offsets into the plain text are offsets into the text.
_PLAIN = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u00b4`",
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
    " ": "\t\n\r\u00a0\u2002\u2003\u2009\u200a\u202f\u3000",
}


@dataclass(frozen=True, slots=True)
class QuoteSpan:
    """A stretch of text in code points; `end` is exclusive."""

    start: int
    end: int


class QuoteFault(StrEnum):
    """Why a quotation was not found."""

    ABSENT = "absent"
    ELSEWHERE = "elsewhere"
    CONTEXT = "context"


class QuoteNotFound(ValueError):
    """The quotation does not stand where it is said to, or nowhere in the text.

    `fault` is absent (the exact words are not in the text), elsewhere (they are, but not at the place given) or context
    (they are, but not between the prefix and suffix given). `nearest_start` and `nearest_end` are the place to look at,
    both None where nothing is alike, and `similarity`, 0 to 1, how far its words agree.
    """

    def __init__(self, fault: QuoteFault, *, nearest: QuoteSpan | None, similarity: float) -> None:
        self.fault = fault
        self.nearest_start = nearest.start if nearest else None
        self.nearest_end = nearest.end if nearest else None
        self.similarity = similarity
        super().__init__(self._message(nearest))

    def _message(self, nearest: QuoteSpan | None) -> str:
        if nearest is None:
            return "The quotation is not in the document's text, and nothing like it is."
        place = f"{nearest.start} to {nearest.end}"
        if self.fault is QuoteFault.ELSEWHERE:
            return f"The quotation does not stand at the offsets given; its words stand at {place}."
        if self.fault is QuoteFault.CONTEXT:
            return f"The quotation stands at {place}, but not between the prefix and suffix given."
        # Rounded up, a passage that differs in one letter of a thousand would read as the same.
        alike = f"{min(self.similarity, 0.99):.2f}"
        return f"The quotation is not in the document's text; the nearest passage, {alike} alike, is at {place}."


class QuoteAmbiguous(ValueError):
    """The quotation fits several places equally well; `offsets` are the starts of the first ten."""

    def __init__(self, offsets: tuple[int, ...], *, more: bool) -> None:
        self.offsets = offsets
        self.more = more
        listed = ", ".join(str(offset) for offset in offsets) + (" and further on" if more else "")
        super().__init__(f"The quotation stands at several places, {listed}: a prefix, a suffix or offsets tell which.")


def locate_quote(
    text: str, exact: str, *, prefix: str | None, suffix: str | None, start: int | None, end: int | None
) -> QuoteSpan:
    """Where `exact` stands in `text`: at the offsets given, else at the one place between `prefix` and `suffix`.

    Whatever is given must hold: offsets do not excuse a prefix that is not there. One offset alone gives the other.
    Raises `QuoteNotFound` with the nearest place, `QuoteAmbiguous` if no offset is given and several places fit, and
    `ValueError` if `exact` is empty. In a text of 1,000,000 code points a quotation of 10,000 takes a few milliseconds
    where its words are found, and at worst some tenths of a second where they are not.
    """
    if not exact:
        raise ValueError("A quotation has at least one character.")
    quotation = _Quotation(exact, prefix or "", suffix or "")
    if start is not None:
        return _at_offsets(text, quotation, stated=QuoteSpan(start, start + len(exact) if end is None else end))
    if end is not None:
        return _at_offsets(text, quotation, stated=QuoteSpan(end - len(exact), end))
    return _between_surroundings(text, quotation)


def only_place(text: str, exact: str, *, prefix: str | None, suffix: str | None) -> QuoteSpan | None:
    """The one place in `text` where `exact` stands between `prefix` and `suffix`; None for none or several."""
    quotation = _Quotation(exact, prefix or "", suffix or "")
    places = _first_offsets(text, quotation.whole, limit=2)
    if len(places) != 1:
        return None
    start = places[0] + len(quotation.prefix)
    return QuoteSpan(start, start + len(exact))


@dataclass(frozen=True, slots=True)
class _Quotation:
    exact: str
    prefix: str
    suffix: str

    @property
    def whole(self) -> str:
        return self.prefix + self.exact + self.suffix


def _at_offsets(text: str, quotation: _Quotation, *, stated: QuoteSpan) -> QuoteSpan:
    whole = QuoteSpan(stated.start - len(quotation.prefix), stated.end + len(quotation.suffix))
    if _stands_at(text, quotation.exact, stated):
        if not _stands_at(text, quotation.whole, whole):
            raise QuoteNotFound(QuoteFault.CONTEXT, nearest=stated, similarity=1.0)
        return stated
    place = _occurrence_near(text, quotation.whole, near=whole.start)
    if place is None:
        raise _not_found(text, quotation.exact, near=stated.start, otherwise=QuoteFault.ELSEWHERE)
    start = place + len(quotation.prefix)
    nearest = QuoteSpan(start, start + len(quotation.exact))
    raise QuoteNotFound(QuoteFault.ELSEWHERE, nearest=nearest, similarity=1.0)


def _between_surroundings(text: str, quotation: _Quotation) -> QuoteSpan:
    places = _first_offsets(text, quotation.whole, limit=LISTED_OFFSETS + 1)
    starts = tuple(place + len(quotation.prefix) for place in places)
    if not starts:
        raise _not_found(text, quotation.exact, near=0, otherwise=QuoteFault.CONTEXT)
    if len(starts) > 1:
        raise QuoteAmbiguous(starts[:LISTED_OFFSETS], more=len(starts) > LISTED_OFFSETS)
    return QuoteSpan(starts[0], starts[0] + len(quotation.exact))


def _stands_at(text: str, words: str, span: QuoteSpan) -> bool:
    # A negative start would count from the end of the text.
    return span.start >= 0 and span.end - span.start == len(words) and text.startswith(words, span.start)


def _not_found(text: str, exact: str, *, near: int, otherwise: QuoteFault) -> QuoteNotFound:
    """The refusal for words that do not fit: `otherwise` if the exact words are somewhere in the text after all."""
    place = _occurrence_near(text, exact, near=near)
    if place is not None:
        return QuoteNotFound(otherwise, nearest=QuoteSpan(place, place + len(exact)), similarity=1.0)
    nearest = _nearest_passage(text, exact, near=near)
    similarity = Indel.normalized_similarity(exact, text[nearest.start : nearest.end]) if nearest else 0.0
    if similarity < LEAST_SIMILARITY:
        return QuoteNotFound(QuoteFault.ABSENT, nearest=None, similarity=0.0)
    return QuoteNotFound(QuoteFault.ABSENT, nearest=nearest, similarity=similarity)


def _first_offsets(text: str, words: str, *, limit: int) -> list[int]:
    offsets: list[int] = []
    place = text.find(words)
    while place >= 0 and len(offsets) < limit:
        offsets.append(place)
        place = text.find(words, place + 1)
    return offsets


def _occurrence_near(text: str, words: str, *, near: int) -> int | None:
    """The start of the occurrence closest to `near`, the earlier of two as close, or None."""
    near = min(max(near, 0), len(text))
    following = text.find(words, near)
    # str.rfind is quadratic at worst where str.find is linear, so the text before is searched reversed.
    reversed_start = text[::-1].find(words[::-1], max(len(text) - near - len(words), 0))
    preceding = len(text) - len(words) - reversed_start if reversed_start >= 0 else -1
    found = [place for place in (preceding, following) if place >= 0]
    return min(found, key=lambda place: abs(place - near)) if found else None


def _nearest_passage(text: str, exact: str, *, near: int) -> QuoteSpan | None:
    """The passage most like words that the text does not hold, or None."""
    plain_text, plain_exact = _plain(text), _plain(exact)
    place = _occurrence_near(plain_text, plain_exact, near=near)
    if place is not None:
        return QuoteSpan(place, place + len(exact))
    if len(exact) > SLIDING_LENGTH:
        return _passage_by_pieces(plain_text, plain_exact, near=near)
    alignment = fuzz.partial_ratio_alignment(plain_exact, plain_text, score_cutoff=LEAST_SIMILARITY * 100)
    return QuoteSpan(alignment.dest_start, alignment.dest_end) if alignment else None


def _plain(words: str) -> str:
    # str.replace one by one takes a millisecond for a million characters, str.translate forty.
    for plain, variants in _PLAIN.items():
        for variant in variants:
            words = words.replace(variant, plain)
    return words


@dataclass(frozen=True, slots=True, order=True)
class _Hit:
    """A piece of the quotation found in the text; `shift` is where the quotation would then start."""

    shift: int
    offset: int


def _passage_by_pieces(text: str, exact: str, *, near: int) -> QuoteSpan | None:
    """The passage in which most pieces of the quotation stand in about their places, or None if no piece is found."""
    last_offset = len(exact) - PIECE_LENGTH
    hits: list[_Hit] = []
    for offset in sorted({last_offset * number // (PIECES - 1) for number in range(PIECES)}):
        piece = exact[offset : offset + PIECE_LENGTH]
        hits += [_Hit(place - offset, offset) for place in _first_offsets(text, piece, limit=HITS_PER_PIECE)]
    if not hits:
        return None
    hits.sort()
    shifts = [hit.shift for hit in hits]
    # Insertions and deletions move the later pieces against the earlier ones, by up to a quarter of the quotation here.
    leeway = len(exact) // 4
    groups = [hits[first : bisect_right(shifts, hit.shift + leeway)] for first, hit in enumerate(hits)]
    best = max(groups, key=lambda group: (len({hit.offset for hit in group}), -abs(group[0].shift - near)))
    first, last = min(best, key=lambda hit: hit.offset), max(best, key=lambda hit: hit.offset)
    return QuoteSpan(max(first.shift, 0), min(last.shift + len(exact), len(text)))
