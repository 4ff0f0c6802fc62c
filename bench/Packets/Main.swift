// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Glibc
import PacketPath

/// Sends packets through the kernel rules of one filter, as `scan_rules.c` does with the same rules and packets.
///
/// Prints milliseconds of processor time, packets, and how many of them are accepted.
@main enum Main {
  static func main() throws {
    let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    guard numbers.count == 2, numbers[0] > 0, numbers[0] <= 60_000, numbers[1] > 0 else {
      fatalError("usage: bench-packets RULES PACKETS")
    }
    let (rules, packets) = (numbers[0], numbers[1])
    let program = try KernelProgram(root: "bench", filters: ["bench": filter(rules)], parameters: [:])
    let frames = (0..<min(packets, 10_000)).map { frame($0, rules) }
    var accepted = 0
    let start = clock()
    for packet in 0..<packets
    where program.outcome(frames[packet % frames.count], .toMachine, .bridged, .first) == .accepted {
      accepted += 1
    }
    print(Double(clock() - start) / 1000, packets, accepted)
  }

  /// Rule n accepts one port from one address; the last one drops everything else.
  private static func filter(_ rules: Int) -> Filter {
    var filter = Filter(name: "bench")
    for rule in 0..<rules {
      var match = Match(.tcp)
      for (name, value) in [
        ("srcipaddr", Value.ipv4(IPv4Address(bits: source(rule)))), ("dstportstart", .number(UInt32(port(rule)))),
      ] {
        guard let place = match.filterProtocol.attributes.firstIndex(where: { $0.name == name }) else {
          fatalError("TCP rules have no \(name)")
        }
        match.set(place, value)
      }
      filter.entries.append(.rule(Rule(.accept, .in, priority: 500, match: match)))
    }
    filter.entries.append(.rule(Rule(.drop, .inout, priority: 900, match: Match(.all))))
    return filter
  }

  /// The first packet of a connection that a rule all over the list accepts; every tenth meets none.
  private static func frame(_ number: Int, _ rules: Int) -> Frame {
    let rule = number * 7919 % rules
    let packet = Packet(
      family: .ipv4, protocolNumber: 6, source: UInt128(source(rule)), destination: 0xc0a8_7a0b, sourcePort: 40_000,
      destinationPort: number % 10 == 9 ? 61_000 : UInt16(port(rule)))
    var frame = Frame(
      packet, sourceMAC: MACAddress(bits: 0x5254_0000_0001), destinationMAC: MACAddress(bits: 0x5254_0000_0002))
    frame.tcpFlags = .syn
    return frame
  }

  private static func source(_ rule: Int) -> UInt32 { 0x0a00_0001 + UInt32(rule) << 8 }

  private static func port(_ rule: Int) -> Int { 1000 + rule * 37 % 60_000 }
}
