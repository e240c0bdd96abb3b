"""Where the service may listen: on loopback, or anywhere if something in front of it speaks TLS."""

import ipaddress
import socket

from app.kit.refusals import Refusal
from app.settings import Settings


class ReachableInTheClear(Refusal):
    """The service would answer other machines, without TLS."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            "ONRECORD_HOST can be reached from other machines, and the service speaks no TLS: leave it at 127.0.0.1, "
            "or put a proxy that does in front and start with --behind-proxy (ONRECORD_BEHIND_PROXY=true)."
        )


class UnknownHost(Refusal):
    """The name that the service is to listen on stands for no address."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__("ONRECORD_HOST is neither an address nor a name that has one: leave it at 127.0.0.1.")


class NoSuchListening(Refusal):
    """The address cannot be listened on."""

    def __init__(self, settings: Settings, reason: str) -> None:
        """Takes the settings and the operating system's words."""
        super().__init__(
            f"Nothing can listen on {settings.host}, port {settings.port} ({reason}): end what does, or choose another "
            "with ONRECORD_HOST and ONRECORD_PORT."
        )


def check_address(settings: Settings) -> None:
    """Does nothing for a loopback address, or behind a proxy.

    Raises ReachableInTheClear for every other, and for a name that stands for one among others; UnknownHost for one
    that stands for none.
    """
    if not settings.behind_proxy and not all(_is_loopback(address) for address in _addresses(settings.host)):
        raise ReachableInTheClear


def listen(settings: Settings) -> socket.socket:
    """A socket that is bound to the address, and not listened on yet; raises NoSuchListening where that cannot be."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
    except OSError as error:
        bound.close()
        raise NoSuchListening(settings, error.strerror or type(error).__name__) from None
    bound.set_inheritable(True)
    return bound


def _addresses(host: str) -> list[str]:
    """Every address that the host stands for; an empty one stands for all of the machine."""
    if not host:
        return ["0.0.0.0", "::"]  # noqa: S104  # named, not bound
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # the second for a label that is too long
        raise UnknownHost from None
    return [str(address[0]) for *_, address in found]


def _is_loopback(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback
