// SPDX-License-Identifier: Apache-2.0

import PacketPath

/// Ports behind which a whole machine stands, or data without a password.
enum AdminServices {
  struct Service {
    var name: String
    var packets: PacketSet
    /// Whether one can log in and mend things there.
    var isLogin: Bool

    fileprivate init(_ name: String, _ number: UInt8, _ ports: [PortRange], isLogin: Bool = false) {
      self.name = name
      self.isLogin = isLogin
      packets = PacketSet(
        AddressFamily.allCases.map {
          PacketRegion(
            family: $0, protocols: IntervalSet(number...number), destinationPorts: IntervalSet(ports))
        })
    }
  }

  /// The databases are those that ask for no password as they come; PostgreSQL and MySQL do ask.
  static let all: [Service] = [
    Service("ssh", 6, [22...22], isLogin: true),
    Service("telnet", 6, [23...23], isLogin: true),
    Service("rdp", 6, [3389...3389], isLogin: true),
    // WinRM has two ports of the range that VNC displays have.
    Service("winrm", 6, [5985...5986], isLogin: true),
    Service("vnc", 6, [5900...5984, 5987...5999], isLogin: true),
    Service("libvirt", 6, [16509...16509, 16514...16514]),
    Service("docker", 6, [2375...2376]),
    Service("kubernetes", 6, [6443...6443, 10250...10250]),
    Service("etcd", 6, [2379...2380]),
    Service("ipmi", 17, [623...623]),
    Service("redis", 6, [6379...6379]),
    Service("memcached", 6, [11211...11211]),
    Service("mongodb", 6, [27017...27017]),
    Service("elasticsearch", 6, [9200...9200]),
  ]

  /// Packets of those of them where one can log in.
  static let logins = PacketSet(all.filter(\.isLogin).flatMap(\.packets.regions))

  private static let everything = PacketSet(all.flatMap(\.packets.regions)).simplified()

  /// Quick: most rules have nothing to do with any of them.
  static func mayConcern(_ packets: PacketSet) -> Bool { packets.intersects(everything) }
}

extension AddressSet {
  /// Addresses that nobody on the internet has: private, shared, local, multicast (RFC 1918, RFC 6598, RFC 3927,
  /// RFC 4193, RFC 4291).
  private static let near: [AddressFamily: AddressSet] = [
    .ipv4: AddressSet(
      [
        (0, 8), (0x0a00_0000, 8), (0x6440_0000, 10), (0x7f00_0000, 8), (0xa9fe_0000, 16), (0xac10_0000, 12),
        (0xc0a8_0000, 16), (0xe000_0000, 3),
      ]
      .map { prefix(first: $0.0, length: $0.1, family: .ipv4) }),
    .ipv6: AddressSet(
      [(0xfc, 7), (0xfe, 8), (0xff, 8)].map { prefix(first: $0.0 << 120, length: $0.1, family: .ipv6) }),
  ]

  /// Whether a large part of the internet is in the set: a prefix shorter than /8 of IPv4, or /16 of IPv6, that is not
  /// private.
  func isAnywhere(_ family: AddressFamily) -> Bool {
    let length = family == .ipv4 ? 7 : 15
    let size = UInt128(1) << UInt128(family.bitCount - length)
    guard ranges.contains(where: { $0.upperBound - $0.lowerBound >= size - 1 }) else { return false }
    return subtracting(Self.near[family] ?? AddressSet()).ranges.contains { range in
      let (sum, overflows) = range.lowerBound.addingReportingOverflow(size - 1)
      let first = sum & ~(size - 1)
      return !overflows && first <= range.upperBound && range.upperBound - first >= size - 1
    }
  }
}
