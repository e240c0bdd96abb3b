"""Counts and times of answers by route, for Prometheus. Only routes' templates are labels: a path can name a source."""

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
NO_ROUTE: Final = "none"
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

registry: Final = CollectorRegistry()
_answers: Final = Counter(
    "onrecord_http_requests", "Requests answered.", ["method", "route", "status"], registry=registry
)
_durations: Final = Histogram(
    "onrecord_http_request_duration_seconds",
    "Time from a request's first byte to its answer's last.",
    ["method", "route"],
    buckets=SECONDS,
    registry=registry,
)
_waiting: Final = Gauge(
    "onrecord_follow_ups_waiting",
    "What follows committed writes, in the whole database, and is due and not done.",
    registry=registry,
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})


def known_method(method: str) -> str:
    """The method, or `other` for one that HTTP does not have: it could be any word."""
    return method if method in _METHODS else "other"


def count_answer(method: str, route: str | None, status: int | None, seconds: float) -> None:
    """Counts one answer. A method that HTTP does not have, and a path that is no route's, are one label each."""
    known = known_method(method)
    _answers.labels(known, route or NO_ROUTE, str(status)).inc()
    _durations.labels(known, route or NO_ROUTE).observe(seconds)


def exposition(*, waiting: int) -> bytes:
    """Everything counted by this process, and how many follow-ups wait, in Prometheus's text format."""
    _waiting.set(waiting)
    return generate_latest(registry)
