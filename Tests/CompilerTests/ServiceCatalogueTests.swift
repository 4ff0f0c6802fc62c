// SPDX-License-Identifier: Apache-2.0

import Compiler
import PacketPath
import Testing

struct ServiceCatalogueTests {
  @Test func namesAreSortedAndUnique() {
    for names in [ServiceCatalogue.all.map(\.name), ICMPMessages.all.map(\.name), IPProtocols.all.map(\.name)] {
      #expect(names == Set(names).sorted())
    }
  }

  @Test func noServiceIsCalledLikeAProtocol() {
    #expect(ServiceCatalogue.all.filter { IPProtocols.reservedWords.contains($0.name) }.map(\.name) == [])
  }

  @Test(arguments: [
    ("ssh", "tcp/22"), ("dns", "tcp/53, udp/53"), ("postgres", "tcp/5432"), ("wireguard", "udp/51820"),
    ("node-exporter", "tcp/9100"), ("kubernetes-api", "tcp/6443"), ("etcd", "tcp/2379"), ("ping", "icmp/echo-request"),
    ("ipsec", "udp/500,4500, esp, ah"), ("vnc", "tcp/5900-5999"), ("mail", "tcp/25,465,587"),
  ])
  func portsAreThoseOfTheService(name: String, traffic: String) {
    #expect(ServiceCatalogue[name]?.traffic.map(\.spelling).joined(separator: ", ") == traffic)
  }

  /// Proxmox VE's macros that are plain ports, in lower case (pve-firewall, Firewall.pm).
  @Test(arguments: [
    "amanda", "auth", "bgp", "bittorrent", "bittorrent32", "cvs", "citrix", "daap", "dcc", "dns", "distcc", "ftp",
    "finger", "gnunet", "git", "hkp", "http", "https", "icpv2", "icq", "imap", "imaps", "irc", "jetdirect", "ldap",
    "ldaps", "msnp", "mssql", "mail", "munin", "mysql", "nntp", "nntps", "ntp", "openvpn", "pca", "pop3", "pop3s",
    "postgresql", "printer", "rdp", "rip", "rndc", "razor", "rdate", "rsync", "sane", "smbswat", "smtp", "smtps",
    "snmp", "spamd", "ssh", "svn", "squid", "submission", "syslog", "tftp", "telnet", "telnets", "time", "vnc", "vncl",
    "web", "webcache", "webmin", "whois", "ping", "traceroute", "pptp", "ipsec", "l2tp-udp", "smb", "mdns",
    "ceph", "proxmox-backup",
  ])
  func whatProxmoxHasIsThere(name: String) {
    #expect(ServiceCatalogue[name] != nil)
  }

  @Test func referenceNamesEverything() {
    let text = ServiceCatalogue.reference()
    for name in ServiceCatalogue.all.map(\.name) + ICMPMessages.all.map(\.name) + IPProtocols.all.map(\.name) {
      #expect(text.contains("| `\(name)` |"))
    }
    #expect(text.contains("| `dns` | `tcp/53`, `udp/53` |"))
    #expect(text.contains("| `echo-request` | 8 | 128 |"))
  }
}
