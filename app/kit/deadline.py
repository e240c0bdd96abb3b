"""One deadline for a whole request: what the database does for it and what Python makes of that end by it.

It is set where a read or a write begins (`app.access.units`, `app.kit.db`). The database layer has SQLite interrupted
and gives PostgreSQL what is left of it; Python calls `check` in each loop whose length a caller decides.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from app.kit.problems import Problem

LOOK_EVERY_S: Final = 0.05
"""How late an interruption may come. Looking from another thread costs a statement nothing. SQLite's own handler waits
for the interpreter each time that it is called, every so many steps, of which one may search a megabyte."""


class Deadline:
    """When a request must be done: at an instant, and after so much of the processor, whichever comes first."""

    def __init__(self, seconds: float, over: type[Problem], *, processor_seconds: float = 0) -> None:
        """Begins now, in the thread that does the work. Takes the problem that is raised, and 0 for any processor."""
        self.over = over
        self.ends_at = time.monotonic() + seconds
        self._processor_ends_at = time.thread_time() + processor_seconds if processor_seconds else None
        self._thread = threading.get_ident()
        # Asked for here, in the thread itself: of one that has ended meanwhile it must not be asked.
        self._clock = time.pthread_getcpuclockid(self._thread) if hasattr(time, "pthread_getcpuclockid") else None
        self._interrupt: Callable[[], None] | None = None
        self._late_s = 0.0
        self._over_since: float | None = None
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        """Seconds until the instant, negative once it is past."""
        return self.ends_at - time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the instant is past, or the thread of the work has used what it may of the processor."""
        if time.monotonic() > self.ends_at:
            return True
        return self._processor_ends_at is not None and self._processor_time() > self._processor_ends_at

    def _processor_time(self) -> float:
        """What the thread of the work has used. Where a thread's clock cannot be read from another, that is nothing."""
        if threading.get_ident() == self._thread:
            return time.thread_time()
        if self._clock is None:
            return 0
        try:
            return time.clock_gettime(self._clock)
        except OSError:  # the thread has ended
            return 0

    def interrupts(self, interrupt: Callable[[], None] | None, *, late_s: float = 0) -> None:
        """Has `interrupt` called, by another thread and once, when the time is over; with None, nothing any more.

        Only so many seconds later where `late_s` says so.
        """
        with self._lock:
            self._interrupt, self._late_s = interrupt, late_s

    def interrupt_if_over(self) -> None:
        """Calls what is to be interrupted, where the time was over at the look before.

        Python, where it is at work, has found out by then: an interrupted connection can end with its transaction.
        """
        now = time.monotonic()
        with self._lock:
            if self._interrupt is not None and self._over_since is not None and now >= self._over_since + self._late_s:
                self._interrupt()
                self._interrupt = None
            if self._over_since is None and self.is_over:
                self._over_since = now


_current: Final[ContextVar[Deadline | None]] = ContextVar("deadline", default=None)


def current() -> Deadline | None:
    """The deadline of the request that is being answered, if it has one."""
    return _current.get()


@contextmanager
def within(seconds: float, over: type[Problem], *, processor_seconds: float = 0) -> Iterator[None]:
    """Bounds what is done in the block, which must stay in one thread. Does nothing for 0 seconds, or inside another.

    Raises `over`, in the block, from whatever looks at the deadline once it is over.
    """
    if not seconds or _current.get() is not None:
        yield
        return
    deadline = Deadline(seconds, over, processor_seconds=processor_seconds)
    token = _current.set(deadline)
    _watch.add(deadline)
    try:
        yield
    finally:
        _watch.remove(deadline)
        _current.reset(token)


@contextmanager
def apart() -> Iterator[None]:
    """Within it no deadline holds: for what comes after a commit, which cannot be taken back."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


def check() -> None:
    """Raises the problem of the request's deadline where that is over; takes a microsecond."""
    deadline = _current.get()
    if deadline is not None and deadline.is_over:
        raise deadline.over


class _Watch:
    """Looks at all deadlines of the process from one thread, as long as there are any."""

    def __init__(self) -> None:
        self._deadlines: set[Deadline] = set()
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, deadline: Deadline) -> None:
        with self._lock:
            self._deadlines.add(deadline)
            if self._thread is None or not self._thread.is_alive():  # none of a parent's threads lives on in a fork
                self._thread = threading.Thread(target=self._look, name="deadlines", daemon=True)
                self._thread.start()
            elif len(self._deadlines) == 1:
                self._lock.notify()

    def remove(self, deadline: Deadline) -> None:
        with self._lock:
            self._deadlines.discard(deadline)

    def _look(self) -> None:
        while True:
            with self._lock:
                while not self._deadlines:
                    self._lock.wait()
                deadlines = list(self._deadlines)
            for deadline in deadlines:
                deadline.interrupt_if_over()
            time.sleep(LOOK_EVERY_S)


_watch: Final = _Watch()
