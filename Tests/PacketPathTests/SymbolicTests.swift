// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Foundation
import Testing

@testable import PacketPath

/// How much is drawn: `NWFLEET_SYMBOLIC_FRAMES=1000` is the full run, for a release build.
private let framesForEach = ProcessInfo.processInfo.environment["NWFLEET_SYMBOLIC_FRAMES"].flatMap { Int($0) } ?? 12
private let pairs = 200

@Suite("Sets of frames say what single frames say")
struct SymbolicTests {
  @Test("Every frame is in the set of what becomes of it", arguments: 0..<pairs)
  func membership(seed: Int) {
    var random = RandomPrograms(seed: seed)
    let program = random.program()
    let sampler = FrameSampler([program])
    var frames = FrameDiagram()
    var sets = ProgramSets(program)
    for _ in 0..<framesForEach {
      let sample = sampler.frame(using: &random.generator)
      let way = Way.allCases.randomElement(using: &random.generator)!
      let topology = Topology.allCases.randomElement(using: &random.generator)!
      let fates = sets.fates(way, topology, in: &frames)
      let outcome = program.outcome(sample.frame, way, topology, sample.tracking)
      for (set, expected) in [
        (fates.accepted, Outcome.accepted), (fates.dropped, .dropped), (fates.rejected, .rejected),
        (fates.undecided, .undecided),
      ] {
        #expect(
          frames.contains(set, sample.frame, sample.tracking) == (expected == outcome), "\(sample) \(way) \(topology)")
      }
      guard sample.frame.family != nil else { continue }
      let flows = sets.flows(begins: way, topology, in: &frames)
      let verdict = program.verdict(Flow(begins: way, first: sample.frame, topology: topology))
      for expected in FlowOutcome.allCases {
        #expect(
          frames.contains(flows[expected], sample.frame, sample.tracking) == (expected == verdict.outcome),
          "\(sample) \(way) \(topology) \(verdict)")
      }
    }
  }

  @Test("Messages of ICMP are never part of a connection that they do not begin or answer")
  func messages() throws {
    func change(_ lines: String...) throws -> TrafficChange {
      let end = ["drop inout 900 all", "drop inout 900 all-ipv6"].map { Filter.Entry.rule(rule($0)) }
      let programs = try [[], lines].map { lines in
        let filter = Filter(name: "f", entries: lines.map { .rule(rule($0)) } + end)
        return try KernelProgram(root: "f", filters: ["f": filter], parameters: [:])
      }
      return trafficChange(from: programs[0], to: programs[1])
    }
    // Errors are related, and what nobody asked for is invalid: neither has the states of a plain accept.
    #expect(try change("accept in 100 icmp type=3", "accept out 100 icmpv6 type=1").isNone)
    #expect(try change("accept in 100 icmpv6 type=135").isNone)
    #expect(try !change("accept in 100 icmp type=8").isNone)
    #expect(try !change("accept in 100 icmp type=3 state=RELATED").isNone)
    // An answer may belong to a connection that runs.
    #expect(try change("accept in 100 icmp type=0").parts.map(\.traffic) == [.laterPackets])
  }

  @Test(
    "A traffic change agrees with single frames, and every part of it has a frame that shows it", arguments: 0..<pairs)
  func change(seed: Int) {
    var random = RandomPrograms(seed: seed + 1_000_000)
    let (old, new) = random.pair()
    let change = trafficChange(from: old, to: new)
    for part in change.parts {
      #expect(!part.boxes.boxes.isEmpty, "\(part)")
      for box in part.boxes.boxes { expectShown(box, part, old, new) }
    }
    let sampler = FrameSampler([old, new])
    for _ in 0..<framesForEach {
      var sample = sampler.frame(using: &random.generator)
      let way = Way.allCases.randomElement(using: &random.generator)!
      let topology = Topology.allCases.randomElement(using: &random.generator)!
      let before = old.outcome(sample.frame, way, topology, sample.tracking)
      let after = new.outcome(sample.frame, way, topology, sample.tracking)
      if change.isNone { #expect(passes(before) == passes(after), "\(sample) \(way) \(topology)") }
      // Where the own addresses are not known, all are the machine's own that can be.
      guard let family = sample.frame.family,
        !ConnectionTracking.unansweredDestinations(family).contains(
          sample[way == .fromMachine ? .source : .destination])
      else { continue }
      sample.frame.isLaterFragment = false
      sample.frame.typeOfService = 0
      sample.frame.tcpOptions = []
      sample.frame.tcpFlags = sample.frame.protocolNumber == 6 ? .syn : []
      let flow = Flow(begins: way, first: sample.frame, topology: topology)
      let from = old.verdict(flow).outcome
      let to = new.verdict(flow).outcome
      for part in change.parts where part.traffic == .ordinary && part.begins == way && !part.boxes.hasMore {
        guard part.topologies.contains(topology) else { continue }
        let count = part.boxes.boxes.count { $0.contains(sample) }
        #expect(count <= 1)
        if count == 1 { #expect(from == part.from && to == part.to) }
      }
      let isTold = change.parts.contains { part in
        part.traffic == .ordinary && part.begins == way && part.topologies.contains(topology) && part.from == from
          && part.to == to && (part.boxes.hasMore || part.boxes.boxes.contains { $0.contains(sample) })
      }
      #expect(
        isTold == (from != to) || change.parts.contains(where: \.boxes.hasMore), "\(flow) \(from) \(to) \(change)")
    }
  }

  private func passes(_ outcome: Outcome) -> Outcome { outcome == .undecided ? .accepted : outcome }

  /// The example of a box is one.
  private func expectShown(_ box: TrafficBox, _ part: TrafficChange.Part, _ old: KernelProgram, _ new: KernelProgram) {
    for topology in part.topologies {
      switch part.traffic {
      case .otherFrames, .laterPackets:
        let outcomes = [old, new].map {
          passes($0.outcome(box.example.frame, part.begins, topology, box.example.tracking))
        }
        let expected = [part.from, part.to].map { outcome -> Outcome in
          switch outcome {
          case .allowed, .oneWay: .accepted
          case .dropped: .dropped
          case .rejected: .rejected
          }
        }
        #expect(outcomes == expected, "\(part) \(box)")
      case .ordinary, .foreignAddress, .foreignMAC:
        let flow = Flow(begins: part.begins, first: box.example.frame, topology: topology)
        #expect(old.verdict(flow).outcome == part.from, "\(part) \(box) \(old.verdict(flow))")
        #expect(new.verdict(flow).outcome == part.to, "\(part) \(box) \(new.verdict(flow))")
      }
    }
  }
}

extension TrafficBox {
  /// Whether a frame's fields are as the box says.
  fileprivate func contains(_ sample: TrackedFrame) -> Bool {
    guard let family = sample.frame.family, families.contains(family) else { return false }
    return regions.contains { $0.contains(sample.frame.packet!) }
      && fields.allSatisfy { [.protocolNumber].contains($0.key) || $0.value.contains(sample[$0.key]) }
      && memberships.allSatisfy { sample.frame.memberships.contains($0.key) == $0.value }
  }
}
