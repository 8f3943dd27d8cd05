"""Settings that can be, and by which more people see or do more than whoever set them may think."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from interop.api.proxied import networks
from interop.app.addresses import address, loopback
from interop.app.checking.finding import Finding, Level
from interop.app.settings import Settings

WIDE: Final = 8
"""Bits of a network of proxies below which it is most of the world."""


def exposure(settings: Settings) -> Iterator[Finding]:
    """Findings about who is let in, and what counts."""
    if settings.open:
        sentence = "Nobody signs on and everyone on this machine sees all."
        yield Finding(Level.DANGER, "open", sentence, "Leave it out wherever there are data of real people.")
    elif settings.issuer is None:
        sentence = "Tokens come from the embedded issuer, where anyone on this machine may be anyone: it is for demonstrations."
        yield Finding(Level.NOTICE, "issuer", sentence, "Name the issuer of real people with issuer and audience.")
    if settings.issuer is not None:
        yield from _real(settings)
    beyond = [name for name in ("http", "mllp") if not loopback(address(getattr(settings, name))[0])]
    if "http" in beyond and settings.tls_cert is None:
        sentence = f"HTTP listens at {settings.http} without TLS: whoever reaches it past the proxy speaks in clear text."
        yield Finding(Level.NOTICE, "proxy", sentence, "See that a firewall lets the proxy alone reach that port.")
    if "http" in beyond and settings.rate == 0:
        sentence = "Whoever has signed on may ask as much as they like."
        yield Finding(Level.DANGER, "rate", sentence, "Set a rate; 1000 is the default.")
    if settings.proxy and any(each.prefixlen < WIDE for each in networks(settings.proxy_address)):
        sentence = "Nearly any address counts as the proxy's: whoever asks says from where."
        yield Finding(Level.DANGER, "proxy_address", sentence, "Name the addresses of the proxy alone.")
    if settings.hold:
        yield Finding(
            Level.NOTICE, "hold", "Messages are taken in and none is applied.", "Leave it out once the maintenance is done."
        )


def _real(settings: Settings) -> Iterator[Finding]:
    """Of an engine for real people."""
    if settings.test_numbers:
        sentence = "NHS numbers of the 999 range link records: people whom a test made up may become one with others."
        yield Finding(Level.DANGER, "test_numbers", sentence, "Leave it out in production.")
    if settings.feeds is None:
        sentence = (
            "No feeds are declared: each opens with its first message, for whoever may send, and is bound to no organisation."
        )
        yield Finding(Level.DANGER, "feeds", sentence, "Declare the feeds in a file.")
    if settings.checkpoints is None:
        sentence = "The audit's checkpoints stand beside it, where whoever can change the one can change the other."
        yield Finding(Level.NOTICE, "checkpoints", sentence, "Name a place on another disk or host.")
