// SPDX-License-Identifier: Apache-2.0

extension ServiceCatalogue {
  /// Routing, naming, addressing and tunnels.
  static let network: [CatalogueService] = [
    .tcp("auth", "identd, who owns a connection", 113),
    .udp("bfd", "Bidirectional Forwarding Detection", .from(3784, to: 3785), 4784),
    .tcp("bgp", "Border Gateway Protocol", 179),
    .udp("dhcp", "DHCP for IPv4, server and client ports", .from(67, to: 68)),
    .udp("dhcpv6", "DHCP for IPv6, client and server ports", .from(546, to: 547)),
    .both("dns", "Domain Name System", 53),
    .udp("dns-over-quic", "DNS over QUIC", 853),
    .tcp("dns-over-tls", "DNS over TLS", 853),
    .tcp("finger", "Finger", 79),
    .udp("geneve", "Geneve tunnels", 6081),
    .udp("ike", "IPsec key exchange, with NAT traversal", 500, 4500),
    .mixed(
      "ipsec", "IPsec: key exchange, NAT traversal, ESP and AH", udp: [500, 4500],
      others: [.ipProtocol(50), .ipProtocol(51)]),
    .udp("l2tp-udp", "Layer 2 Tunneling Protocol over UDP", 1701),
    .udp("llmnr", "Link-Local Multicast Name Resolution", 5355),
    .udp("mdns", "Multicast DNS", 5353),
    .udp("ntp", "Network Time Protocol", 123),
    .tcp("nts-ke", "key establishment of Network Time Security", 4460),
    .both("openvpn", "OpenVPN", 1194),
    .mixed("ping", "ICMP and ICMPv6 echo requests", others: [.icmp("echo-request")]),
    .mixed("pptp", "Point-to-Point Tunneling Protocol, with GRE", tcp: [1723], others: [.ipProtocol(47)]),
    .udp("ptp", "Precision Time Protocol", .from(319, to: 320)),
    .both("radius", "RADIUS, authentication and accounting", .from(1812, to: 1813)),
    .tcp("radsec", "RADIUS over TLS", 2083),
    .tcp("rdate", "Time Protocol, as rdate uses it", 37),
    .udp("rip", "Routing Information Protocol", 520),
    .udp("ripng", "Routing Information Protocol for IPv6", 521),
    .udp("slp-udp", "Service Location Protocol over UDP", 427),
    .both("stun", "STUN and TURN", 3478),
    .tcp("tacacs", "TACACS+", 49),
    .both("time", "Time Protocol of RFC 868", 37),
    .mixed(
      "traceroute", "UDP probes of traceroute, and echo requests", udp: [.from(33434, to: 33534)],
      others: [.icmp("echo-request")]),
    .udp("vxlan", "VXLAN tunnels", 4789),
    .tcp("whois", "WHOIS", 43),
    .udp("wireguard", "WireGuard", 51820),
  ]
}
