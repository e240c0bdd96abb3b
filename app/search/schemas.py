"""What is asked of "Said before?", and what it answers."""

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, StringConstraints

from app.canonical.claim_schemas import ClaimListed, Included, Snippet
from app.canonical.schemas import RelationRead
from app.kit.codes import Language
from app.kit.problems import RuleBroken
from app.kit.schemas import INTEGER_TEXT, JSON_NUMBER, Integer, Paragraph, Payload, Reading, example

DEFAULT_THRESHOLD: Final = 0.3
"""Of the tweets of CheckThat! 2022 whose best claim scores so much it is a right one for 90 %."""
DEFAULT_LIMIT: Final = 10
MOST_MATCHES: Final = 50

THRESHOLD: Final = (
    "The least score. Of tweets whose best claim scored 0.3, 0.4 or 0.5 it was the right one for 90, 96 and 98 % "
    "(CheckThat! 2022, English)."
)
SCORE: Final = (
    "How much of what the text says the claim says, by its words and their order: 1 is the same words in the same "
    "order. It knows words, not their meaning: what is denied, and what another number is given for, may score high."
)
"""How scores are made is told in docs/decisions/matching.md."""

MatchCursor = Annotated[str, StringConstraints(max_length=1000)]
CURSOR: Final = "Where to go on: `next_cursor` of the reply before, with all else the same."
CURSOR_EXAMPLE: Final = "WyIwMTlhOWYwZSJd0K0tD5p1nJ0yYc7Q2mZ4hXw"
NEXT_CURSOR: Final = (
    "Send it as `cursor` for the rest of the claims, where they are together longer than 1 MiB; null on the last."
)


def _number_text(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", value):
        raise RuleBroken("wrong_type", "Must be a number.")
    return value


class MatchRequest(Payload):
    """A text to look for."""

    model_config = example(
        text="BREAKING: nine #NorthKorean workers defect from Russia, source says", language="en", threshold=0.3
    )

    text: Paragraph = Field(
        description="What somebody says: a post, a sentence of a draft, a claim. Of a long text the first 100 words.",
        examples=["Nine North Korean workers defected from Russia, source says"],
    )
    language: Language | None = Field(
        None,
        description="Its language, BCP 47. Without it words are read as English, or as the first language of their "
        "script, and find fewer of the inflected words of another.",
        examples=["en"],
    )
    threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), JSON_NUMBER] = Field(
        DEFAULT_THRESHOLD, description=THRESHOLD, examples=[0.3]
    )
    limit: Annotated[Integer, Field(ge=1, le=MOST_MATCHES)] = Field(
        DEFAULT_LIMIT, description="Most claims to give.", examples=[10]
    )
    cursor: MatchCursor | None = Field(None, description=CURSOR, examples=[CURSOR_EXAMPLE])


class SimilarParameters(Payload):
    """Which claims that are like one."""

    threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), BeforeValidator(_number_text)] = Field(
        DEFAULT_THRESHOLD, description=THRESHOLD, examples=[0.3]
    )
    limit: Annotated[int, Field(ge=1, le=MOST_MATCHES), INTEGER_TEXT] = Field(
        DEFAULT_LIMIT, description="Most claims to give.", examples=[10]
    )
    cursor: MatchCursor | None = Field(None, description=CURSOR, examples=[CURSOR_EXAMPLE])


class MatchRead(Reading):
    """A claim that says what was asked for, and how well."""

    claim: ClaimListed = Field(description="The claim. A retracted one is found too; its `status` says so.")
    score: float = Field(description=SCORE, examples=[0.71], ge=0, le=1)
    snippets: list[Snippet] = Field(
        description="The statement, and titles of documents about this claim alone, that words of the text stand in, "
        "with where they stand."
    )


class Matches(Reading):
    """The claims that say what a text says, and what their ids stand for."""

    items: list[MatchRead] = Field(description="The claims, the best first, at the most as many as asked for.")
    next_cursor: str | None = Field(description=NEXT_CURSOR, examples=[None])
    included: Included = Field(description="The sources and documents that the claims name, each once.")


class SimilarRead(MatchRead):
    """A claim that says what another says, how well, and how the two are recorded to stand to each other."""

    relations: list[RelationRead] = Field(
        description="The relations recorded between the two, from either side, rejected ones too; the oldest first."
    )


class SimilarClaims(Reading):
    """The claims that say what a claim says, and what their ids stand for."""

    items: list[SimilarRead] = Field(description="The claims, the best first, without the claim itself.")
    next_cursor: str | None = Field(description=NEXT_CURSOR, examples=[None])
    included: Included = Field(description="The sources and documents that the claims name, each once.")
