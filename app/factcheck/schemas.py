"""What clients of Google's Fact Check Tools API (v1alpha1) send and read: names, forms and defaults are that API's."""

from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic.alias_generators import to_camel

from app.kit.codes import Language
from app.kit.paging import MAX_LIMIT
from app.kit.problems import RuleBroken
from app.kit.schemas import INTEGER_TEXT, Payload, Reading
from app.kit.urls import site_of

DEFAULT_PAGE_SIZE: Final = 10
INT32: Final = (1 << 31) - 1
"""The largest integer that Google's API takes."""
MAX_OFFSET: Final = 10_000
"""Claims that are stepped over one by one; further on, pages are followed by their token."""

Words = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"\S")]
Unread = Annotated[str, StringConstraints(max_length=1000)]
IGNORED: Final = "Taken and ignored."


class FactCheckQuestion(Payload):
    """Which fact-checked claims, and which page of them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    query: Words | None = Field(
        None,
        description="Words to find: the query language of `q` in `GET /v1/claims`. Required unless "
        "`reviewPublisherSiteFilter` is given.",
        examples=["workers Vladivostok"],
    )
    review_publisher_site_filter: Annotated[str, StringConstraints(min_length=1, max_length=2048)] | None = Field(
        None,
        description="The site that published the review, with or without `www.`; other reviews of the claim are left "
        "out.",
        examples=["example.org"],
    )
    language_code: Language | None = Field(
        None, description="The language of the claim, BCP 47. The region is not looked at.", examples=["en-US"]
    )
    max_age_days: Annotated[int, Field(ge=0, le=INT32), INTEGER_TEXT] | None = Field(
        None, description="Said or reviewed within so many days: the newer of the two counts.", examples=[365]
    )
    page_size: Annotated[int, Field(ge=0, le=INT32), INTEGER_TEXT] = Field(
        DEFAULT_PAGE_SIZE,
        description=f"Most claims on the page; {MAX_LIMIT} for anything above that, {DEFAULT_PAGE_SIZE} for 0.",
        examples=[10],
    )
    page_token: str | None = Field(
        None,
        max_length=1000,
        description="`nextPageToken` of the page before, with the same parameters.",
        examples=["WyIyMDI2LTExLTIzIl0K0tD5p1nJ0yYc7Q2mZ4hXw"],
    )
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET), INTEGER_TEXT] = Field(
        0,
        description=f"Claims to step over, at most {MAX_OFFSET:,}; only without `pageToken`. Whatever is recorded "
        "meanwhile moves it: to read everything, follow `pageToken`.",
        examples=[0],
    )
    alt: Literal["json"] = Field("json", description="The form of the answer.")
    key: Unread | None = Field(
        None,
        description="Taken and ignored: what stands in an address stands in logs. Send an API key in the "
        "`Authorization` header.",
        examples=["unused"],
    )
    fields: Unread | None = Field(
        None, description="Taken and ignored: the answer is always whole.", examples=["nextPageToken"]
    )
    pretty_print: Unread | None = Field(None, description=IGNORED, examples=["false"])
    quota_user: Unread | None = Field(None, description=IGNORED, examples=["desk"])
    xgafv: Unread | None = Field(None, alias="$.xgafv", description=IGNORED, examples=["2"])

    @field_validator("review_publisher_site_filter")
    @classmethod
    def _site(cls, given: str | None) -> str | None:
        if given is None:
            return None
        site = site_of(given if "://" in given else f"https://{given}")
        if site is None:
            raise RuleBroken("wrong_form", "Must be a site such as example.org.")
        return site

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.query is None and self.review_publisher_site_filter is None:
            raise RuleBroken("required", "Give `query`, `reviewPublisherSiteFilter` or both.", "query")
        return self

    @property
    def limit(self) -> int:
        """Most claims on the page."""
        return min(self.page_size or DEFAULT_PAGE_SIZE, MAX_LIMIT)

    @property
    def filter_text(self) -> str:
        """What is asked, as text that a page token is bound to."""
        asked = {"query", "review_publisher_site_filter", "language_code", "max_age_days"}
        return self.model_dump_json(include=asked)


class GoogleReading(Reading):
    """A reply in that API's spelling: what is unknown is left out, and never null."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Publisher(GoogleReading):
    """Who published a review."""

    name: str = Field(description="The assessor.", examples=["verification desk"])
    site: str | None = Field(
        None, description="The host in the review's address, without `www.`.", examples=["example.org"]
    )


class FactCheckReview(GoogleReading):
    """A published review of a claim: an assessment with an address and a verdict."""

    publisher: Publisher = Field(description="Who published it.")
    url: str = Field(description="Its address.", examples=["https://example.org/check/1"])
    title: str | None = Field(
        None,
        description="Its title, where the document at that address is recorded.",
        examples=["Did nine workers defect?"],
    )
    review_date: str = Field(description="When the assessment was made.", examples=["2026-11-23T09:30:00Z"])
    textual_rating: str = Field(
        description="The verdict in the reviewer's words; in ours, where there are none.", examples=["Mostly true"]
    )
    language_code: str | None = Field(
        None,
        description="The language of the document at that address, where it is recorded; else that of the claim.",
        examples=["en"],
    )


class FactCheckedClaim(GoogleReading):
    """A claim with its published reviews."""

    text: str = Field(description="The statement.", examples=["Nine workers defected."])
    claimant: str | None = Field(
        None,
        description="Who says so: the name of the source at the origin, or its description where it is anonymous or "
        "spoke on background. Left out where it spoke on deep background, where nothing may be said of it, and where "
        "the description, or what is printed beside it, tells a name that the terms keep out of print.",
        examples=["a source familiar with the situation"],
    )
    claim_date: str | None = Field(
        None,
        description="The day on which it was said; where that is not recorded, or it was said on deep background, on "
        "which it was published. Left out where no single day is known.",
        examples=["2023-01-31T00:00:00Z"],
    )
    claim_review: list[FactCheckReview] = Field(description="The reviews, the newest first.")


class FactCheckPage(GoogleReading):
    """One page of fact-checked claims."""

    claims: list[FactCheckedClaim] = Field(description="The claims, the newest recorded first.")
    next_page_token: str | None = Field(
        None, description="Send it as `pageToken` for the next page; left out on the last.", examples=["WyIwMTlhIl0"]
    )
