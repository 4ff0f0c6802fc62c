// SPDX-License-Identifier: Apache-2.0

/// How conditions are read as sets: whose fields they speak of.
struct Reading: Sendable, Hashable {
  /// Which frame a set is about, and which frame the conditions are.
  enum View: Sendable, Hashable {
    /// The conditions are about the frames of the set, whose tracking is part of it.
    case frame
    /// The conditions are about the first frame of a flow, which the set is about.
    case request
    /// The conditions are about the answer to the first frame of a flow, and the set about that first frame.
    ///
    /// So a set of answers needs no exchange of variables, for which diagrams are bad.
    case answer
  }

  var view: View
  /// Whether only frames of IPv4 are asked about, whose addresses have 32 bits.
  var isIPv4 = false
  /// Whether only frames are asked about that are no messages of ICMP, whose ports are ports.
  var hasPorts = false

  init(_ view: View) { self.view = view }

  /// The field of the set's frames that holds what a field of the conditions' frame holds.
  func mirrored(_ field: Field) -> Field {
    guard view == .answer else { return field }
    return switch field {
    case .source: .destination
    case .destination: .source
    case .sourcePort: .destinationPort
    case .destinationPort: .sourcePort
    case .sourceMAC: .destinationMAC
    case .destinationMAC: .sourceMAC
    default: field
    }
  }

  /// The field of the set's frames that alone decides a test of a field; nil where something else has a say.
  func stored(_ field: Field) -> Field? {
    switch (view, field) {
    case (.frame, _): field
    case (_, .state), (_, .side), (_, .connections): nil
    case (.request, _): field
    case (.answer, .sourcePort), (.answer, .destinationPort): hasPorts ? mirrored(field) : nil
    case (.answer, .tcpFlags), (.answer, .sourceMAC): nil
    case (.answer, _): mirrored(field)
    }
  }

  /// The reading of a rule, whose conditions say what frames it is about.
  func narrowed(by conditions: [Condition]) -> Reading {
    var result = self
    for condition in conditions where !condition.isNegated {
      guard case .range(let field, let range) = condition.test else { continue }
      if field == .etherType, range == UInt128(EtherType.ipv4)...UInt128(EtherType.ipv4) { result.isIPv4 = true }
      if field == .protocolNumber, !range.contains(1), !range.contains(58) { result.hasPorts = true }
    }
    return result
  }

  /// The ranges that conditions demand of fields of the set's frames; they may demand more.
  func ranges(_ conditions: [Condition]) -> ChangedRegion.Ranges {
    conditions.compactMap { condition in
      guard !condition.isNegated, case .range(let field, let range) = condition.test, let stored = stored(field) else {
        return nil
      }
      return (stored, range)
    }
  }
}
