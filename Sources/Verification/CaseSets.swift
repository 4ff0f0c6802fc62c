// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath

/// The packets of a case, and what becomes of them: disjoint sets of first frames.
struct CaseSets {
  var packets: DecisionDiagram.Node
  var allowed: DecisionDiagram.Node
  var oneWay: DecisionDiagram.Node
  var dropped: DecisionDiagram.Node
  var rejected: DecisionDiagram.Node
}

extension TestCase {
  /// The same packets as cases in which each frame says which NICs it is between: what goes to many does not, nor do NICs with
  /// one MAC address.
  var separated: [TestCase] {
    let isToMany =
      targets.count > 1
      && targets.contains { end in
        AddressFamily.allCases.contains {
          end.addresses($0).intersects(ConnectionTracking.unansweredDestinations($0))
        }
      }
    let isClear = [sources, targets].allSatisfy { ends in
      Set(ends.map { $0.nic?.nic.mac }).count == ends.count
    }
    if isClear, !isToMany { return [self] }
    return sources.flatMap { source in
      targets.map { TestCase(sources: [source], targets: [$0], route: route, traffic: traffic) }
    }
  }
}

/// What the filters of one end do to packets of that end.
private struct EndSets {
  /// Those that bear the addresses of the end.
  var packets = DecisionDiagram.Node.nothing
  var allowed = DecisionDiagram.Node.nothing
  /// Allowed or one way.
  var passing = DecisionDiagram.Node.nothing
  var rejected = DecisionDiagram.Node.nothing
}

extension Verifier {
  /// What becomes of the packets of a case.
  ///
  /// NICs differ in their MAC addresses, so that the filters of all sources are one set, and those of all targets: the work
  /// grows with the number of NICs, not with that of pairs.
  mutating func flows(_ testCase: TestCase) throws(DiagnosticError) -> CaseSets {
    let sources = try ends(testCase.sources, .fromMachine, testCase.route)
    let targets = try ends(testCase.targets, .toMachine, testCase.route)
    var packets = frames.frames(testCase.traffic)
    packets = frames.diagram.and(packets, sources.packets)
    packets = frames.diagram.and(packets, targets.packets)
    packets = frames.diagram.and(packets, ordinary())
    packets = frames.diagram.difference(packets, toItself(testCase))
    let passing = and(packets, sources.passing, targets.passing)
    let allowed = and(packets, sources.allowed, targets.allowed)
    let refusedFirst = frames.diagram.and(packets, sources.rejected)
    let refusedThen = and(packets, sources.passing, targets.rejected)
    let rejected = frames.diagram.or(refusedFirst, refusedThen)
    let decided = frames.diagram.or(passing, rejected)
    return CaseSets(
      packets: packets, allowed: allowed, oneWay: frames.diagram.difference(passing, allowed),
      dropped: frames.diagram.difference(packets, decided), rejected: rejected)
  }

  mutating func and(_ first: Node, _ second: Node, _ third: Node) -> Node {
    let both = frames.diagram.and(first, second)
    return frames.diagram.and(both, third)
  }

  private mutating func ends(
    _ ends: [TestEnd], _ way: Way, _ route: TestRoute
  ) throws(DiagnosticError) -> EndSets {
    var packets: [Node] = []
    var allowed: [Node] = []
    var passing: [Node] = []
    var rejected: [Node] = []
    for end in ends {
      let own = self.packets(of: end, way)
      packets.append(own)
      guard let nic = end.nic, nic.reference != nil else {
        allowed.append(own)
        passing.append(own)
        continue
      }
      let flows = try flows(nic, begins: way, route)
      let both = frames.diagram.or(flows.allowed, flows.oneWay)
      allowed.append(frames.diagram.and(own, flows.allowed))
      passing.append(frames.diagram.and(own, both))
      rejected.append(frames.diagram.and(own, flows.rejected))
    }
    return EndSets(
      packets: frames.diagram.union(packets), allowed: frames.diagram.union(allowed),
      passing: frames.diagram.union(passing), rejected: frames.diagram.union(rejected))
  }

  // MARK: Frames

