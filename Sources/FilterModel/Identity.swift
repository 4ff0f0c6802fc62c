// SPDX-License-Identifier: Apache-2.0

/// Who owns what on a host: everything of a project has a UUID that follows from the project's and its own name.
///
/// No state file is needed: a filter is ours if its UUID is the one for its name.
public struct Identity: Sendable, Hashable {
  public let project: String
  private let namespace: ObjectUUID

  /// The root of all names; random, and never changes (RFC 9562, section 6.6).
  private static let root = ObjectUUID(high: 0x5d0c_3c1e_8b0f_4f6a, low: 0x9a6d_27e1_40c8_b3f2)

  public init(project: String) {
    self.project = project
    namespace = ObjectUUID(namespace: Self.root, name: project)
  }

  public func uuid(ofFilter name: String) -> ObjectUUID { ObjectUUID(namespace: namespace, name: name) }

  /// The owner's UUID in a binding that nwfleet makes for a port.
  public func uuid(ofPort device: String) -> ObjectUUID { ObjectUUID(namespace: namespace, name: "port:\(device)") }

  public func owns(filter name: String, uuid: ObjectUUID) -> Bool { uuid == self.uuid(ofFilter: name) }

  /// The filter that no interface uses, whose comments say what was applied to the host.
  public var markerName: String { "\(project).host.marker" }

  /// The longest name of a project or a group: with others joined to it, it still fits a filter's name.
  public static let longestName = 41

  /// Whether a project or a group may have this name: a lower-case letter, then lower-case letters, digits and hyphens.
  public static func isValidName(_ name: String) -> Bool {
    guard (1...longestName).contains(name.utf8.count), let first = name.utf8.first else { return false }
    return isLowercase(first) && name.utf8.allSatisfy { isLowercase($0) || $0.isDigit || $0 == UInt8(ascii: "-") }
  }

  private static func isLowercase(_ byte: UInt8) -> Bool { byte.isLetter && byte & 0x20 != 0 }

  public static let nameExpectation =
    "a lower-case letter, then lower-case letters, digits or hyphens, at most \(longestName) characters in all"
}
