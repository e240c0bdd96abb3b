"""What keeps the service from starting."""


class Refusal(Exception):
    """The service does not start like this. The words are one line: what is wrong, what to do, and never a secret."""
