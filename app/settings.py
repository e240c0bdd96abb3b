"""Settings of the service: environment variables named `ONRECORD_*`, each with a default that works."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

MIN_PEPPER_CHARACTERS = 32
"""A pepper shorter than this is refused: `openssl rand -hex 32` gives 64 characters."""


class Settings(BaseSettings):
    """What the operator may choose; read once at start."""

    model_config = SettingsConfigDict(env_prefix="ONRECORD_", extra="ignore", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Field(
        Path("var"), description="Where the SQLite file, the first key and the pepper are kept; made if absent."
    )
    database_url: str | None = Field(
        None,
        description="SQLAlchemy URL, `postgresql+psycopg://...` in production; a SQLite file in the data directory.",
    )
    host: str = Field("127.0.0.1", description="Address that the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port that the server listens on; 0 takes a free one.")
    workers: int = Field(1, ge=1, le=64, description="Processes that serve; more than one needs PostgreSQL.")
    public_read: bool = Field(False, description="Whether what is public may be read without a key.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least severe level logged.")
    max_body_bytes: int = Field(1_048_576, ge=1024, description="Longest request body accepted, in bytes.")
    pepper: SecretStr | None = Field(
        None,
        min_length=MIN_PEPPER_CHARACTERS,
        description="Secret that keys and cursors are hashed with; made in the data directory if absent. Hosts that "
        "share a database must share it.",
    )

    @property
    def url(self) -> str:
        """The database's URL: the one set, or a SQLite file in the data directory."""
        return self.database_url or f"sqlite:///{self.data_dir / 'onrecord.sqlite3'}"
