"""The shape of the vocabulary."""

from pydantic import Field

from app.kit.schemas import Reading


class Term(Reading):
    """One term of a vocabulary."""

    value: str | int = Field(description="The term as it stands in JSON.", examples=["off_the_record"])
    meaning: str = Field(description="What it means.", examples=["May not be published."])


class VocabularyRead(Reading):
    """One vocabulary."""

    name: str = Field(description="Its name.", examples=["terms"])
    description: str = Field(description="What its terms say.", examples=["On what terms a source spoke."])
    origin: str = Field(description="Where the terms come from.", examples=["AP/NPR attribution terms"])
    terms: list[Term] = Field(description="The terms, in their own order.")


class VocabularyList(Reading):
    """Every vocabulary."""

    items: list[VocabularyRead] = Field(description="The vocabularies, in a fixed order.")
