// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A socket that takes frames off a network device and puts them on it, below the kernel's IP.
struct LinkSocket: Sendable {
  let descriptor: Int32
  let mac: HardwareAddress

  /// Opens it on a device of the calling thread's network namespace.
  init(_ device: String) throws {
    let protocolNumber = UInt16(0x0003).bigEndian  // ETH_P_ALL
    let descriptor = socket(AF_PACKET, rawSocket, Int32(protocolNumber))
    self.descriptor = descriptor
    guard descriptor >= 0 else { throw ProbeError("no packet socket") }
    // struct sockaddr_ll of packet(7): family, protocol, index, type, packet type, length and bytes of the address.
    var address = [UInt8](repeating: 0, count: 20)
    address.replaceSubrange(0..<2, with: UInt16(AF_PACKET).bytes.reversed())
    address.replaceSubrange(2..<4, with: UInt16(3).bytes)
    address.replaceSubrange(4..<8, with: if_nametoindex(device).bytes.reversed())
    var length = socklen_t(address.count)
    let bound = address.withUnsafeMutableBytes { bytes in
      let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
      return bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
    }
    guard bound else { throw ProbeError("cannot listen on \(device)") }
    mac = HardwareAddress(bytes: address[12..<18])
    enlarge(descriptor)
  }

  func send(_ frame: [UInt8]) {
    let sent = Glibc.send(descriptor, frame, frame.count, 0)
    precondition(sent == frame.count, "cannot send a frame: \(String(cString: strerror(errno)))")
  }

  /// The next frame that came in from outside; nil if there is none now.
  func receive() -> [UInt8]? {
    while true {
      var address = [UInt8](repeating: 0, count: 20)
      guard let frame = receiveBytes(descriptor, &address) else { return nil }
      if address[10] != 4 { return frame }  // PACKET_OUTGOING: this end's own
    }
  }
}

/// Sockets that speak IP through the kernel of a host: what they take has passed its firewall and what they send is
/// tracked by it, which is not so for frames.
struct StackSockets: Sendable {
  private static let numbers: [UInt8] = [1, 2, 6, 17, 47, 50, 51, 58, 89, 99, 112, 136]
  private static let groups = ["224.0.0.18", "239.1.1.1", "ff02::12", "ff02::1:2", "ff02::1:3"]

  /// Where packets come in.
  let receivers: [(descriptor: Int32, family: Family, number: UInt8)]
  private let senders: [Family: Int32]

  /// Opens them in the calling thread's network namespace, for a device.
  init(_ device: String) throws {
    var receivers: [(Int32, Family, UInt8)] = []
    var senders: [Family: Int32] = [:]
    for family in Family.allCases {
      let domain = family == .ipv4 ? AF_INET : AF_INET6
      for number in StackSockets.numbers {
        let descriptor = socket(domain, rawSocket, Int32(number))
        guard descriptor >= 0 else { throw ProbeError("no socket for protocol \(number)") }
        enlarge(descriptor)
        StackSockets.join(descriptor, family, device)
        receivers.append((descriptor, family, number))
      }
      let sender = socket(domain, rawSocket, Int32(IPPROTO_RAW))
      guard sender >= 0, setsockopt(sender, SOL_SOCKET, SO_BINDTODEVICE, device, socklen_t(device.utf8.count)) == 0
      else { throw ProbeError("no raw socket on \(device)") }
      senders[family] = sender
    }
    self.receivers = receivers
    self.senders = senders
  }

  var descriptors: [Int32] { receivers.map(\.descriptor) + senders.values }

  func send(_ packet: [UInt8], to destination: Address) {
    guard let descriptor = senders[destination.family] else { return }
    // struct sockaddr_in and sockaddr_in6: family, port, then the address (IPv6: behind the flow label).
    let family = UInt16(destination.family == .ipv4 ? AF_INET : AF_INET6).bytes.reversed()
    let address: [UInt8] =
      family + [0, 0]
      + (destination.family == .ipv4
        ? destination.bytes + [UInt8](repeating: 0, count: 8) : [0, 0, 0, 0] + destination.bytes + [0, 0, 0, 0])
    let sent = address.withUnsafeBytes { bytes in
      sendto(
        descriptor, packet, packet.count, 0, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        socklen_t(bytes.count))
    }
    // EPERM is a firewall's drop on the way out; the flow then is not seen, which is what it should be.
    precondition(
      sent == packet.count || errno == EPERM, "cannot send to \(destination): \(String(cString: strerror(errno)))")
  }

  /// The next packet of a receiver, in a frame without MACs; an IPv6 one has no destination: the kernel keeps it.
  static func receive(_ receiver: (descriptor: Int32, family: Family, number: UInt8)) -> [UInt8]? {
    var address = [UInt8](repeating: 0, count: 28)
    guard let bytes = receiveBytes(receiver.descriptor, &address) else { return nil }
    let header = [UInt8](repeating: 0, count: 12) + EtherType.of(receiver.family).bytes
    guard receiver.family == .ipv6 else { return header + bytes }
    return header
      + Encoding.packet(from: Address(bytes: address[8..<24]), to: "::", receiver.number, bytes)
  }

  private static func join(_ descriptor: Int32, _ family: Family, _ device: String) {
    let index = if_nametoindex(device)
    for group in groups {
      guard let address = Address(group), address.family == family else { continue }
      // struct ip_mreqn (group, own address, index) and ipv6_mreq (group, index).
      let order = Array(index.bytes.reversed())
      let request = family == .ipv4 ? address.bytes + [0, 0, 0, 0] + order : address.bytes + order
      let (level, option) =
        family == .ipv4 ? (Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP) : (Int32(IPPROTO_IPV6), IPV6_JOIN_GROUP)
      setsockopt(descriptor, level, option, request, socklen_t(request.count))
    }
  }
}

private let rawSocket = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

private func enlarge(_ descriptor: Int32) {
  var size: Int32 = 4 << 20
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
}

private func receiveBytes(_ descriptor: Int32, _ address: inout [UInt8]) -> [UInt8]? {
  var length = socklen_t(address.count)
  let found: (count: Int, bytes: [UInt8]) = address.withUnsafeMutableBytes { bytes in
    let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
    return withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 8) { buffer in
      let count = recvfrom(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT), pointer, &length)
      return (count, count > 0 ? Array(buffer[0..<count]) : [])
    }
  }
  return found.count > 0 ? found.bytes : nil
}
