"""What is read of the audit."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.canonical.replies import Page
from app.kit.paging import PageParameters
from app.kit.problems import RuleBroken
from app.kit.schemas import Id, Instant, Reading
from app.models.vocabulary import AuditAction

ENTRY_ID = "019a9f0e-4a10-7c55-8e21-0a1b2c3d4e5f"
KEY_ID = "019a9f0e-4a10-7c55-8e21-5f4e3d2c1b0a"


class AuditRead(Reading):
    """One thing done with what is most secret."""

    id: Id = Field(description="Id of the entry.", examples=[ENTRY_ID])
    action: AuditAction = Field(description="What was done.", examples=["key_created"])
    subject_id: str = Field(description="Id of the source, custodian or key that it was done with.", examples=[KEY_ID])
    actor_id: str | None = Field(
        description="Id of the key or the person who did it; null for whoever runs the server.", examples=[None]
    )
    actor_name: str | None = Field(
        description="Name of that key; null for a person, who signed on elsewhere, and for whoever runs the server.",
        examples=[None],
    )
    reason: str | None = Field(description="Why, where a reason was asked for.", examples=[None])
    recorded_at: Instant = Field(description="When it was done.", examples=["2026-11-23T09:30:00.000000Z"])


class AuditFilter(PageParameters):
    """Which entries of the audit: those that meet every filter that is given. Of several actions, one is enough."""

    action: Annotated[list[AuditAction], Field(max_length=len(AuditAction))] = Field(
        default=[], description="What was done.", examples=[["identity_read"]]
    )
    subject_id: Id | None = Field(
        None, description="The source, custodian or key that it was done with.", examples=[KEY_ID]
    )
    actor_id: Id | None = Field(None, description="The key or the person who did it.", examples=[KEY_ID])
    recorded_from: Instant | None = Field(
        None, description="Done at that instant or later.", examples=["2026-11-01T00:00:00Z"]
    )
    recorded_to: Instant | None = Field(
        None, description="Done at that instant or earlier.", examples=["2026-11-30T23:59:59Z"]
    )
    sort: Literal["recorded_at", "-recorded_at"] = Field(
        "-recorded_at", description="By when it was done; with `-` the last comes first."
    )

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.recorded_from is not None and self.recorded_to is not None and self.recorded_from > self.recorded_to:
            raise RuleBroken("reversed_range", "Must not be above recorded_to.", "recorded_from")
        return self


class AuditPage(Page):
    """One page of the audit."""

    items: list[AuditRead] = Field(description="The entries that there are for you.")
