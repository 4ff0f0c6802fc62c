// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath
import Planning
import PolicyLanguage

/// Finds out whether a group with rules can take the place of a filter: the text of the group is read and compiled as any other,
/// and what the kernel makes of it is compared with what it makes of the filter, for all packets.
struct GroupProof {
  /// An interface with the filter.
  struct Port: Hashable {
    var machine: String
    var mac: MACAddress
  }

  enum Finding {
    /// The group, and what is to be known about it.
    case same(ProposedGroup, remarks: [String])
    /// Why the filter stays, and how the nearest group would differ.
    case different(reason: String, differences: [String])
  }

  /// By name, all of the host.
  let filters: [String: Filter]
  let acceptsSameFlows: Bool

  /// Lines about differences at most.
  private static let mostLines = 8

  /// - Parameters:
  ///   - name: of the group.
  ///   - ports: all that have the filter with these parameters; not empty.
  func examine(_ reference: FilterReference, name: String, ports: [Port]) -> Finding {
    do throws(TranslationRefusal) {
      let proposal = try FilterTranslator.proposal(for: reference, filters: filters, mac: ports[0].mac)
      return try compare(proposal, reference, name, ports)
    } catch {
      return .different(reason: error.reason, differences: [])
    }
  }

  private func compare(
    _ proposal: ProposedGroup, _ reference: FilterReference, _ name: String, _ ports: [Port]
  ) throws(TranslationRefusal) -> Finding {
    let desired = try desired(proposal, name, ports)
    let all = filters.merging(desired.filters.map { ($0.filter.name, $0.filter) }) { _, new in new }
    let wanted = Dictionary(desired.interfaces.map { ($0.mac, $0.reference) }) { first, _ in first }
    var seen: Set<[KernelProgram]> = []
    var remarks: [String] = []
    for port in ports {
      guard let group = wanted[port.mac] else {
        throw TranslationRefusal(reason: "no group reaches \(port.machine) (\(port.mac))")
      }
      let before = try program(reference, port, all)
      let after = try program(group, port, all)
      guard seen.insert([before, after]).inserted else { continue }
      let change = trafficChange(from: before, to: after, own: OwnAddresses(mac: port.mac))
      if !change.isNone {
        let lines = Self.lines(change)
        guard acceptsSameFlows, change.parts.allSatisfy({ $0.traffic == .laterPackets }) else {
          return .different(
            reason: change.parts.allSatisfy { $0.traffic == .laterPackets }
              ? "the nearest group decides new connections the same, and other packets not"
              : "the nearest group does not decide all packets the same",
            differences: lines)
        }
        remarks.append("New connections are decided as before, and of other packets all but:")
        remarks += lines.map { "  \($0)" }
      }
      remarks += Self.takenFromHost(before, after)
    }
    var told: Set<String> = []
    return .same(proposal, remarks: remarks.filter { told.insert($0).inserted })
  }

  // MARK: The group

  /// What a policy file with the group means.
  private func desired(
    _ proposal: ProposedGroup, _ name: String, _ ports: [Port]
  ) throws(TranslationRefusal) -> DesiredState {
    let machines = Dictionary(grouping: ports, by: \.machine).sorted { $0.key < $1.key }
    let group = PolicyWriter.Group(name: name, machines: machines.map(\.key), content: .rules(proposal))
    let host = InventoryHost(name: "host", uri: "qemu:///system", origin: HostImport.nowhere)
    let loaded = PolicyRepository.load(files: [
      PolicyFile(
        path: PolicyRepository.fileName, text: PolicyWriter.project(name: "imported", id: "00000000", hosts: [host])),
      PolicyFile(path: "policies/imported.yaml", text: PolicyWriter.groups([group])),
    ])
    guard let policy = loaded.policy else { throw Self.refusal(loaded.diagnostics) }
    let compilation = PolicyCompiler(policy, host: nil, today: .current)
      .compile(machines.map { HostMachine(name: $0.key, interfaces: $0.value.map(\.mac)) })
    guard let desired = compilation.desired else { throw Self.refusal(compilation.diagnostics) }
    return desired
  }

  private static func refusal(_ diagnostics: [Diagnostic]) -> TranslationRefusal {
    let first = diagnostics.first { $0.severity == .error }
    return TranslationRefusal(
      reason: "as a group it would be no valid policy: \(first?.message ?? "no reason is known")")
  }

  private func program(
    _ reference: FilterReference, _ port: Port, _ filters: [String: Filter]
  ) throws(TranslationRefusal) -> KernelProgram {
    do throws(KernelProgramError) {
      return try KernelProgram(reference, mac: port.mac, filters: filters)
    } catch {
      throw TranslationRefusal(reason: error.description)
    }
  }

  // MARK: Words

  private static func lines(_ change: TrafficChange) -> [String] {
    let all = change.lines(names: TrafficChange.names)
    var lines = Array(all.prefix(mostLines))
    if let example = change.parts.first?.boxes.boxes.first?.example.frame.packet, !lines.isEmpty {
      lines[0] += ", such as \(example)"
    }
    if all.count > mostLines { lines.append("and \(all.count - mostLines) more") }
    return lines
  }

  /// Packets that no rule of the filter decided, so that those of the host's own FORWARD chain did, and that the group accepts.
  private static func takenFromHost(_ before: KernelProgram, _ after: KernelProgram) -> [String] {
    var frames = FrameDiagram()
    var old = ProgramSets(before)
    var new = ProgramSets(after)
    var words: [String] = []
    for (way, direction) in [(Way.toMachine, "in"), (.fromMachine, "out")] {
      let left = old.fates(way, .bridged, in: &frames).undecided
      let taken = frames.diagram.difference(left, new.fates(way, .bridged, in: &frames).undecided)
      let found = frames.regions(of: taken, [.protocolNumber, .source, .destination], atMost: mostLines)
      words += RegionWords.lines(found.regions).map { "\(direction): \($0)" }
      if found.hasMore { words.append("\(direction): and more") }
    }
    if words.isEmpty { return [] }
    return [
      "The filter leaves to the host's own FORWARD rules, and the group accepts: \(words.joined(separator: "; "))."
    ]
  }
}