  /// Packets that bear an end's addresses, at the side of them that it is.
  private mutating func packets(of end: TestEnd, _ way: Way) -> Node {
    let mac = end.nic?.nic.mac ?? Self.strangerMAC
    let parts = AddressFamily.allCases.map { family -> Node in
      let addresses = end.addresses(family)
      if way == .fromMachine {
        let packets = frames.frames(PacketRegion(family: family, source: addresses))
        let sender = frames.frames(.sourceMAC, UInt128(mac.bits))
        return frames.diagram.and(packets, sender)
      }
      // What goes to many bears the MAC address of many, and comes to each.
      let groups = addresses.intersection(ConnectionTracking.unansweredDestinations(family))
      let single = frames.frames(PacketRegion(family: family, destination: addresses.subtracting(groups)))
      let receiver = frames.frames(.destinationMAC, UInt128(mac.bits))
      let many = frames.frames(PacketRegion(family: family, destination: groups))
      let receivers = frames.frames(.destinationMAC, in: Self.groupMACs(family))
      let toOne = frames.diagram.and(single, receiver)
      let toMany = frames.diagram.and(many, receivers)
      return frames.diagram.or(toOne, toMany)
    }
    return frames.diagram.union(parts)
  }

  /// MAC addresses of multicast (RFC 1112, RFC 2464) and broadcast.
  private static func groupMACs(_ family: AddressFamily) -> IntervalSet<UInt128> {
    family == .ipv4
      ? IntervalSet([0x0100_5e00_0000...0x0100_5e7f_ffff, 0xffff_ffff_ffff...0xffff_ffff_ffff])
      : IntervalSet(0x3333_0000_0000...0x3333_ffff_ffff)
  }

  /// For who is no VM of the repository. Locally administered, and not QEMU's prefix.
  static var strangerMAC: MACAddress { MACAddress(bits: 0x0200_5e00_5301) }

  /// Whole packets as they can be, for TCP those that begin a connection.
  private mutating func ordinary() -> Node {
    if let known = ordinaryFrames { return known }
    let whole = frames.frames(.isLaterFragment, 0)
    let tcp = frames.frames(.protocolNumber, 6)
    let first = frames.frames(.tcpFlags, UInt128(TCPFlags.syn.rawValue))
    let none = frames.frames(.tcpFlags, 0)
    var result = and(whole, frames.diagram.ite(tcp, first, none), addresses())
    // Fields that packets of some protocols do not have are 0.
    let noSource = frames.frames(.sourcePort, 0)
    let noPorts = frames.diagram.and(noSource, frames.frames(.destinationPort, 0))
    for (use, missing) in [(PortUse.messages, noSource), (.none, noPorts)] {
      let numbers = (UInt8.min ... .max).filter { PortUse(protocolNumber: $0) == use }
      let protocols = frames.frames(.protocolNumber, in: IntervalSet(numbers.map { UInt128($0)...UInt128($0) }))
      let rest = frames.diagram.difference(protocols, missing)
      result = frames.diagram.difference(result, rest)
    }
    ordinaryFrames = result
    return result
  }

  /// Packets with addresses that their family has.
  private mutating func addresses() -> Node {
    let ipv4 = frames.frames(.ipv4)
    let all = IntervalSet<UInt128>(0...AddressFamily.ipv4.lastAddress)
    let short = and(ipv4, frames.frames(.source, in: all), frames.frames(.destination, in: all))
    let ipv6 = frames.frames(.ipv6)
    return frames.diagram.or(short, ipv6)
  }

  /// Packets from a VM to itself, which do not leave it.
  private mutating func toItself(_ testCase: TestCase) -> Node {
    let targets = Dictionary(grouping: testCase.targets.compactMap(\.nic), by: \.nic.machine)
    var result = Node.nothing
    for source in testCase.sources.compactMap(\.nic) where !source.isPlaceholder {
      for target in targets[source.nic.machine] ?? [] {
        let sender = frames.frames(.sourceMAC, UInt128(source.nic.mac.bits))
        let receiver = frames.frames(.destinationMAC, UInt128(target.nic.mac.bits))
        let both = frames.diagram.and(sender, receiver)
        result = frames.diagram.or(result, both)
      }
    }
    return result
  }
}
