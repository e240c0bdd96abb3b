"""What can be counted of claims, and the counts as they are read."""

from typing import Annotated, Literal

from pydantic import Field

from app.canonical.claim_schemas import Included
from app.filters.schemas import SourcedQuestion
from app.kit.schemas import INTEGER_TEXT, Flag, Reading

FacetField = Literal[
    "topic",
    "verdict",
    "kind",
    "status",
    "country",
    "unit",
    "terms",
    "anonymity",
    "reliability",
    "source_id",
    "outlet_id",
    "document_id",
]


class FacetFilter(SourcedQuestion):
    """Which claims to count, and by what."""

    field: Annotated[list[FacetField], Field(min_length=1, max_length=12)] = Field(
        description="What to count by; in the sense of the filter of that name. Sources, their anonymity and their "
        "reliability are those of the originators.",
        examples=[["topic", "verdict"]],
    )
    limit: Annotated[int, Field(ge=1, le=100), INTEGER_TEXT] = Field(
        20, description="Most values of each field.", examples=[20]
    )
    include_total: Flag = Field(False, description="Whether to count all the claims as well.", examples=[False])


class FacetValue(Reading):
    """One value, and how many of the claims have it."""

    value: str = Field(description="The value, as the filter of that name takes it.", examples=["defection"])
    claims: int = Field(description="How many of the claims have it, each counted once.", examples=[12])


class Facet(Reading):
    """The values of one field, those of the most claims first; of as many claims, in the order of their characters."""

    field: FacetField = Field(description="What was counted by.", examples=["topic"])
    values: list[FacetValue] = Field(description="Its values. A claim can have several, and then counts for each.")
    truncated: bool = Field(description="Whether there are more values than `limit`.", examples=[False])
    missing: int = Field(description="How many of the claims have no such value.", examples=[3])


class Facets(Reading):
    """Counts of the claims that meet every filter, by each field asked for."""

    facets: list[Facet] = Field(description="One for each field, in the order asked for.")
    total: int | None = Field(None, description="How many claims there are, with `include_total=true`.", examples=[22])
    included: Included = Field(description="The sources and documents that values are the ids of.")
