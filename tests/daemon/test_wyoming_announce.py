"""The announcement, on the loopback interface only."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest

from voxedge.config import Config
from voxedge.daemon.wyoming_announce import SERVICE_TYPE, Announcement
from voxedge.daemon.wyoming_service import settings_of
from voxedge.errors import ConfigError

zeroconf = pytest.importorskip("zeroconf")


def test_what_is_told():
    info = Announcement("a.kiosk", "192.0.2.7", 10300).service()
    assert info.type == SERVICE_TYPE
    assert info.name == f"a-kiosk.{SERVICE_TYPE}"
    assert info.port == 10300
    assert info.parsed_addresses() == ["192.0.2.7"]
    assert len(Announcement("x" * 300, "192.0.2.7", 1).service().name) < 63 + len(SERVICE_TYPE) + 2


def test_loopback_is_never_told():
    for host in ("", "0.0.0.0", "127.0.0.1"):
        for packed in Announcement("x", host, 1).addresses():
            assert not ipaddress.ip_address(packed).is_loopback


def test_it_is_found_and_leaves_again():
    async def work():
        from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

        here = ["127.0.0.1"]
        announcement = Announcement("voxedge-test", "192.0.2.7", 10300, interfaces=here)
        seen: asyncio.Queue = asyncio.Queue()
        watcher = AsyncZeroconf(interfaces=here)

        def told(zeroconf, service_type, name, state_change):
            seen.put_nowait((name.partition(".")[0], state_change.name))

        browser = AsyncServiceBrowser(watcher.zeroconf, SERVICE_TYPE, handlers=[told])
        await announcement.begin()
        try:
            assert await asyncio.wait_for(seen.get(), 10) == ("voxedge-test", "Added")
        finally:
            await announcement.end()
        while (change := await asyncio.wait_for(seen.get(), 10)) != ("voxedge-test", "Removed"):
            assert change[1] == "Updated"
        await announcement.end()  # twice is no error
        await browser.async_cancel()
        await watcher.async_close()

    asyncio.run(work())


def daemon(**keys):
    return Config.from_mapping({"daemon": keys}, environment={}).daemon


def test_the_section_becomes_settings():
    own = settings_of(
        daemon(wyoming="0.0.0.0:10301", wyoming_allow=["192.168.1.0/24"], wyoming_announce=True)
    )
    assert (own.host, own.port, own.announce, own.loopback) == ("0.0.0.0", 10301, True, False)
    assert settings_of(daemon(wyoming="")) is None
    with pytest.raises(ConfigError, match="no passwords"):
        settings_of(daemon(wyoming="0.0.0.0:10301"))
    with pytest.raises(ConfigError, match="wyoming_intents"):
        settings_of(daemon(wyoming_intents="nobody"))
