// SPDX-License-Identifier: Apache-2.0

import Compiler
import FilterModel
import PacketPath

extension Verifier {
  /// A packet of a set that a reader takes for an ordinary one, if there is one; nil for the empty set.
  mutating func example(of set: Node, _ testCase: TestCase) -> Frame? {
    if set.isNothing { return nil }
    var wishes = [frames.frames(.ipv4)]
    // VMs bear the addresses that they have, and strangers those that are kept for examples (RFC 5737, RFC 3849).
    for (ends, isSource) in [(testCase.sources, true), (testCase.targets, false)] {
      var addresses = ends.compactMap(\.nic).flatMap(\.nic.addresses)
      if addresses.isEmpty { addresses = Self.strangers(isSource: isSource) }
      let nodes = addresses.map { node($0, isSource: isSource) }
      wishes.append(frames.diagram.union(nodes))
    }
    for number in [6, 17, 1, 58] as [UInt128] { wishes.append(frames.frames(.protocolNumber, number)) }
    for (number, echo) in [(1, 0x0800), (58, 0x8000)] as [(UInt128, UInt128)] {
      let messages = frames.frames(.protocolNumber, number)
      let others = messages.complement
      wishes.append(frames.diagram.or(others, frames.frames(.destinationPort, echo)))
    }
    for port in [443, 22, 53] as [UInt128] { wishes.append(frames.frames(.destinationPort, port)) }
    // The first port that Linux would take.
    wishes.append(frames.frames(.sourcePort, 32768))
    wishes.append(frames.frames(.sourcePort, in: IntervalSet(1024...65535)))
    wishes.append(frames.frames(.destinationPort, in: IntervalSet(1...65535)))
    wishes.append(frames.frames(.typeOfService, 0))
    return frames.frame(of: frames.diagram.preferring(wishes, in: set))
  }

  private static func strangers(isSource: Bool) -> [IPAddress] {
    (isSource ? ["198.51.100.7", "2001:db8::7"] : ["203.0.113.9", "2001:db8::9"]).compactMap(IPAddress.init)
  }

  private mutating func node(_ address: IPAddress, isSource: Bool) -> Node {
    let (family, number): (AddressFamily, UInt128) =
      switch address {
      case .ipv4(let address): (.ipv4, address.number)
      case .ipv6(let address): (.ipv6, address.number)
      }
    let set = AddressSet(number...number)
    return frames.frames(
      isSource ? PacketRegion(family: family, source: set) : PacketRegion(family: family, destination: set))
  }
}
