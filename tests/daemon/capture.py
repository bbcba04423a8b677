"""Packets of a network namespace: all interfaces, by AF_PACKET; and a way out that leads nowhere but here."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections import Counter
from pathlib import Path

ETH_P_ALL = 3
IPV4, IPV6 = 0x0800, 0x86DD
GATEWAY = "10.9.9.2"


def make_network() -> str:
    """Loopback, and a default route to what looks like a world outside; gives the outgoing interface.

    A packet for any address would really be sent, and be seen. Where no virtual cable can be made, the route
    leads back into loopback.
    """

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    ip("link", "set", "lo", "up")
    try:
        ip("link", "add", "out0", "type", "veth", "peer", "name", "out1")
        for name in ("out0", "out1"):
            # The kernel's own announcements are nobody's words.
            with contextlib.suppress(OSError):
                Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
        ip("address", "add", "10.9.9.1/24", "dev", "out0")
        ip("link", "set", "out0", "up")
        ip("link", "set", "out1", "up")
        ip("neighbour", "add", GATEWAY, "lladdr", "02:00:00:00:00:02", "dev", "out0")
        ip("route", "add", "default", "via", GATEWAY)
    except subprocess.CalledProcessError:
        ip("route", "add", "default", "dev", "lo")
        return "lo"
    return "out0"


class Capture:
    """Keeps every packet of every interface, until it is stopped."""

    def __init__(self) -> None:
        self.packets: list[tuple[str, int, bytes]] = []
        """Interface, protocol, and the bytes from the IP header on."""
        self._door = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self._door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        self._door.settimeout(0.2)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(10)
        self._door.close()

    def _read(self) -> None:
        while True:
            try:
                packet, (name, protocol, *_) = self._door.recvfrom(1 << 17)
            except TimeoutError:
                if self._stopping.is_set():
                    return
                continue
            self.packets.append((name, protocol, packet))

    def leaving(self) -> list[str]:
        """What was sent to somewhere else: interface and destination."""
        found = []
        for name, protocol, packet in self.packets:
            if protocol == IPV4:
                target = socket.inet_ntoa(packet[16:20])
                if not target.startswith("127."):
                    found.append(f"{name} {target}")
            elif protocol == IPV6:
                target = socket.inet_ntop(socket.AF_INET6, packet[24:40])
                if target != "::1":
                    found.append(f"{name} {target}")
            else:
                found.append(f"{name} protocol {protocol:#x}")
        return found

    def ports_with(self, words: list[bytes]) -> Counter[tuple[int, int]]:
        """TCP and UDP ports (from, to) of the packets that hold one of the words."""
        found: Counter[tuple[int, int]] = Counter()
        for _name, protocol, packet in self.packets:
            at = 40 if protocol == IPV6 else 4 * (packet[0] & 15)
            if any(word in packet.lower() for word in words):
                found[int.from_bytes(packet[at : at + 2]), int.from_bytes(packet[at + 2 : at + 4])] += 1
        return found
