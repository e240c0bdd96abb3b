"""What is sent and read of custodians and sealed identities."""

from importlib.resources import files
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.canonical.replies import Page
from app.canonical.schemas import SOURCE_ID
from app.identities.age import NoSuchKey, public_key
from app.identities.age_file import MAX_LENGTH, parse
from app.kit.paging import PageParameters
from app.kit.problems import RuleBroken
from app.kit.schemas import Id, Instant, Name, Payload, Reading, example
from app.models.identities import MAX_RECIPIENT_LENGTH

CUSTODIAN_ID = "019a9f0e-4a10-7c55-8e21-0a1b2c3d4e60"
OTHER_CUSTODIAN_ID = "019a9f0e-4a10-7c55-8e21-0a1b2c3d4e61"
RECIPIENT = "age19vzfg038qvm8lzaens2kst8l3ez3uyz9ev59cz0ageh5emn3jeqq6j457y"
MAX_CUSTODIANS = 50
SEALED_AT = "2026-11-23T09:30:00.000000Z"
SEALED_AT_TOLD = "When it was stored, or when the source came out for you if that was later."
SEALED = (files("app.identities") / "example.age").read_text("ascii")
"""Sealed to two keys that nobody has."""
ERASED_AT = "2027-02-01T10:00:00.000000Z"


def _recipient(value: str) -> str:
    """The key in its one spelling; raises RuleBroken for what is no X25519 recipient."""
    try:
        return public_key(value)
    except NoSuchKey:
        raise RuleBroken("not_a_recipient", "Must be an age X25519 recipient, age1...") from None


def _sealed(value: str) -> str:
    parse(value)
    return value


class CustodianCreate(Payload):
    """A new custodian."""

    model_config = example(name="standards editor", recipient=RECIPIENT)

    name: Name = Field(description="Who it is.", examples=["standards editor"])
    recipient: Annotated[
        str, StringConstraints(min_length=1, max_length=MAX_RECIPIENT_LENGTH), AfterValidator(_recipient)
    ] = Field(
        description="Their public key, an X25519 recipient of age: `onrecord custodian keygen` and `age-keygen` make "
        "one. The private key stays with them.",
        examples=[RECIPIENT],
    )


class CustodianRead(Reading):
    """A custodian: whoever holds the private key opens what is sealed to them."""

    id: Id = Field(description="Id of the custodian.", examples=[CUSTODIAN_ID])
    name: str = Field(description="Who it is.", examples=["standards editor"])
    recipient: str = Field(description="Their public key.", examples=[RECIPIENT])
    created_by: str | None = Field(description="Id of the caller who registered it.", examples=[None])
    created_at: Instant = Field(description="When it was registered.", examples=[SEALED_AT])
    retired_at: Instant | None = Field(
        description="From when on nothing is sealed to it any more. What was sealed to it before stays open to it.",
        examples=[None],
    )


class CustodianFilter(PageParameters):
    """In which order to list custodians."""

    sort: Literal["created_at", "-created_at"] = Field("created_at", description="By when they were registered.")


class CustodianPage(Page):
    """One page of custodians."""

    items: list[CustodianRead] = Field(description="The custodians, retired ones included.")


CustodianIds = Annotated[list[Id], Field(min_length=1, max_length=MAX_CUSTODIANS)]


class IdentitySeal(Payload):
    """Who a source is, sealed on the sender's machine. The service cannot open it."""

    model_config = example(sealed=SEALED, custodian_ids=[CUSTODIAN_ID, OTHER_CUSTODIAN_ID])

    sealed: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH), AfterValidator(_sealed)] = Field(
        description="An armored age file with one X25519 stanza for each custodian, its content padded to 4096 bytes. "
        "`onrecord seal` makes it. Nothing else is taken, least of all the identity itself.",
        examples=[SEALED],
    )
    custodian_ids: CustodianIds = Field(
        description="The custodians that it is sealed to: all that are not retired, each once.",
        examples=[[CUSTODIAN_ID, OTHER_CUSTODIAN_ID]],
    )

    @model_validator(mode="after")
    def _a_stanza_for_each(self) -> "IdentitySeal":
        if parse(self.sealed).recipients != len(self.custodian_ids):
            raise RuleBroken("wrong_recipients", "Must be sealed to as many keys as there are custodian_ids.", "sealed")
        return self


class IdentityRead(Reading):
    """A sealed identity."""

    source_id: Id = Field(description="Whose identity it is.", examples=[SOURCE_ID])
    sealed: str = Field(
        description="The armored age file: `onrecord unseal` opens it, or `age --decrypt`, with a custodian's key.",
        examples=[SEALED],
    )
    custodian_ids: list[Id] = Field(
        description="The custodians that whoever sealed it named. The service cannot check that their keys open it.",
        examples=[[CUSTODIAN_ID, OTHER_CUSTODIAN_ID]],
    )
    sealed_by: str | None = Field(description="Id of the caller who stored it.", examples=[None])
    sealed_at: Instant = Field(description=SEALED_AT_TOLD, examples=[SEALED_AT])


class RemainderRead(Reading):
    """A place where a copy of what was erased may be left."""

    where: Literal["backups", "database_files", "write_ahead_log", "replicas", "storage", "readers"] = Field(
        description="The place.", examples=["backups"]
    )
    detail: str = Field(
        description="What may be left there, and until when.",
        examples=["Copies of the database made from 2026-11-23T09:30:00Z to 2027-02-01T10:00:00Z hold it."],
    )


class ErasureRead(Reading):
    """What has become of a sealed identity that was erased, and where copies of it may be left."""

    source_id: Id = Field(description="Whose identity it was.", examples=[SOURCE_ID])
    first_sealed_at: Instant = Field(
        description="Since when copies of the database may hold it, or one before it.", examples=[SEALED_AT]
    )
    erased_at: Instant = Field(description="When it was erased.", examples=[ERASED_AT])
    overwritten: bool = Field(
        description="Whether the live database's own files are rid of it, as far as the database can tell. If not, the "
        "row is gone and its bytes may be left in them for a while.",
        examples=[True],
    )
    may_remain: list[RemainderRead] = Field(
        description="Where the service cannot reach. Whoever has such a copy needs a custodian's private key still.",
        examples=[[]],
    )


class IdentitySealed(Reading):
    """A sealed identity was stored."""

    source_id: Id = Field(description="Whose identity it is.", examples=[SOURCE_ID])
    custodian_ids: list[Id] = Field(description="The custodians named.", examples=[[CUSTODIAN_ID, OTHER_CUSTODIAN_ID]])
    sealed_by: str | None = Field(description="Id of the caller who stored it.", examples=[None])
    sealed_at: Instant = Field(description=SEALED_AT_TOLD, examples=[SEALED_AT])
    replaced: ErasureRead | None = Field(
        description="What has become of the one that was there before; null where there was none.", examples=[None]
    )
