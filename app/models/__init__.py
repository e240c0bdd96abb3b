"""Every table and every fixed vocabulary; nothing else.

Tables stand together because they are one graph. They hold no relationships: what hangs on a row is read by a query.
"""

from app.models.access import ApiKey, AuditEntry, Fingerprint, StoredReply
from app.models.claims import (
    Assessment,
    Attribution,
    Claim,
    ClaimEntry,
    ClaimStanding,
    ClaimTopic,
    Evidence,
    Hop,
    Quantity,
    Relation,
    RemovedAttribution,
)
from app.models.documents import Document
from app.models.follow_ups import FollowUp, FollowUpKind
from app.models.history import Change, Rendition
from app.models.identities import Custodian, SealedIdentity
from app.models.search import SearchText
from app.models.sources import Source, SourceRating, SourceRelation

__all__ = [
    "ApiKey",
    "Assessment",
    "Attribution",
    "AuditEntry",
    "Change",
    "Claim",
    "ClaimEntry",
    "ClaimStanding",
    "ClaimTopic",
    "Custodian",
    "Document",
    "Evidence",
    "Fingerprint",
    "FollowUp",
    "FollowUpKind",
    "Hop",
    "Quantity",
    "Relation",
    "RemovedAttribution",
    "Rendition",
    "SealedIdentity",
    "SearchText",
    "Source",
    "SourceRating",
    "SourceRelation",
    "StoredReply",
]
