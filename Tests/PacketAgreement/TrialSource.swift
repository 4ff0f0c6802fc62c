// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import PacketPath
import PacketProbe

/// Trials for a filter tree: frames that are aimed at it, each a connection of its own, in a state that it is brought to.
struct TrialSource {
  private var aim: FrameAim
  /// Connections that trials of the same host have, whichever end begins them.
  private var used: Set<Connection>

  /// What tells connections apart: two ends that may have ports, or a message's identifier.
  struct Connection: Hashable {
    let protocolNumber: UInt8
    let ends: Set<[UInt8]>
  }

  init(_ aim: FrameAim, used: Set<Connection> = []) {
    self.aim = aim
    self.used = used
  }

  /// Trials, and the connections that are used by then.
  static func trials(_ count: Int, _ aim: FrameAim, used: inout Set<Connection>) -> [Trial] {
    var source = TrialSource(aim, used: used)
    var trials: [Trial] = []
    var attempts = 0
    while trials.count < count, attempts < 20 * count {
      attempts += 1
      if let trial = source.next() { trials.append(trial) }
    }
    used = source.used
    return trials
  }

  private mutating func next() -> Trial? {
    let (frame, way, topology) = aim.frame()
    guard frame.isInternet else {
      return Trial(frame: frame, way: way, topology: topology, tracking: .first)
    }
    var trial: Trial?
    switch Int.random(in: 0..<20, using: &aim.random) {
    case 0..<10: break
    case 10..<13: trial = established(frame, way, topology, side: .original)
    case 13..<16: trial = established(frame, way, topology, side: .reply)
    case 16..<18: trial = related(frame, way, topology)
    default: trial = invalid(frame, way, topology)
    }
    let chosen = trial ?? Trial(frame: frame, way: way, topology: topology, tracking: Self.fresh(frame))
    return take(chosen) ? chosen : nil
  }

  /// Whether none of its packets is one of a connection that another trial has.
  private mutating func take(_ trial: Trial) -> Bool {
    let connections = Set(([trial.frame] + trial.openers.map(\.frame)).compactMap(connection))
    guard used.isDisjoint(with: connections) else { return false }
    used.formUnion(connections)
    return true
  }

  private func connection(_ frame: ProbeFrame) -> Connection? {
    let number = frame.protocolNumber
    var (from, to) = (frame.source.bytes, frame.destination.bytes)
    switch number {
    case 6, 17, 132, 136:
      from += [UInt8(frame.sourcePort >> 8), UInt8(frame.sourcePort & 255)]
      to += [UInt8(frame.destinationPort >> 8), UInt8(frame.destinationPort & 255)]
    case 1, 58:
      if !frame.quoted.isEmpty { return nil }
      let identifier = [UInt8(frame.identifier >> 8), UInt8(frame.identifier & 255)]
      from += identifier
      to += identifier
    default: break
    }
    return Connection(protocolNumber: number, ends: [from, to])
  }

  // MARK: States

  /// What conntrack makes of a packet of no connection that it knows (nf_conntrack_proto_*.c of the kernel); PacketPath's own
  /// word where it has one for packets of all kinds.
  static func fresh(_ frame: ProbeFrame) -> Tracking {
    let isIPv4 = frame.etherType == EtherType.ipv4
    var state = Tracking.State.new
    switch frame.protocolNumber {
    case 6:
      // Without PSH: SYN, with URG too; ACK, with URG too, of a connection that began before (nf_conntrack_tcp_loose).
      state = [2, 34, 16, 48].contains(frame.tcpFlags & ~8) ? .new : .invalid
    // An answer to INIT that nobody sent.
    case 132: state = frame.tcpFlags == 18 ? .invalid : .new
    case 1 where isIPv4, 58 where !isIPv4: return ConnectionTracking.ofFirst(frame.packetPathFrame)
    default: break
    }
    return Tracking(state: state, side: .original)
  }

  private static let requests: [UInt8: (request: UInt16, answer: UInt16)] = [1: (8 << 8, 0), 58: (128 << 8, 129 << 8)]

