"""Which IP addresses are of the public internet."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # IETF's own; clouds put metadata there
            "168.63.129.16/32",  # Azure's
            "64:ff9b:1::/48",  # NAT64 of a local network
            "fec0::/10",  # site-local of old
        ),
    )
)
"""Not public either, though Python's `is_global` has not said so at all times."""

NAT64 = ip_network("64:ff9b::/96")
"""Where networks without IPv4 reach it; the last 32 bits are its address."""


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public internet: not private, shared (CGNAT), loopback, link-local, ..."""
    address = _meant(ip_address(text.partition("%")[0]))
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in NOT_PUBLIC if network.version == address.version)
    )


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
