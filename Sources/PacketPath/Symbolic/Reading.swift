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
}
