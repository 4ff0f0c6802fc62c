// SPDX-License-Identifier: Apache-2.0

extension ServiceCatalogue {
  /// Directories, remote desktops, printing and media.
  static let desktop: [CatalogueService] = [
    .mixed(
      "active-directory", "What domain members need of a Windows domain controller, dynamic RPC ports included",
      tcp: [53, 88, 135, 139, 389, 445, 464, 636, .from(3268, to: 3269), 9389, .from(49152, to: 65535)],
      udp: [53, 88, 123, .from(137, to: 138), 389, 464]),
    .mixed("citrix", "Citrix ICA", tcp: [1494, 2598], udp: [1604]),
    .tcp("cups", "Internet Printing Protocol", 631),
    .both("daap", "Digital Audio Access Protocol", 3689),
    .tcp("jetdirect", "Printing on port 9100", 9100),
    .both("kerberos", "Kerberos", 88),
    .both("kpasswd", "Change of Kerberos passwords", 464),
    .tcp("ldap", "LDAP", 389),
    .tcp("ldap-global-catalog", "Global catalogue of Active Directory", .from(3268, to: 3269)),
    .tcp("ldaps", "LDAP over TLS", 636),
    .tcp("msrpc", "Microsoft RPC end point mapper", 135),
    .tcp("msrpc-dynamic", "Microsoft RPC, dynamic ports", .from(49152, to: 65535)),
    .mixed("pca", "pcAnywhere", tcp: [5631], udp: [5632]),
    .tcp("printer", "Line printer daemon", 515),
    .both("rdp", "Remote Desktop Protocol, TCP and UDP", 3389),
    .tcp("sane", "Scanners over the network", 6566),
    .tcp("spice", "SPICE consoles", .from(5900, to: 5999)),
    .tcp("spice-proxy", "SPICE proxy of Proxmox VE", 3128),
    .udp("ssdp", "Simple Service Discovery Protocol", 1900),
    .tcp("vnc", "VNC, displays 0 to 99", .from(5900, to: 5999)),
    .tcp("vnc-listen", "VNC viewers that listen", 5500),
    .tcp("vncl", "VNC viewers that listen", 5500),
  ]
}
