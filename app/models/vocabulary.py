"""Every fixed vocabulary of the domain: its wire values, what each means and where the terms come from.

Tables and schemas import the classes; `GET /v1/vocabulary` lists `VOCABULARIES`. Conversion between confidence scales
is in `app.assessments.scales`.
"""

import re
from enum import IntEnum, StrEnum
from typing import Any, ClassVar, Self


class Vocabulary:
    """What every vocabulary class carries: a name on the wire, an origin, and a meaning for each member.

    The origin is given where the class is declared, `class Stance(VocabularyEnum, origin="...")`; the docstring of the
    class is the vocabulary's description, in the vocabulary listing and in the OpenAPI file.
    """

    origin: ClassVar[str]
    wire_name: ClassVar[str]
    meaning: str

    def __init_subclass__(cls, *, origin: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.origin = origin
        cls.wire_name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class VocabularyEnum(Vocabulary, StrEnum):
    """A vocabulary of strings, its members declared as `NAME = "wire_value", "What it means."`."""

    # The default lets mypy accept a look-up by value, `Stance("denies")`; a test proves that no member lacks a meaning.
    def __new__(cls, value: str, meaning: str = "") -> Self:
        """The member of this value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class SourceKind(VocabularyEnum, origin="Onrecord, after STIX 2.1 identity-class-ov"):
    """What sort of thing a source is."""

    PERSON = "person", "One human being."
    GROUP = "group", "Several people spoken of together, their number perhaps unknown: 'multiple sources'."
    ORGANIZATION = "organization", "A body that speaks as one: a ministry, a company, a party."
    OUTLET = "outlet", "A publisher of reporting: a newspaper, broadcaster, agency or site."
    DOCUMENT = "document", "A record that itself makes the statement: a law, a filing, a leaked memo."
    DATASET = "dataset", "Structured data that itself makes the statement: a register, a census table."
    UNKNOWN = "unknown", "The reporting does not let one tell."


class Anonymity(VocabularyEnum, origin="Onrecord, after AP's rules on anonymous sources"):
    """How far the reporting identifies a source."""

    NAMED = "named", "The name is published."
    ANONYMOUS = "anonymous", "A source is spoken of but its name is withheld; no real name is kept."
    PSEUDONYMOUS = "pseudonymous", "A name is published that is not the source's own."
    UNATTRIBUTED = "unattributed", "No source is given at all; the outlet speaks in its own voice."


class Reliability(VocabularyEnum, origin="Admiralty/NATO system, STANAG 2511"):
    """How far a source can be trusted, rated apart from what it says on one occasion."""

    A = "A", "Completely reliable: no doubt of it, and a record of being right throughout."
    B = "B", "Usually reliable: slight doubt; right most of the time."
    C = "C", "Fairly reliable: some doubt; has been right before."
    D = "D", "Not usually reliable: considerable doubt; right now and then."
    E = "E", "Unreliable: a record of being wrong."
    F = "F", "Reliability cannot be judged: no basis for a rating, which is not a bad rating."


class Visibility(VocabularyEnum, origin="Onrecord"):
    """Which readers a record exists for."""

    PUBLIC = "public", "Whoever may read claims."
    INTERNAL = "internal", "Holders of the scope internal:read."
    RESTRICTED = "restricted", "Holders of the scope restricted:read; never in a list, count, feed or export of others."


class SourceRelationKind(
    VocabularyEnum,
    origin="Onrecord; same_as and distinct_from after OWL 2 sameAs and differentFrom, member_of after W3C ORG",
):
    """How one source stands to another."""

    SAME_AS = "same_as", "Both records are one source."
    POSSIBLY_SAME = "possibly_same", "Both records may be one source; nothing is decided."
    DISTINCT_FROM = "distinct_from", "The records are certainly two sources: 'another source' is not 'one source'."
    MEMBER_OF = "member_of", "The first belongs to the second, a group or organization."
    OWNED_BY = "owned_by", "The first is owned or controlled by the second."
    REPUBLISHES = "republishes", "The first carries the second's reporting, so it is no independent origin."


class PublishedBasis(VocabularyEnum, origin="Onrecord"):
    """What a document's date of publication rests on."""

    STATED = "stated", "The document prints it."
    INFERRED = "inferred", "Worked out from what the document mentions or where it was found."
    UNKNOWN = "unknown", "Not known what it rests on, or no date known."


class ClaimKind(VocabularyEnum, origin="Onrecord"):
    """What sort of statement a claim is, and so what could show it true or false."""

    EVENT = "event", "Something happened."
    QUANTITY = "quantity", "There were so many, or so much."
    ATTRIBUTE = "attribute", "Someone or something has a property or is in a state."
    CAUSAL = "causal", "One thing brought about, or was the reason for, another."
    INTENTION = "intention", "Someone means, wants or plans to do something."
    OPINION = "opinion", "A judgement of value, which facts alone do not settle."
    PREDICTION = "prediction", "Something will happen."
    REQUIREMENT = "requirement", "A law, order or agreement obliges someone to something."


class OccurredMode(VocabularyEnum, origin="Onrecord, said of an ISO 8601-2 (EDTF) expression"):
    """How what is claimed lies in the time given for it."""

    POINT_WITHIN = "point_within", "At some moment inside the time given, not for the whole of it."
    THROUGHOUT = "throughout", "For the whole of the time given."
    BEFORE = "before", "Earlier than the time given."
    AFTER = "after", "Later than the time given."
    RECURRING = "recurring", "Again and again within the time given."


class Resolution(VocabularyEnum, origin="Onrecord"):
    """How the words for a time became a date."""

    EXPLICIT = "explicit", "The words give the date in full."
    INFERRED = "inferred", "Part of the date was supplied from an anchor: 'last year' in an article of 2023."
    AMBIGUOUS = "ambiguous", "The words allow more than one date."
    UNRESOLVED = "unresolved", "No date has been worked out yet."


class UnitKind(VocabularyEnum, origin="Onrecord"):
    """What a quantity's unit measures."""

    COUNT = "count", "A number of people, things or events."
    CURRENCY = "currency", "An amount of money; the currency is an ISO 4217 code."
    DURATION = "duration", "A length of time."
    PERCENTAGE = "percentage", "So many of a hundred."
    RATIO = "ratio", "One amount for so much of another."
    OTHER = "other", "Any other unit: tonnes, kilometres, degrees."


class Per(VocabularyEnum, origin="Onrecord; the calendar units of ISO 8601-1"):
    """The period a rate is given for."""

    DAY = "day", "For each day."
    MONTH = "month", "For each month."
    YEAR = "year", "For each year."


class Approximation(VocabularyEnum, origin="Onrecord"):
    """How the words qualify a number."""

    EXACT = "exact", "The number stands without qualification."
    APPROXIMATE = "approximate", "Near the number, on either side: 'around', 'some', 'approximately'."
    AT_LEAST = "at_least", "The number or more."
    AT_MOST = "at_most", "The number or fewer."
    MORE_THAN = "more_than", "Above the number, which is itself excluded."
    LESS_THAN = "less_than", "Below the number, which is itself excluded."
    BETWEEN = "between", "From a low number to a high one."
    UNKNOWN = "unknown", "The words do not let one tell."


class Quantifier(VocabularyEnum, origin="Onrecord, after the quantifying words of English"):
    """A word for how many of a whole, where no number is given."""

    NONE_OF = "none_of", "Not one of them."
    FEW = "few", "A small number."
    SOME = "some", "At least one; not said to be all."
    SEVERAL = "several", "More than two, but not many."
    MANY = "many", "A large number."
    MOST = "most", "More than half."
    NEARLY_ALL = "nearly_all", "All with few exceptions."
    ALL = "all", "Every one of them."


class BoundsBasis(VocabularyEnum, origin="Onrecord"):
    """Who set the low and high of a quantity."""

    STATED = "stated", "The source gave them."
    DERIVED = "derived", "They follow from what was given by arithmetic or by the meaning of the words."
    ANALYST = "analyst", "We set them, by our own judgement."


class ClaimStatus(VocabularyEnum, origin="Onrecord"):
    """Where a claim's record stands."""

    DRAFT = "draft", "Being written; it may have no attribution yet."
    PUBLISHED = "published", "In use; it has at least one attribution."
    RETRACTED = "retracted", "Withdrawn by us for a stated reason, and kept."


class Stance(VocabularyEnum, origin="Onrecord"):
    """What a source does with the claim."""

    ASSERTS = "asserts", "Says that it is so."
    DENIES = "denies", "Says that it is not so."
    HINTS = "hints", "Lets it be understood without saying it."
    SPECULATES = "speculates", "Offers it as a possibility."
    DECLINES_TO_COMMENT = "declines_to_comment", "Was asked and would not answer."


class Speech(
    VocabularyEnum, origin="Reported-speech types of the PARC 3.0 attribution corpus; outlet_voice is Onrecord's"
):
    """In whose words the document gives the claim."""

    DIRECT = "direct", "The source's own words, in quotation marks."
    INDIRECT = "indirect", "The outlet's paraphrase of what the source said."
    MIXED = "mixed", "Part quotation, part paraphrase."
    OUTLET_VOICE = "outlet_voice", "The outlet states it itself and names no source."


class Terms(VocabularyEnum, origin="AP/NPR attribution terms"):
    """What the source and the reporter agreed about use and naming."""

    ON_THE_RECORD = "on_the_record", "May be used, and the source named."
    BACKGROUND = (
        "background",
        "May be published on agreed conditions, as a rule with a description in place of the name.",
    )
    DEEP_BACKGROUND = "deep_background", "May be used, but attributed to nobody, not even to an unnamed source."
    OFF_THE_RECORD = "off_the_record", "May not be published."
    UNSPECIFIED = "unspecified", "The document does not tell the terms."


class HopRole(VocabularyEnum, origin="Onrecord, in the sense of W3C PROV-O hadRole"):
    """What a source did in the chain that brought a statement to us."""

    ORIGINATOR = "originator", "Made the statement."
    INTERVIEWER = "interviewer", "Was told it directly and published it."
    OUTLET = "outlet", "Published it on its own reporting or quoted it from elsewhere."
    TRANSLATOR = "translator", "Put it into another language."
    RELAYER = "relayer", "Passed it on without publishing it."
    REPUBLISHER = "republisher", "Carried another's report without reporting of its own."
    WIRE_SERVICE = "wire_service", "Distributed it to many outlets."


class Credibility(Vocabulary, IntEnum, origin="Admiralty/NATO system, STANAG 2511"):
    """How credible one piece of information is, judged apart from the reliability of who gave it."""

    def __new__(cls, value: int, meaning: str = "") -> Self:
        """The member of this number."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    CONFIRMED = 1, "Confirmed by other, independent sources."
    PROBABLY_TRUE = 2, "Probably true: not confirmed, but it agrees with what else is known."
    POSSIBLY_TRUE = 3, "Possibly true: not confirmed; agrees with some of what else is known."
    DOUBTFUL = 4, "Doubtful: not confirmed; possible, with nothing else known on the matter."
    IMPROBABLE = 5, "Improbable: what else is known speaks against it."
    CANNOT_BE_JUDGED = 6, "Truth cannot be judged: no basis for a rating, so never a low confidence."


class ConfidenceScale(VocabularyEnum, origin="STIX 2.1 Appendix A; percent is STIX's own 0 to 100 (§3.2)"):
    """The scale a confidence was given in, before it was converted to 0 to 100."""

    ADMIRALTY_CREDIBILITY = "admiralty_credibility", "Admiralty credibility, 1 to 6."
    NONE_LOW_MED_HIGH = "none_low_med_high", "None, Low, Med or High."
    ZERO_TEN = "zero_ten", "A whole number from 0 to 10."
    WEP = "wep", "Words of estimative probability, from Impossible to Certain."
    DNI = "dni", "The scale of the US Director of National Intelligence, in pairs of terms."
    PERCENT = "percent", "A whole number from 0 to 100, taken as it is."


class Likelihood(VocabularyEnum, origin="ICD 203 §D.6.e(2)(a)"):
    """How likely an event is thought to be, in ICD 203's terms; never to be mixed with confidence (§D.6.e(2)(b))."""

    low_percent: int
    high_percent: int

    def __new__(cls, value: str, meaning: str = "", low_percent: int = 0, high_percent: int = 0) -> Self:
        """The member of this value, with the range of probability it stands for."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        member.low_percent = low_percent
        member.high_percent = high_percent
        return member

    ALMOST_NO_CHANCE = "almost_no_chance", "Almost no chance, or remote: 1 to 5 percent.", 1, 5
    VERY_UNLIKELY = "very_unlikely", "Very unlikely, or highly improbable: 5 to 20 percent.", 5, 20
    UNLIKELY = "unlikely", "Unlikely, or improbable: 20 to 45 percent.", 20, 45
    ROUGHLY_EVEN_CHANCE = "roughly_even_chance", "Roughly even chance, or roughly even odds: 45 to 55 percent.", 45, 55
    LIKELY = "likely", "Likely, or probable: 55 to 80 percent.", 55, 80
    VERY_LIKELY = "very_likely", "Very likely, or highly probable: 80 to 95 percent.", 80, 95
    ALMOST_CERTAIN = "almost_certain", "Almost certain, or nearly certain: 95 to 99 percent.", 95, 99


class Verdict(VocabularyEnum, origin="Onrecord, after the ratings fact-checkers publish as schema.org ClaimReview"):
    """What we find of a claim."""

    TRUE = "true", "Accurate, with nothing of weight missing."
    MOSTLY_TRUE = "mostly_true", "Accurate in the main; a detail is wrong or missing."
    MIXED = "mixed", "Partly accurate and partly not."
    MOSTLY_FALSE = "mostly_false", "Wrong in the main; an element of truth remains."
    FALSE = "false", "Not accurate."
    UNPROVEN = "unproven", "The evidence settles it neither way."
    OUT_OF_CONTEXT = "out_of_context", "Something real, presented as what it is not."
    SATIRE = "satire", "Made as a joke and not meant to be believed."
    NOT_CHECKABLE = "not_checkable", "Nothing could settle it: an opinion, or beyond any evidence."


class EvidenceRelation(VocabularyEnum, origin="CiTO (supports, refutes); context is Onrecord's"):
    """How a piece of evidence bears on the claim."""

    SUPPORTS = "supports", "Speaks for it."
    REFUTES = "refutes", "Speaks against it."
    CONTEXT = "context", "Helps to understand it and speaks neither way."


class ClaimRelationKind(
    VocabularyEnum,
    origin="Onrecord; part_of, supersedes after DCMI isPartOf, replaces; derived_from after W3C PROV-O wasDerivedFrom",
):
    """How one claim stands to another."""

    CORROBORATES = "corroborates", "The first makes the second more likely to be true."
    CONTRADICTS = "contradicts", "Both cannot be true."
    REFINES = "refines", "The first says the same more precisely."
    GENERALIZES = "generalizes", "The first says the same more broadly."
    PART_OF = "part_of", "What the first tells of is part of what the second tells of."
    DUPLICATES = "duplicates", "Both are the same statement, recorded twice."
    SUPERSEDES = "supersedes", "The first takes the place of the second."
    DERIVED_FROM = "derived_from", "The first was worked out from the second."
    CONTEXT_FOR = "context_for", "The first helps to understand the second and speaks neither for nor against it."


class RelationStatus(VocabularyEnum, origin="Onrecord"):
    """Whether someone has decided that two claims are so related."""

    SUGGESTED = "suggested", "Proposed, by a person or by the service; nobody has decided."
    CONFIRMED = "confirmed", "Decided: they are so related."
    REJECTED = "rejected", "Decided: they are not; remembered, so that it is not suggested again."


class LineStyle(VocabularyEnum, origin="Onrecord"):
    """How much of the way a line of attribution tells."""

    SHORT = "short", "The origin, who was told, and who published what we read."
    FULL = "full", "Every step, the date, the terms, the reason for anonymity, the source's hedge and the document."


class Withheld(VocabularyEnum, origin="AP/NPR attribution terms"):
    """Why there is no line of attribution to print."""

    OFF_THE_RECORD = "off_the_record", "The source spoke off the record: nothing of it may be published."


class SourcingWarning(VocabularyEnum, origin="Onrecord, after the Associated Press's rules on anonymous sources"):
    """What is to be minded about the sourcing of a claim."""

    SINGLE_SOURCE = "single_source", "It all comes from one origin, and that is not named."
    NO_SECOND_ORIGIN = "no_second_origin", "It may all come from one origin, and a source of it is not named."
    ORIGINS_MAY_COINCIDE = "origins_may_coincide", "Two origins count as two that may be the same people."
    OPINION = "opinion", "A source that is not named is used for an opinion, a prediction or speculation."
    TERMS_NOT_RECORDED = "terms_not_recorded", "A source is not named, and on what terms it spoke is not recorded."
    ANONYMITY_REASON_MISSING = "anonymity_reason_missing", "A source is not named, and why is not recorded."
    BARE_DESCRIPTION = "bare_description", "A source that is not named is described as no more than a source."
    DECLINED_WHILE_QUOTED = (
        "declined_while_quoted",
        "A source is said to have declined to comment, and is used without its name.",
    )
    RELIABILITY_NOT_JUDGED = "reliability_not_judged", "The reliability of a source that is not named is not judged."
    CIRCULAR_REPORTING = "circular_reporting", "The information comes back to where it started."
    DENIED = "denied", "Someone denies it."
    CONTRADICTS_AND_CORROBORATES = (
        "contradicts_and_corroborates",
        "It is recorded as contradicting a claim and as corroborating the same.",
    )
    DIRECT_SPEECH_WITHOUT_QUOTE = "direct_speech_without_quote", "Words are said to be quoted, and are not recorded."
    OUTLET_VOICE_ON_BACKGROUND = (
        "outlet_voice_on_background",
        "What an outlet says in its own voice has terms that only a source can set.",
    )
    NARROWS_UNNAMED_SOURCE = (
        "narrows_unnamed_source",
        "It tells the public something of a source that is not named, by which fewer stored sources can be meant.",
    )


class ChangeAction(VocabularyEnum, origin="Onrecord, after Activity Streams 2.0 (Create, Update, Delete)"):
    """What a write did to a resource."""

    CREATED = "created", "It came to be."
    UPDATED = "updated", "Some of it changed."
    RETRACTED = "retracted", "It was withdrawn for a stated reason, and kept."
    DELETED = "deleted", "It was removed."


class ResourceKind(VocabularyEnum, origin="Onrecord"):
    """What sort of resource a change was made to."""

    SOURCE = "source", "Someone or something that speaks."
    SOURCE_RELATION = "source_relation", "How one source stands to another."
    DOCUMENT = "document", "Something published, in which claims are read."
    CLAIM = "claim", "A statement, with its attributions and assessments."
    RELATION = "relation", "How one claim stands to another."
    KEY = "key", "A key to this API."


class Scope(VocabularyEnum, origin="Onrecord; scope tokens as in RFC 6749 §3.3"):
    """What the holder of an API key may do."""

    CLAIMS_READ = "claims:read", "Read public claims, and the sources and documents they name."
    CLAIMS_WRITE = "claims:write", "Record, change and retract claims, their attributions and relations."
    CLAIMS_ASSESS = "claims:assess", "Add assessments."
    CLAIMS_PUBLISH = (
        "claims:publish",
        "Bring a claim out to the public, or out sooner; who writes without it corrects what is out.",
    )
    SOURCES_WRITE = "sources:write", "Record and change sources, their ratings and relations."
    INTERNAL_READ = "internal:read", "Read what is internal as well."
    RESTRICTED_READ = "restricted:read", "Read what is restricted as well."
    IDENTITY_WRITE = "identity:write", "Store and erase sealed identities of sources, which the service cannot open."
    IDENTITY_READ = "identity:read", "Fetch sealed identities, each time for a stated reason that is recorded."
    CHANGES_READ = "changes:read", "Read the feed of changes; planned, no route asks for it yet."
    WEBHOOKS_MANAGE = "webhooks:manage", "Register, list and remove webhooks; planned, no route asks for it yet."
    IMPORT_RUN = "import:run", "Import many records at once; planned, no route asks for it yet."
    EXPORT_RUN = "export:run", "Export all that may be read; planned, no route asks for it yet."
    KEYS_MANAGE = "keys:manage", "Make, list, rotate and revoke API keys, and register custodians."
    AUDIT_READ = "audit:read", "Read who fetched which sealed identity and why, and who made which key."


class AuditAction(VocabularyEnum, origin="Onrecord"):
    """What an entry of the audit says was done."""

    IDENTITY_SEALED = "identity_sealed", "A sealed identity was stored for the source."
    IDENTITY_READ = "identity_read", "The sealed identity of the source was handed out."
    IDENTITY_ERASED = "identity_erased", "The sealed identity of the source was erased."
    CUSTODIAN_ADDED = "custodian_added", "A custodian was registered, to whom identities are sealed from then on."
    CUSTODIAN_RETIRED = "custodian_retired", "A custodian was retired; what was sealed to it stays open to it."
    RELATION_WITHDRAWN = (
        "relation_withdrawn",
        "A relation of the source was removed, since whoever named the source it stood to could not know of it.",
    )
    DOCUMENT_JOINED = (
        "document_joined",
        "Somebody who could not know of the document recorded its address: to the public that record stands for it.",
    )
    KEY_CREATED = "key_created", "An API key was made."
    KEY_ROTATED = "key_rotated", "An API key was made in the place of another, which expires."
    KEY_REVOKED = "key_revoked", "An API key was revoked."


VOCABULARIES: tuple[type[VocabularyEnum] | type[Credibility], ...] = (
    SourceKind,
    Anonymity,
    Reliability,
    Visibility,
    SourceRelationKind,
    PublishedBasis,
    ClaimKind,
    OccurredMode,
    Resolution,
    UnitKind,
    Per,
    Approximation,
    Quantifier,
    BoundsBasis,
    ClaimStatus,
    Stance,
    Speech,
    Terms,
    HopRole,
    Credibility,
    ConfidenceScale,
    Likelihood,
    Verdict,
    EvidenceRelation,
    ClaimRelationKind,
    RelationStatus,
    LineStyle,
    Withheld,
    SourcingWarning,
    ChangeAction,
    ResourceKind,
    AuditAction,
    Scope,
)
"""Every vocabulary, in the order of the domain: source, document, claim, attribution, assessment, relation, what to
print, change."""
