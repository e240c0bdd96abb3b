"""What is sent and read of API keys."""

from typing import Annotated, Final, Literal

from pydantic import Field

from app.canonical.replies import Page
from app.kit.networks import Network
from app.kit.paging import PageParameters
from app.kit.schemas import Day, Id, Instant, Name, Payload, Reading, example
from app.models.vocabulary import Scope

MAX_NETWORKS: Final = 20
KEY_ID = "019a9f0e-4a10-7c55-8e21-0a1b2c3d4e5f"


class KeyCreate(Payload):
    """A new key."""

    model_config = example(
        name="newsroom CMS",
        scopes=["claims:read", "claims:write"],
        networks=["192.0.2.0/24"],
        expires_at="2027-01-01T00:00:00Z",
    )

    name: Name = Field(description="Whose it is or what for.", examples=["newsroom CMS"])
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))] = Field(
        description="What it allows; no more than the key that makes it.", examples=[["claims:read", "claims:write"]]
    )
    networks: Annotated[list[Network], Field(max_length=MAX_NETWORKS)] = Field(
        default=[],
        description="CIDR blocks that it may be used from, each in its shortest form; from anywhere if left out. They "
        "lie within those of the key that makes it.",
        examples=[["192.0.2.0/24", "2001:db8::/32"]],
    )
    expires_at: Instant | None = Field(
        None,
        description="Until when it holds, which is no later than the key that makes it; for ever if left out.",
        examples=["2027-01-01T00:00:00Z"],
    )


class KeyRotate(Payload):
    """How a key is rotated."""

    model_config = example(old_expires_at="2026-11-24T12:00:00Z")

    expires_at: Instant | None = Field(
        None,
        description="Until when the new key holds; as long as the old one did before it was rotated if left out.",
        examples=["2027-01-01T00:00:00Z"],
    )
    old_expires_at: Instant | None = Field(
        None,
        description="Until when the old key holds as well: at most 30 days from now, and no longer than it would have; "
        "24 hours if left out.",
        examples=["2026-11-24T12:00:00Z"],
    )


class KeyRead(Reading):
    """A key, without its secret."""

    id: Id = Field(description="Id of the key.", examples=[KEY_ID])
    name: str = Field(description="Whose it is or what for.", examples=["newsroom CMS"])
    scopes: list[Scope] = Field(description="What it allows.", examples=[["claims:read", "claims:write"]])
    networks: list[str] = Field(
        description="CIDR blocks that it may be used from; none: from anywhere.", examples=[["192.0.2.0/24"]]
    )
    created_by: str | None = Field(
        description="Id of the key or the person that made it; null for one made at the server.", examples=[None]
    )
    replaces_id: str | None = Field(description="Id of the key in whose place it was made.", examples=[None])
    created_at: Instant = Field(description="When it was made.", examples=["2026-11-23T09:30:00.000000Z"])
    expires_at: Instant | None = Field(description="Until when it holds.", examples=[None])
    revoked_at: Instant | None = Field(description="When it was revoked.", examples=[None])
    last_used_on: Day | None = Field(
        description="The day, in UTC, on which it was last used; null where it never was.", examples=["2026-11-23"]
    )


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
