// SPDX-License-Identifier: Apache-2.0

extension ServiceCatalogue {
  /// Web, files and version control.
  static let web: [CatalogueService] = [
    .both("amanda", "Amanda backup", 10080),
    .tcp("bacula", "Bacula and Bareos backup", .from(9101, to: 9103)),
    .mixed("bittorrent", "BitTorrent, up to 3.1", tcp: [.from(6881, to: 6889)], udp: [6881]),
    .mixed("bittorrent32", "BitTorrent, from 3.2", tcp: [.from(6881, to: 6999)], udp: [6881]),
    .tcp("cvs", "CVS pserver", 2401),
    .tcp("ftp", "FTP, control connection only", 21),
    .tcp("ftps", "FTP over TLS, control connection only", 990),
    .tcp("git", "Git, its own protocol", 9418),
    .both("gnunet", "GNUnet", 1080, 2086),
    .tcp("hkp", "OpenPGP key servers", 11371),
    .tcp("http", "Web", 80),
    .tcp("http-alt", "Web on the second usual port", 8080),
    .mixed("http3", "Web over QUIC", udp: [443]),
    .tcp("https", "Web over TLS", 443),
    .tcp("https-alt", "Web over TLS on the second usual port", 8443),
    .udp("icpv2", "Internet Cache Protocol", 3130),
    .tcp("ipfs", "IPFS, between nodes", 4001),
    .mixed("netbios", "NetBIOS names, datagrams and sessions", tcp: [139], udp: [.from(137, to: 138)]),
    .both("nfs", "NFS; version 4 needs no other port", 2049),
    .tcp("nfsv4", "NFS version 4", 2049),
    .both("portmapper", "Port mapper of ONC RPC", 111),
    .tcp("rsync", "rsync", 873),
    .tcp("rtsp", "Real Time Streaming Protocol", 554),
    .mixed("smb", "Windows file sharing", tcp: [445]),
    .mixed(
      "smb-legacy", "Windows file sharing with NetBIOS and RPC", tcp: [135, 139, 445],
      udp: [135, .from(137, to: 139), 445]),
    .tcp("smbswat", "Samba web administration", 901),
    .tcp("socks", "SOCKS proxy", 1080),
    .tcp("squid", "Squid web proxy", 3128),
    .tcp("svn", "Subversion", 3690),
    .mixed("syncthing", "Syncthing, transfer and discovery", tcp: [22000], udp: [21027, 22000]),
    .udp("tftp", "TFTP", 69),
    .mixed("web", "HTTP and HTTPS", tcp: [80, 443]),
    .tcp("webcache", "Web cache or proxy", 8080),
  ]
}
