"""The route that explains every fixed vocabulary, the problems' codes and the scales of confidence among them."""

from typing import Final

from fastapi import Request, Response

from app.access.routing import OPEN, guarded_router
from app.access.units import Reply, answer
from app.assessments.scales import scale_values, to_confidence
from app.kit.problems import PROBLEMS
from app.models.vocabulary import VOCABULARIES, ConfidenceScale
from app.vocabulary.schemas import Term, VocabularyList, VocabularyRead

router = guarded_router("/vocabulary", "Vocabulary")


def _everything() -> VocabularyList:
    fixed = [
        VocabularyRead(
            name=vocabulary.wire_name,
            description=vocabulary.__doc__ or "",
            origin=vocabulary.origin,
            terms=[Term(value=term.value, meaning=term.meaning) for term in vocabulary],
        )
        for vocabulary in VOCABULARIES
    ]
    scales = [_scale(scale) for scale in ConfidenceScale if scale is not ConfidenceScale.PERCENT]
    problems = VocabularyRead(
        name="problem",
        description="Codes of the problems that a request can be answered with (RFC 9457).",
        origin="Onrecord; the statuses of RFC 9110 and RFC 6585",
        terms=[Term(value=problem.code, meaning=f"{problem.status}: {problem.title}") for problem in PROBLEMS],
    )
    return VocabularyList(items=[*fixed, *scales, problems])


def _scale(scale: ConfidenceScale) -> VocabularyRead:
    def meaning(value: str | int) -> str:
        number = to_confidence(scale, value)
        return "No confidence: it cannot be judged." if number is None else f"Confidence {number}."

    return VocabularyRead(
        name=f"confidence_{scale}",
        description=f"Values of the scale {scale}, and the confidence from 0 to 100 that each stands for.",
        origin="STIX 2.1 Appendix A",
        terms=[Term(value=value, meaning=meaning(value)) for value in scale_values(scale)],
    )


REPLY: Final = Reply(body=_everything().model_dump_json().encode())


@router.get("", response_model=VocabularyList, dependencies=[OPEN])
def list_vocabularies(request: Request) -> Response:
    """Explain every enumeration of the API: what each term means and where it comes from."""
    return answer(request, REPLY)
