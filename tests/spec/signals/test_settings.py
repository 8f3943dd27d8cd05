"""Redis in the settings, and what check-config says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.api.roles import ALL
from interop.app.checking.parts import _parts
from interop.app.checking.secrets import keys
from interop.app.checking.signals import redis as redis_of
from interop.app.settings import Settings
from interop.app.signalling import place_of, signals_of
from interop.cli.serve import settings_of
from interop.ports import Silent
from tests.spec.security.certificates import Authority
from tests.valkey import Server, serving

DATABASE = "postgresql://interop@127.0.0.1/interop"


def settings(**given: Any) -> Settings:
    return Settings(**{"database": DATABASE, **given})


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"database": None, "redis": "redis://127.0.0.1"}, "without --database there is one process"),
        ({"redis": "redis://:secret@127.0.0.1"}, "--redis-password-file"),
        ({"redis": "http://127.0.0.1"}, "redis://HOST:PORT/DATABASE"),
        ({"redis_password_file": Path("p")}, "--redis-password-file goes with --redis"),
        ({"redis": "rediss://127.0.0.1", "redis_cert": Path("c")}, "go together"),
        ({"redis": "redis://127.0.0.1", "redis_ca": Path("c")}, "rediss://"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_a_sentence(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError) as refused:
        settings(**given)
    assert why in str(refused.value)
    assert "secret@" not in str(refused.value).partition("[type=")[0]


def test_without_a_redis_there_are_no_signals() -> None:
    assert isinstance(signals_of(settings(), b"a key of the deployment"), Silent)


def test_the_password_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct-horse\n")
    given = settings(redis="redis://interop@127.0.0.1:7000/2", redis_password_file=file)
    place = place_of(given)
    assert place is not None
    assert (place.host, place.port, place.database, place.user, place.password) == (
        "127.0.0.1",
        7000,
        2,
        "interop",
        "correct-horse",
    )
    assert "horse" not in repr(signals_of(given, b"a key of the deployment").__dict__)
    file.write_text("short\n")
    (looked_at,) = [made for setting, made, _ in _parts(given, 0) if setting == "redis_password_file"]
    with pytest.raises(ValueError, match="password holds no password of at least 8 characters in one line"):
        looked_at()
    for text in ("correct horse", 'correct"horse', "correct'horse", "correct\\horse"):
        file.write_text(text + "\n")
        with pytest.raises(ValueError, match="blank, quote or backslash"):
            looked_at()
    file.unlink()
    with pytest.raises(FileNotFoundError):
        looked_at()


def test_certificates_that_cannot_be_used_stop_a_start(tmp_path: Path) -> None:
    pair = Authority(tmp_path, "authority").sign("redis")
    other = Authority(tmp_path / "other", "authority").sign("other")
    good = settings(redis="rediss://redis", redis_ca=tmp_path / "authority.pem", redis_cert=pair.certificate, redis_key=pair.key)
    assert place_of(good) is not None
    with pytest.raises(ValueError, match="the certificates or the key"):
        place_of(good.model_copy(update={"redis_key": other.key}))


def test_a_password_that_others_may_read_is_a_danger(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct-horse")
    file.chmod(0o644)
    tmp_path.chmod(0o755)
    given = settings(data=tmp_path, redis="redis://127.0.0.1", redis_password_file=file)
    assert [(each.level.name, each.setting) for each in keys(given)] == [("DANGER", "redis_password_file")]


@pytest.mark.anyio
async def test_a_redis_that_does_not_answer_or_lets_nobody_in_is_a_notice(tmp_path: Path, redis: Server) -> None:
    """A start does without."""
    assert await redis_of(settings(redis=redis.url)) == []
    redis.stop()
    (found,) = await redis_of(settings(redis=redis.url))
    assert (found.level.name, "ConnectionError" in found.sentence) == ("NOTICE", True)
    with serving("--requirepass", "correct-horse") as guarded:
        (found,) = await redis_of(settings(redis=guarded.url))
        assert "AuthenticationError" in found.sentence
        file = tmp_path / "password"
        file.write_text("correct-horse")
        assert await redis_of(settings(redis=guarded.url, redis_password_file=file)) == []


def test_a_command_that_works_by_itself_is_no_process_of_several(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the environment of a container says of those is not for a rebuild into a directory."""
    file = tmp_path / "interop.toml"
    file.write_text('roles = ["worker"]\nredis_password_file = "password"\n')
    monkeypatch.setenv("INTEROP_DATABASE", DATABASE)
    monkeypatch.setenv("INTEROP_REDIS", "redis://127.0.0.1:1")
    beside = settings_of(file, alone=True, data=tmp_path / "new", database=None)
    assert (beside.database, beside.redis, beside.redis_password_file, beside.roles) == (None, None, None, ALL)
    own = settings_of(file)
    assert (own.database, own.redis, own.roles) == (DATABASE, "redis://127.0.0.1:1", {"worker"})