  private mutating func established(
    _ frame: ProbeFrame, _ way: Way, _ topology: Topology, side: Tracking.Side
  ) -> Trial? {
    guard isAnswerable(frame, way, topology), isSpoken(frame) else { return nil }
    var (frame, first) = (frame, canonical(frame, way, topology))
    var answer = canonical(frame, way, topology).answer
    if side == .reply { swap(&first, &answer) }
    let firstWay = side == .original ? way : way.opposite
    var openers = [Trial.Opener(frame: first, way: firstWay)]
    switch frame.protocolNumber {
    case 6:
      openers[0].frame.tcpFlags = 2
      answer.tcpFlags = 18
      if side == .reply, aim.chance(1, of: 2) {
        frame.tcpFlags = 18
      } else {
        openers.append(Trial.Opener(frame: answer, way: firstWay.opposite))
        frame.tcpFlags = aim.pick([16, 24, 16])
        if side == .reply {
          first.tcpFlags = 16
          openers.append(Trial.Opener(frame: first, way: firstWay))
        }
      }
    case 132:
      guard side == .reply else { return nil }
      openers[0].frame.tcpFlags = 2
      frame.tcpFlags = 18
    default:
      if let (request, reply) = Self.requests[frame.protocolNumber] {
        frame.destinationPort = side == .original ? request : reply
        openers[0].frame.destinationPort = request
        answer.destinationPort = reply
      }
      if side == .original { openers.append(Trial.Opener(frame: answer, way: firstWay.opposite)) }
    }
    return Trial(
      frame: frame, way: way, topology: topology, tracking: Tracking(state: .established, side: side),
      openers: openers)
  }

  /// An ICMP error about a packet of a connection: about the first packet, or about the answer.
  private mutating func related(_ frame: ProbeFrame, _ way: Way, _ topology: Topology) -> Trial? {
    guard isAnswerable(frame, way, topology) else { return nil }
    var frame = frame
    let isIPv4 = frame.etherType == EtherType.ipv4
    let types: [UInt16] = isIPv4 ? [3, 3, 5, 11, 12] : [1, 1, 2, 3, 4]
    if frame.protocolNumber != (isIPv4 ? 1 : 58) || !types.contains(frame.destinationPort >> 8) {
      frame.destinationPort = aim.pick(types) << 8 | aim.pick([0, 1, 3])
    }
    frame.protocolNumber = isIPv4 ? 1 : 58
    var first = canonical(frame, way, topology)
    first.protocolNumber = 17
    first.sourcePort = .random(in: 1024...65535, using: &aim.random)
    first.destinationPort = .random(in: 1...65535, using: &aim.random)
    let isAboutAnswer = aim.chance(1, of: 2)
    // What travels towards the sender of the error is what it is about.
    frame.quoted = first.answer.packet(token: 0)
    var openers = [Trial.Opener(frame: first.answer, way: way.opposite)]
    if isAboutAnswer { openers.insert(Trial.Opener(frame: first, way: way), at: 0) }
    return Trial(
      frame: frame, way: way, topology: topology,
      tracking: Tracking(state: .related, side: isAboutAnswer ? .original : .reply), openers: openers)
  }

  private func invalid(_ frame: ProbeFrame, _ way: Way, _ topology: Topology) -> Trial? {
    // The kernel does not check what the host itself sends.
    guard !(way == .toMachine && topology == .host) else { return nil }
    let isIPv4 = frame.etherType == EtherType.ipv4
    guard [6, 17, isIPv4 ? 1 : 58, 132].contains(frame.protocolNumber) else { return nil }
    var frame = frame
    frame.hasRightChecksum = false
    return Trial(
      frame: frame, way: way, topology: topology, tracking: Tracking(state: .invalid, side: .original))
  }

  /// Whether what goes back gets to the sender.
  private func isAnswerable(_ frame: ProbeFrame, _ way: Way, _ topology: Topology) -> Bool {
    topology == .bridged || aim.isAt(frame.source, machine: way == .fromMachine, topology)
  }

  /// Whether it is one of a protocol in which there are answers.
  private func isSpoken(_ frame: ProbeFrame) -> Bool {
    let isIPv4 = frame.etherType == EtherType.ipv4
    return frame.protocolNumber != (isIPv4 ? 58 : 1) && frame.quoted.isEmpty
  }

  /// The frame with the MAC addresses that get it there.
  private func canonical(_ frame: ProbeFrame, _ way: Way, _ topology: Topology) -> ProbeFrame {
    var frame = frame
    let own = aim.plan.mac(aim.machine)
    let other = topology == .bridged ? aim.plan.mac(1) : aim.plan.bridge
    (frame.sourceMAC, frame.destinationMAC) = way == .fromMachine ? (own, other) : (other, own)
    frame.tcpOption = nil
    return frame
  }
}

extension ProbeFrame {
  /// What goes back.
  fileprivate var answer: ProbeFrame {
    var answer = self
    (answer.sourceMAC, answer.destinationMAC) = (destinationMAC, sourceMAC)
    (answer.source, answer.destination) = (destination, source)
    if protocolNumber != 1, protocolNumber != 58 {
      (answer.sourcePort, answer.destinationPort) = (destinationPort, sourcePort)
    }
    return answer
  }
}
