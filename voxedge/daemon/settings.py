"""What ``voxedge serve`` needs to know before it listens: addresses, TLS, clients; from ``[daemon]``.

The keys themselves are in `voxedge.sections.DaemonConfig`, with the other sections.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from voxedge.config import Config, DaemonConfig
from voxedge.errors import ConfigError

_LEAST_TOKEN_CHARS = 16
_HASHED = "sha256:"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens.

    Attributes:
        host: Name or number.
        port: 0 takes a free one.
    """

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, key: str) -> Address | None:
    """Reads ``HOST:PORT`` (``[::1]:8765`` for IPv6); None for "".

    Raises:
        ConfigError: It is none.

    Example:
        >>> parse_address("127.0.0.1:8765", "http")
        Address(host='127.0.0.1', port=8765)
    """
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    host = host.strip("[]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigError(
            f"daemon.{key}: {text!r} is no address.",
            remedy="Write HOST:PORT, such as 127.0.0.1:8765, or [::1]:8765 for IPv6.",
        )
    return Address(host, int(port))


@dataclass(frozen=True, slots=True)
class Tokens:
    """The clients and the hashes of their tokens. No token itself is kept.

    Attributes:
        hashes: SHA-256 of the token to the client's name.
    """

    hashes: dict[bytes, str] = field(default_factory=dict)

    @classmethod
    def from_file(cls, path: str | Path) -> Tokens:
        """Reads lines ``NAME TOKEN`` or ``NAME sha256:HEX``; ``#`` begins a comment.

        Raises:
            ConfigError: The file can't be read, or a line is neither.
        """
        file = Path(path)
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError(
                f"The tokens in {file} can't be read: {type(exc).__name__}.",
                remedy=f"Make a client: voxedge serve --new-token NAME >> {file}",
            ) from exc
        found: dict[bytes, str] = {}
        for number, line in enumerate(lines, start=1):
            words = line.partition("#")[0].split()
            if not words:
                continue
            if len(words) != 2:
                raise _bad_line(file, number, "it isn't NAME TOKEN")
            name, token = words
            if token.startswith(_HASHED):
                try:
                    digest = bytes.fromhex(token.removeprefix(_HASHED))
                except ValueError as exc:
                    raise _bad_line(file, number, "the hash isn't hexadecimal") from exc
                if len(digest) != hashlib.sha256().digest_size:
                    raise _bad_line(file, number, "the hash isn't one of SHA-256")
            elif len(token) < _LEAST_TOKEN_CHARS:
                raise _bad_line(file, number, f"the token is shorter than {_LEAST_TOKEN_CHARS} characters")
            else:
                digest = hashlib.sha256(token.encode()).digest()
            found[digest] = name
        return cls(found)

    def client_of(self, token: str) -> str | None:
        """The name of the client whose token it is, or None.

        All hashes are compared, each in constant time, so that the time tells nothing about a near miss.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        name: str | None = None
        for known, owner in self.hashes.items():
            if hmac.compare_digest(known, digest):
                name = owner
        return name


def new_token(name: str) -> tuple[str, str]:
    """A fresh token for a client, and the line for the tokens file.

    Raises:
        ConfigError: The name has blanks or a ``#``.
    """
    if not name or len(name.split()) != 1 or "#" in name:
        raise ConfigError(f"{name!r} can't name a client.", remedy="Give one word, such as kitchen-tablet.")
    token = secrets.token_urlsafe(32)
    return token, f"{name} {_HASHED}{hashlib.sha256(token.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonSettings:
    """``[daemon]``, read and checked.

    Attributes:
        daemon: The section as it stands.
        http: Where HTTP listens, or None.
        wyoming: Where Wyoming listens, or None.
        tokens: Who may call; None where no token is asked for.
    """

    daemon: DaemonConfig
    http: Address | None
    wyoming: Address | None
    tokens: Tokens | None

    @classmethod
    def from_config(cls, config: Config) -> DaemonSettings:
        """Reads and checks the section, and the tokens file.

        Raises:
            ConfigError: An address is none; HTTP would be open to others without token or TLS; the
                tokens can't be read.
        """
        own = config.daemon
        http = parse_address(own.http, "http")
        tokens = Tokens.from_file(own.tokens_file) if own.tokens_file else None
        if bool(own.tls_certificate) != bool(own.tls_key):
            raise ConfigError(
                "tls_certificate and tls_key go together.", remedy="Give both under [daemon], or neither."
            )
        if http is not None and not http.loopback:
            if tokens is None or not tokens.hashes:
                raise ConfigError(
                    f"HTTP on {http} could be used by everybody who reaches this machine.",
                    remedy="Make a token: voxedge serve --new-token NAME >> tokens.txt, and set "
                    'tokens_file = "tokens.txt" under [daemon].',
                )
            if not own.tls_certificate and not own.allow_plain_http:
                raise ConfigError(
                    f"HTTP on {http} without TLS would show tokens and speech to the network.",
                    remedy="Set tls_certificate and tls_key under [daemon], or allow_plain_http = true "
                    "behind a proxy that does TLS.",
                )
        for key in ("max_body_mb", "max_connections", "max_streams", "queue_items", "queue_items_per_client"):
            if getattr(own, key) < 1:
                raise ConfigError(f"daemon.{key} must be 1 or more.", remedy=f"Correct {key}.")
        return cls(daemon=own, http=http, wyoming=parse_address(own.wyoming, "wyoming"), tokens=tokens)


def _bad_line(file: Path, number: int, what: str) -> ConfigError:
    return ConfigError(
        f"{file}, line {number}: {what}.",
        remedy="Write NAME TOKEN, or what `voxedge serve --new-token NAME` prints.",
    )
