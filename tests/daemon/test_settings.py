"""Addresses, tokens, and what is refused before anything listens."""

from __future__ import annotations

import pytest

from voxedge.config import Config
from voxedge.daemon.settings import Address, DaemonSettings, Tokens, new_token, parse_address
from voxedge.errors import ConfigError


def settings(**daemon) -> DaemonSettings:
    return DaemonSettings.from_config(Config.from_mapping({"daemon": daemon}, environment={}))


@pytest.mark.parametrize(
    ("text", "address", "loopback"),
    [
        ("127.0.0.1:8765", Address("127.0.0.1", 8765), True),
        ("[::1]:80", Address("::1", 80), True),
        ("localhost:0", Address("localhost", 0), True),
        ("0.0.0.0:8765", Address("0.0.0.0", 8765), False),
        ("kiosk.local:1", Address("kiosk.local", 1), False),
    ],
)
def test_addresses(text, address, loopback):
    found = parse_address(text, "http")
    assert found == address
    assert found.loopback is loopback
    assert parse_address(str(found), "http") == found


@pytest.mark.parametrize("text", ["8765", "127.0.0.1", "127.0.0.1:", ":8765", "a:99999", "a:x", "a:٣"])
def test_what_is_no_address_is_named(text):
    with pytest.raises(ConfigError, match="is no address"):
        parse_address(text, "http")


def test_others_are_only_served_with_tokens_and_tls(tmp_path):
    with pytest.raises(ConfigError, match="everybody") as caught:
        settings(http="0.0.0.0:8765")
    assert "--new-token" in caught.value.remedy
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("# nobody yet\n")
    with pytest.raises(ConfigError, match="everybody"):
        settings(http="0.0.0.0:8765", tokens_file=str(tokens))
    tokens.write_text(new_token("tablet")[1])
    with pytest.raises(ConfigError, match="TLS"):
        settings(http="0.0.0.0:8765", tokens_file=str(tokens))
    assert settings(http="0.0.0.0:8765", tokens_file=str(tokens), allow_plain_http=True).http is not None
    with pytest.raises(ConfigError, match="go together"):
        settings(tls_certificate="cert.pem")
    assert settings().tokens is None


def test_a_token_is_shown_once_and_kept_as_a_hash(tmp_path):
    token, line = new_token("tablet")
    assert token not in line
    file = tmp_path / "tokens.txt"
    file.write_text(f"{line}  # in the kitchen\n\nphone a-token-in-clear-text\n")
    tokens = Tokens.from_file(file)
    assert tokens.client_of(token) == "tablet"
    assert tokens.client_of("a-token-in-clear-text") == "phone"
    for wrong in ("", token[:-1], token + "x", "tablet", line.split()[1], "\udcff"):
        assert tokens.client_of(wrong) is None
    assert token.encode() not in repr(tokens).encode()


@pytest.mark.parametrize(
    "line", ["tablet", "tablet a b", "tablet short", "tablet sha256:zz", "tablet sha256:00ff", "a\x00b"]
)
def test_a_bad_line_is_named_by_its_number(tmp_path, line):
    file = tmp_path / "tokens.txt"
    file.write_text(f"# first\n{line}\n")
    with pytest.raises(ConfigError, match="line 2"):
        Tokens.from_file(file)


def test_unreadable_tokens_and_bad_names_are_named(tmp_path):
    with pytest.raises(ConfigError, match="can't be read"):
        Tokens.from_file(tmp_path / "nothing")
    for name in ("", "two words", "a#b"):
        with pytest.raises(ConfigError, match="can't name a client"):
            new_token(name)


def test_unknown_keys_and_senseless_limits_are_refused():
    with pytest.raises(ConfigError, match="unknown key 'htpp'") as caught:
        settings(htpp="127.0.0.1:1")
    assert "'http'" in caught.value.remedy
    with pytest.raises(ConfigError, match="max_streams"):
        settings(max_streams=0)
