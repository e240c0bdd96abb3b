"""HTTP as uvicorn reads it, with one difference: what it refuses by itself is answered with a problem document too."""

from fastapi import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.kit.ids import random_id
from app.kit.problems import BadRequest, problem_response

UNREADABLE = "It is not HTTP, or its address is longer than 65,535 bytes."


class ProblemProtocol(HttpToolsProtocol):
    """One connection. A request that cannot be parsed never reaches the app, whose problems are made there."""

    def send_400_response(self, msg: str) -> None:
        """Answers what cannot be parsed, and closes the connection; uvicorn's own words are left out."""
        own_id = random_id()
        state = {"request_id": own_id, "instance": f"urn:uuid:{own_id}"}
        request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "state": state})
        response = problem_response(request, BadRequest(UNREADABLE, headers={"Connection": "close"}))
        headers = [*response.raw_headers, (b"x-request-id", own_id.encode())]
        lines = [STATUS_LINE[400], *(b"%b: %b\r\n" % header for header in headers), b"\r\n"]
        self.transport.write(b"".join(lines) + bytes(response.body))
        self.transport.close()
