"""Problems as clients of Google's APIs read them: ours, with one member more."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from app.access.routing import GuardedRoute
from app.kit.problems import Invalid, Problem, field_errors

STATUSES: Final = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    422: "INVALID_ARGUMENT",
    503: "UNAVAILABLE",
}
"""Names of Google's canonical codes (google.rpc.Code) by the HTTP status that we answer with."""


class GoogleRoute(GuardedRoute):
    """A guarded route whose problems also have the member `error` of Google's APIs (AIP-193).

    Google's client libraries print its message; without one they say no more than the status.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of a guarded route, with its problems told twice."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                problem: Problem = Invalid(errors=field_errors(error.errors()))
            except Problem as raised:
                problem = raised
            problem.members = {**problem.members, "error": google_error(problem)}
            raise problem

        return answer


def google_error(problem: Problem) -> dict[str, Any]:
    """The problem as AIP-193 has it: its status as number and as name, and a message for people."""
    said = [f"{each.parameter}: {each.detail}" for each in problem.errors]
    return {
        "code": problem.status,
        "message": " ".join(said) or problem.detail,
        "status": STATUSES.get(problem.status, "UNKNOWN"),
    }
