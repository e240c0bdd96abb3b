"""The vocabularies carry exactly the wire values of the design, each with its meaning and origin."""

import copy
import pickle

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.models import vocabulary
from app.models.vocabulary import (
    VOCABULARIES,
    Anonymity,
    Credibility,
    Likelihood,
    Reliability,
    Vocabulary,
    VocabularyEnum,
)

AnyVocabulary = type[VocabularyEnum] | type[Credibility]

# Written as the design writes them (DESIGN section 2), by wire name and in the order of the vocabulary listing.
WIRE_VALUES: dict[str, str] = {
    "source_kind": "person group organization outlet document dataset unknown",
    "anonymity": "named anonymous pseudonymous unattributed",
    "reliability": "A B C D E F",
    "visibility": "public internal restricted",
    "source_relation_kind": "same_as possibly_same distinct_from member_of owned_by republishes",
    "published_basis": "stated inferred unknown",
    "claim_kind": "event quantity attribute causal intention opinion prediction requirement",
    "occurred_mode": "point_within throughout before after recurring",
    "resolution": "explicit inferred ambiguous unresolved",
    "unit_kind": "count currency duration percentage ratio other",
    "per": "day month year",
    "approximation": "exact approximate at_least at_most more_than less_than between unknown",
    "quantifier": "none_of few some several many most nearly_all all",
    "bounds_basis": "stated derived analyst",
    "claim_status": "draft published retracted",
    "stance": "asserts denies hints speculates declines_to_comment",
    "speech": "direct indirect mixed outlet_voice",
    "terms": "on_the_record background deep_background off_the_record unspecified",
    "hop_role": "originator interviewer outlet translator relayer republisher wire_service",
    "credibility": "1 2 3 4 5 6",
    "confidence_scale": "admiralty_credibility none_low_med_high zero_ten wep dni percent",
    "likelihood": "almost_no_chance very_unlikely unlikely roughly_even_chance likely very_likely almost_certain",
    "verdict": "true mostly_true mixed mostly_false false unproven out_of_context satire not_checkable",
    "evidence_relation": "supports refutes context",
    "claim_relation_kind": (
        "corroborates contradicts refines generalizes part_of duplicates supersedes derived_from context_for"
    ),
    "relation_status": "suggested confirmed rejected",
    "line_style": "short full",
    "withheld": "off_the_record",
    "sourcing_warning": (
        "single_source no_second_origin origins_may_coincide opinion terms_not_recorded anonymity_reason_missing "
        "bare_description declined_while_quoted reliability_not_judged circular_reporting denied "
        "contradicts_and_corroborates direct_speech_without_quote outlet_voice_on_background "
        "narrows_unnamed_source"
    ),
    "change_action": "created updated retracted deleted",
    "resource_kind": "source source_relation document claim relation key",
    "audit_action": "identity_sealed identity_read identity_erased custodian_added custodian_retired "
    "relation_withdrawn document_joined key_created key_rotated key_revoked",
    "scope": "claims:read claims:write claims:assess claims:publish sources:write internal:read restricted:read "
    "identity:write identity:read changes:read webhooks:manage import:run export:run keys:manage audit:read",
}

# ICD 203 §D.6.e(2)(a), percent.
LIKELIHOOD_RANGES = {
    "almost_no_chance": (1, 5),
    "very_unlikely": (5, 20),
    "unlikely": (20, 45),
    "roughly_even_chance": (45, 55),
    "likely": (55, 80),
    "very_likely": (80, 95),
    "almost_certain": (95, 99),
}


def wire_name(vocabulary_class: AnyVocabulary) -> str:
    return vocabulary_class.wire_name


every_vocabulary = pytest.mark.parametrize("vocabulary_class", VOCABULARIES, ids=wire_name)


def test_vocabularies_are_listed_with_the_design_s_wire_values_in_order() -> None:
    listed = {item.wire_name: " ".join(str(member.value) for member in item) for item in VOCABULARIES}

    assert list(listed.items()) == list(WIRE_VALUES.items())


def test_no_vocabulary_of_the_module_is_left_out_of_the_list() -> None:
    declared = {
        item
        for item in vars(vocabulary).values()
        if isinstance(item, type) and issubclass(item, Vocabulary) and getattr(item, "__members__", None)
    }

    assert declared == set(VOCABULARIES)


@every_vocabulary
def test_vocabulary_carries_origin_description_and_a_meaning_of_its_own_for_each_member(
    vocabulary_class: AnyVocabulary,
) -> None:
    meanings = [member.meaning for member in vocabulary_class]

    assert vocabulary_class.origin
    assert (vocabulary_class.__doc__ or "").endswith(".")
    assert all(meaning.endswith(".") for meaning in meanings)
    assert len(set(meanings)) == len(meanings)


@every_vocabulary
def test_member_passes_pydantic_by_value_and_the_schema_shows_the_values(vocabulary_class: AnyVocabulary) -> None:
    adapter: TypeAdapter[VocabularyEnum | Credibility] = TypeAdapter(vocabulary_class)
    values = [member.value for member in vocabulary_class]

    assert [adapter.validate_python(value) for value in values] == list(vocabulary_class)
    assert [adapter.dump_python(member, mode="json") for member in vocabulary_class] == values
    assert adapter.json_schema()["enum"] == values
    assert adapter.json_schema()["description"] == vocabulary_class.__doc__


@every_vocabulary
def test_member_survives_copying_and_pickling(vocabulary_class: AnyVocabulary) -> None:
    for member in vocabulary_class:
        assert copy.deepcopy(member) is member
        assert pickle.loads(pickle.dumps(member)) is member


class Rated(BaseModel):
    anonymity: Anonymity
    reliability: Reliability
    credibility: Credibility


def test_model_with_vocabularies_reads_and_writes_wire_values() -> None:
    wire = '{"anonymity":"anonymous","reliability":"F","credibility":6}'

    rated = Rated.model_validate_json(wire)

    assert rated == Rated(anonymity=Anonymity.ANONYMOUS, reliability=Reliability.F, credibility=Credibility(6))
    assert rated.model_dump_json() == wire


@pytest.mark.parametrize(
    ("anonymity", "reliability", "credibility"),
    [
        ("ANONYMOUS", "F", 6),
        ("anonymous", "f", 6),
        ("anonymous", "F", 0),
        ("anonymous", "F", 7),
        ("The name is published.", "F", 6),
    ],
)
def test_value_outside_a_vocabulary_is_refused(anonymity: str, reliability: str, credibility: int) -> None:
    with pytest.raises(ValidationError):
        Rated.model_validate({"anonymity": anonymity, "reliability": reliability, "credibility": credibility})


def test_member_prints_as_its_wire_value() -> None:
    assert f"{Anonymity.NAMED}" == "named"
    assert f"{Credibility.CONFIRMED}" == "1"


def test_likelihood_carries_the_ranges_of_icd_203() -> None:
    assert {member.value: (member.low_percent, member.high_percent) for member in Likelihood} == LIKELIHOOD_RANGES


def test_likelihood_meaning_states_its_range() -> None:
    for member in Likelihood:
        assert member.meaning.endswith(f": {member.low_percent} to {member.high_percent} percent.")
