"""What is sent and read of API keys."""

from typing import Annotated, Literal

from pydantic import Field

from app.canonical.replies import Page
from app.kit.paging import PageParameters
from app.kit.schemas import Id, Instant, Line, Payload, Reading, example
from app.models.vocabulary import Scope

KEY_ID = "019a9f0e-4a10-7c55-8e21-0a1b2c3d4e5f"


class KeyCreate(Payload):
    """A new key."""

    model_config = example(
        name="newsroom CMS", scopes=["claims:read", "claims:write"], expires_at="2027-01-01T00:00:00Z"
    )

    name: Annotated[Line, Field(max_length=200)] = Field(
        description="Whose it is or what for.", examples=["newsroom CMS"]
    )
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))] = Field(
        description="What it allows; no more than the key that makes it.", examples=[["claims:read", "claims:write"]]
    )
    expires_at: Instant | None = Field(
        None, description="Until when it holds; for ever if left out.", examples=["2027-01-01T00:00:00Z"]
    )


class KeyRead(Reading):
    """A key, without its secret."""

    id: Id = Field(description="Id of the key.", examples=[KEY_ID])
    name: str = Field(description="Whose it is or what for.", examples=["newsroom CMS"])
    scopes: list[Scope] = Field(description="What it allows.", examples=[["claims:read", "claims:write"]])
    created_by: str | None = Field(
        description="Id of the key that made it; null for one made at the server.", examples=[None]
    )
    created_at: Instant = Field(description="When it was made.", examples=["2026-11-23T09:30:00.000000Z"])
    expires_at: Instant | None = Field(description="Until when it holds.", examples=[None])
    revoked_at: Instant | None = Field(description="When it was revoked.", examples=[None])


class KeyCreated(KeyRead):
    """A new key with its secret."""

    key: str | None = Field(
        description="The secret, shown this once: null when the request is repeated with its Idempotency-Key.",
        examples=["onr_mRZ0w0m3n6iUuP1x9cT8YJ5b2oVtq4eHdGkLsAaBbCc"],
    )


class KeyFilter(PageParameters):
    """In which order to list keys."""

    sort: Literal["created_at", "-created_at"] = Field("-created_at", description="By when they were made.")


class KeyPage(Page):
    """One page of keys."""

    items: list[KeyRead] = Field(description="The keys, revoked ones included.")
