"""The ledger: sources, documents, claims with all that hangs on them, their documents and history, and keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("secret_digest", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("secret_digest", name=op.f("uq_api_key_secret_digest")),
    )
    op.create_table(
        "change",
        sa.Column("resource_id", sa.String(length=36), nullable=False),
        sa.Column("audience", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "source",
                "source_relation",
                "document",
                "claim",
                "relation",
                "key",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "action",
            sa.Enum(
                "created",
                "updated",
                "retracted",
                "deleted",
                name="action",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.CheckConstraint("audience BETWEEN 0 AND 2", name=op.f("ck_change_audience")),
        sa.PrimaryKeyConstraint("resource_id", "audience", "version", name=op.f("pk_change")),
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("statement", sa.String(length=10000), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "event",
                "quantity",
                "attribute",
                "causal",
                "intention",
                "opinion",
                "prediction",
                "requirement",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("place_name", sa.String(length=500), nullable=True),
        sa.Column("place_country", sa.String(length=2), nullable=True),
        sa.Column("place_latitude", sa.Float(), nullable=True),
        sa.Column("place_longitude", sa.Float(), nullable=True),
        sa.Column("occurred_verbatim", sa.String(length=500), nullable=True),
        sa.Column("occurred_edtf", sa.String(length=200), nullable=True),
        sa.Column("occurred_earliest_day", sa.BigInteger(), nullable=True),
        sa.Column("occurred_latest_day", sa.BigInteger(), nullable=True),
        sa.Column(
            "occurred_mode",
            sa.Enum(
                "point_within",
                "throughout",
                "before",
                "after",
                "recurring",
                name="occurred_mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("occurred_anchor_on", sa.Date(), nullable=True),
        sa.Column(
            "occurred_resolution",
            sa.Enum(
                "explicit",
                "inferred",
                "ambiguous",
                "unresolved",
                name="occurred_resolution",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "visibility",
            sa.Enum(
                "public",
                "internal",
                "restricted",
                name="visibility",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("embargo_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "draft", "published", "retracted", name="status", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("retraction_reason", sa.String(length=10000), nullable=True),
        sa.Column("retracted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'retracted') = (retracted_at IS NOT NULL)", name=op.f("ck_claim_retracted_with_reason")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
    )
    op.create_index(op.f("ix_claim_recorded_at_id"), "claim", ["recorded_at", "id"], unique=False)

    op.create_table(
        "rendition",
        sa.Column("resource_id", sa.String(length=36), nullable=False),
        sa.Column("first_audience", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_audience", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "source",
                "source_relation",
                "document",
                "claim",
                "relation",
                "key",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("embargo_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "0 <= first_audience AND first_audience <= last_audience AND last_audience <= 2",
            name=op.f("ck_rendition_audiences"),
        ),
        sa.PrimaryKeyConstraint("resource_id", "first_audience", name=op.f("pk_rendition")),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "person",
                "group",
                "organization",
                "outlet",
                "document",
                "dataset",
                "unknown",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "anonymity",
            sa.Enum(
                "named",
                "anonymous",
                "pseudonymous",
                "unattributed",
                name="anonymity",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=500), nullable=True),
        sa.Column("description", sa.String(length=500), nullable=True),
        sa.Column("role", sa.String(length=500), nullable=True),
        sa.Column("organization_id", sa.String(length=36), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("same_as", sa.Text(), nullable=False),
        sa.Column("member_count_min", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("member_count_max", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column(
            "reliability",
            sa.Enum(
                "A", "B", "C", "D", "E", "F", name="reliability", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "visibility",
            sa.Enum(
                "public",
                "internal",
                "restricted",
                name="visibility",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("embargo_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "name IS NULL OR anonymity IN ('named', 'pseudonymous')", name=op.f("ck_source_no_name_when_anonymous")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["source.id"], name=op.f("fk_source_organization_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
    )
    op.create_index(op.f("ix_source_organization_id"), "source", ["organization_id"], unique=False)
    op.create_index(op.f("ix_source_recorded_on_id"), "source", ["recorded_on", "id"], unique=False)

    op.create_table(
        "assessment",
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attribution_id", sa.String(length=36), nullable=True),
        sa.Column("assessor", sa.String(length=500), nullable=False),
        sa.Column("credibility", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("confidence", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("confidence_given", sa.Text(), nullable=False),
        sa.Column(
            "likelihood",
            sa.Enum(
                "almost_no_chance",
                "very_unlikely",
                "unlikely",
                "roughly_even_chance",
                "likely",
                "very_likely",
                "almost_certain",
                name="likelihood",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "verdict",
            sa.Enum(
                "true",
                "mostly_true",
                "mixed",
                "mostly_false",
                "false",
                "unproven",
                "out_of_context",
                "satire",
                "not_checkable",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("rating_label", sa.String(length=500), nullable=True),
        sa.Column("rationale", sa.String(length=10000), nullable=True),
        sa.Column("review_url", sa.String(length=2048), nullable=True),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supersedes_id", sa.String(length=36), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("confidence BETWEEN 0 AND 100", name=op.f("ck_assessment_confidence")),
        sa.CheckConstraint("credibility BETWEEN 1 AND 6", name=op.f("ck_assessment_credibility")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_assessment_claim_id_claim")),
        sa.PrimaryKeyConstraint("claim_id", "id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("claim_id", "supersedes_id", name=op.f("uq_assessment_claim_id_supersedes_id")),
    )
    op.create_table(
        "claim_topic",
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("topic", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_topic_claim_id_claim")),
        sa.PrimaryKeyConstraint("claim_id", "position", name=op.f("pk_claim_topic")),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=True),
        sa.Column("canonical_url", sa.String(length=2048), nullable=True),
        sa.Column("archive_url", sa.String(length=2048), nullable=True),
        sa.Column("title", sa.String(length=1000), nullable=True),
        sa.Column("byline", sa.String(length=500), nullable=True),
        sa.Column("outlet_id", sa.String(length=36), nullable=True),
        sa.Column("published", sa.String(length=200), nullable=True),
        sa.Column("published_earliest_day", sa.BigInteger(), nullable=True),
        sa.Column("published_latest_day", sa.BigInteger(), nullable=True),
        sa.Column(
            "published_basis",
            sa.Enum(
                "stated",
                "inferred",
                "unknown",
                name="published_basis",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("accessed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("text_sha256", sa.String(length=64), nullable=True),
        sa.Column(
            "visibility",
            sa.Enum(
                "public",
                "internal",
                "restricted",
                name="visibility",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("embargo_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["outlet_id"], ["source.id"], name=op.f("fk_document_outlet_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("canonical_url", "visibility", name=op.f("uq_document_canonical_url_visibility")),
    )
    op.create_index(op.f("ix_document_outlet_id"), "document", ["outlet_id"], unique=False)
    op.create_index(op.f("ix_document_recorded_at_id"), "document", ["recorded_at", "id"], unique=False)

    op.create_table(
        "quantity",
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("verbatim", sa.String(length=500), nullable=True),
        sa.Column("best", sa.String(length=80), nullable=True),
        sa.Column("low", sa.String(length=80), nullable=True),
        sa.Column("high", sa.String(length=80), nullable=True),
        sa.Column("unit", sa.String(length=200), nullable=True),
        sa.Column(
            "unit_kind",
            sa.Enum(
                "count",
                "currency",
                "duration",
                "percentage",
                "ratio",
                "other",
                name="unit_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column(
            "per",
            sa.Enum("day", "month", "year", name="per", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column(
            "approximation",
            sa.Enum(
                "exact",
                "approximate",
                "at_least",
                "at_most",
                "more_than",
                "less_than",
                "between",
                "unknown",
                name="approximation",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "quantifier",
            sa.Enum(
                "none_of",
                "few",
                "some",
                "several",
                "many",
                "most",
                "nearly_all",
                "all",
                name="quantifier",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("part_of", sa.String(length=500), nullable=True),
        sa.Column(
            "bounds_basis",
            sa.Enum(
                "stated",
                "derived",
                "analyst",
                name="bounds_basis",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_quantity_claim_id_claim")),
        sa.PrimaryKeyConstraint("claim_id", "position", name=op.f("pk_quantity")),
    )
    op.create_table(
        "relation",
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("other_claim_id", sa.String(length=36), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "corroborates",
                "contradicts",
                "refines",
                "generalizes",
                "part_of",
                "duplicates",
                "supersedes",
                "derived_from",
                "context_for",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "suggested",
                "confirmed",
                "rejected",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("note", sa.String(length=10000), nullable=True),
        sa.Column("decided_by", sa.String(length=500), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("claim_id <> other_claim_id", name=op.f("ck_relation_two_claims")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_relation_claim_id_claim")),
        sa.ForeignKeyConstraint(["other_claim_id"], ["claim.id"], name=op.f("fk_relation_other_claim_id_claim")),
        sa.PrimaryKeyConstraint("claim_id", "id", name=op.f("pk_relation")),
        sa.UniqueConstraint(
            "claim_id", "other_claim_id", "kind", name=op.f("uq_relation_claim_id_other_claim_id_kind")
        ),
    )
    op.create_index(op.f("ix_relation_other_claim_id"), "relation", ["other_claim_id"], unique=False)

    op.create_table(
        "source_rating",
        sa.Column("source_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column(
            "reliability",
            sa.Enum(
                "A", "B", "C", "D", "E", "F", name="reliability", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("rated_on", sa.Date(), nullable=False),
        sa.Column("assessor", sa.String(length=500), nullable=True),
        sa.Column("rationale", sa.String(length=10000), nullable=True),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_source_rating_source_id_source")),
        sa.PrimaryKeyConstraint("source_id", "position", name=op.f("pk_source_rating")),
    )
    op.create_table(
        "source_relation",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("source_id", sa.String(length=36), nullable=False),
        sa.Column("other_id", sa.String(length=36), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "same_as",
                "possibly_same",
                "distinct_from",
                "member_of",
                "owned_by",
                "republishes",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(length=10000), nullable=True),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.CheckConstraint("source_id <> other_id", name=op.f("ck_source_relation_two_sources")),
        sa.ForeignKeyConstraint(["other_id"], ["source.id"], name=op.f("fk_source_relation_other_id_source")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_source_relation_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_relation")),
        sa.UniqueConstraint("source_id", "other_id", "kind", name=op.f("uq_source_relation_source_id_other_id_kind")),
    )
    op.create_index(op.f("ix_source_relation_other_id"), "source_relation", ["other_id"], unique=False)

    op.create_table(
        "stored_reply",
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("key_digest", sa.String(length=64), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_stored_reply_key_id_api_key")),
        sa.PrimaryKeyConstraint("key_id", "key_digest", name=op.f("pk_stored_reply")),
    )
    op.create_index(op.f("ix_stored_reply_created_at"), "stored_reply", ["created_at"], unique=False)

    op.create_table(
        "attribution",
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column(
            "stance",
            sa.Enum(
                "asserts",
                "denies",
                "hints",
                "speculates",
                "declines_to_comment",
                name="stance",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "speech",
            sa.Enum(
                "direct",
                "indirect",
                "mixed",
                "outlet_voice",
                name="speech",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("cue", sa.String(length=500), nullable=True),
        sa.Column("hedge", sa.String(length=500), nullable=True),
        sa.Column(
            "terms",
            sa.Enum(
                "on_the_record",
                "background",
                "deep_background",
                "off_the_record",
                "unspecified",
                name="terms",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("anonymity_reason", sa.String(length=10000), nullable=True),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("said", sa.String(length=200), nullable=True),
        sa.Column("said_earliest_day", sa.BigInteger(), nullable=True),
        sa.Column("said_latest_day", sa.BigInteger(), nullable=True),
        sa.Column("audience", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_attribution_claim_id_claim")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_attribution_document_id_document")),
        sa.PrimaryKeyConstraint("claim_id", "id", name=op.f("pk_attribution")),
    )
    op.create_index(op.f("ix_attribution_document_id"), "attribution", ["document_id"], unique=False)

    op.create_table(
        "evidence",
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("assessment_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "relation",
            sa.Enum(
                "supports", "refutes", "context", name="relation", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("document_id", sa.String(length=36), nullable=True),
        sa.Column("url", sa.String(length=2048), nullable=True),
        sa.Column("note", sa.String(length=10000), nullable=True),
        sa.CheckConstraint("(document_id IS NULL) <> (url IS NULL)", name=op.f("ck_evidence_document_or_url")),
        sa.ForeignKeyConstraint(
            ["claim_id", "assessment_id"],
            ["assessment.claim_id", "assessment.id"],
            name=op.f("fk_evidence_claim_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_evidence_document_id_document")),
        sa.PrimaryKeyConstraint("claim_id", "assessment_id", "position", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_document_id"), "evidence", ["document_id"], unique=False)

    op.create_table(
        "hop",
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("attribution_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "originator",
                "interviewer",
                "outlet",
                "translator",
                "relayer",
                "republisher",
                "wire_service",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("source_id", sa.String(length=36), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["claim_id", "attribution_id"],
            ["attribution.claim_id", "attribution.id"],
            name=op.f("fk_hop_claim_id_attribution_id_attribution"),
        ),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_hop_document_id_document")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_hop_source_id_source")),
        sa.PrimaryKeyConstraint("claim_id", "attribution_id", "position", name=op.f("pk_hop")),
    )
    op.create_index(op.f("ix_hop_document_id"), "hop", ["document_id"], unique=False)
    op.create_index(op.f("ix_hop_source_id_claim_id"), "hop", ["source_id", "claim_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_hop_source_id_claim_id"), table_name="hop")
    op.drop_index(op.f("ix_hop_document_id"), table_name="hop")

    op.drop_table("hop")
    op.drop_index(op.f("ix_evidence_document_id"), table_name="evidence")

    op.drop_table("evidence")
    op.drop_index(op.f("ix_attribution_document_id"), table_name="attribution")

    op.drop_table("attribution")
    op.drop_index(op.f("ix_stored_reply_created_at"), table_name="stored_reply")

    op.drop_table("stored_reply")
    op.drop_index(op.f("ix_source_relation_other_id"), table_name="source_relation")

    op.drop_table("source_relation")
    op.drop_table("source_rating")
    op.drop_index(op.f("ix_relation_other_claim_id"), table_name="relation")

    op.drop_table("relation")
    op.drop_table("quantity")
    op.drop_index(op.f("ix_document_recorded_at_id"), table_name="document")
    op.drop_index(op.f("ix_document_outlet_id"), table_name="document")

    op.drop_table("document")
    op.drop_table("claim_topic")
    op.drop_table("assessment")
    op.drop_index(op.f("ix_source_recorded_on_id"), table_name="source")
    op.drop_index(op.f("ix_source_organization_id"), table_name="source")

    op.drop_table("source")
    op.drop_table("rendition")
    op.drop_index(op.f("ix_claim_recorded_at_id"), table_name="claim")

    op.drop_table("claim")
    op.drop_table("change")
    op.drop_table("api_key")
