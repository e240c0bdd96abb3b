"""Routes for what watches over the service: is it alive, is it ready, what has it answered."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from app.access.context import context_of
from app.access.routing import OPEN, GuardedRoute, RestrictedReads
from app.follow_ups import queries
from app.health.readiness import database_is_current
from app.kit import metrics
from app.kit.problems import Unavailable
from app.kit.schemas import Reading

router = APIRouter(tags=["Service"], route_class=GuardedRoute)


class Health(Reading):
    """Whether the service is well."""

    status: str = Field(description="`ok`.", examples=["ok"])


@router.get("/healthz", response_model=Health, dependencies=[OPEN])
async def healthz() -> Health:
    """Tell that the process answers."""
    return Health(status="ok")


@router.get("/readyz", response_model=Health, dependencies=[OPEN])
async def readyz(request: Request) -> Health:
    """Tell that the database answers and its tables are of this version; 503 if not."""
    if not await database_is_current(request.app.state, context_of(request).database):
        raise Unavailable("The database's tables are of another version.")
    return Health(status="ok")


@router.get("/metrics", response_class=PlainTextResponse)
def show_metrics(reads: RestrictedReads) -> Response:
    """Count what this process has answered, by route and status, in Prometheus's text format.

    With it comes how much that follows writes is not done yet. Writes of what is hidden are counted too, so only those
    who may read it may read this.
    """
    with reads.context.database.reading() as session:
        waiting = queries.waiting(session, reads.context.clock())
    return Response(metrics.exposition(waiting=waiting), media_type=metrics.MEDIA_TYPE)
