// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel

/// The filter that a policy wants on one interface.
public struct InterfaceWish: Sendable, Hashable {
  public var reference: FilterReference
  /// The groups that ask for it, by name.
  public var groups: [String]
  /// The first of them.
  public var origin: SourceRange
  /// What reaches the VM one way although the policy denies it; see `DesiredInterface.oneWay`.
  public var oneWay: [String] = []

  /// The groups, for people.
  public var groupText: String { groups.joined(separator: ", ") }
}

/// Which interface gets which filter: from groups with a native filter, and from groups with rules.
public struct InterfaceWishes: Sendable {
  /// What is wanted of an interface.
  public enum Answer: Sendable, Hashable {
    case nothing
    case wish(InterfaceWish)
    /// Groups want different filters.
    case conflict(Diagnostic)
  }

  private struct Key: Hashable {
    var machine: String
    var mac: MACAddress
  }

  private let interfaces: [Key: DesiredInterface]
  private let attachments: [DesiredAttachment]
  /// Attachments by the names that they write out; those with patterns are tried one by one.
  private let literal: [String: [Int]]
  private let patterns: [Int]

  public init(_ desired: DesiredState) {
    interfaces = Dictionary(
      desired.interfaces.map { (Key(machine: $0.machine, mac: $0.mac), $0) }, uniquingKeysWith: { first, _ in first })
    attachments = desired.attachments
    var literal: [String: [Int]] = [:]
    var patterns: [Int] = []
    for (index, attachment) in desired.attachments.enumerated() {
      if attachment.machines.contains(where: { !$0.isLiteral }) {
        patterns.append(index)
      } else {
        for name in Set(attachment.machines.map(\.text)) { literal[name, default: []].append(index) }
      }
    }
    self.literal = literal
    self.patterns = patterns
  }

  /// Several groups that want the same are one.
  public func answer(machine: String, mac: MACAddress) -> Answer {
    let native = ((literal[machine] ?? []) + patterns).sorted().map { attachments[$0] }
      .filter { $0.selects(machine: machine) }
    if let other = native.first(where: { $0.reference != native[0].reference }) {
      return .conflict(conflict(machine, native[0], other))
    }
    guard let interface = interfaces[Key(machine: machine, mac: mac)] else {
      guard let first = native.first else { return .nothing }
      return .wish(
        InterfaceWish(reference: first.reference, groups: native.map(\.group).sorted(), origin: first.origin))
    }
    if let first = native.first, first.reference != interface.reference { return .conflict(conflict(interface, first)) }
    return .wish(
      InterfaceWish(
        reference: interface.reference, groups: (native.map(\.group) + interface.groups).sorted(),
        origin: interface.origin, oneWay: interface.oneWay))
  }

  /// What is wanted of an interface; nil where nothing is, or where groups disagree.
  public func wish(machine: String, mac: MACAddress) -> InterfaceWish? {
    if case .wish(let wish) = answer(machine: machine, mac: mac) { wish } else { nil }
  }

  private func conflict(_ machine: String, _ first: DesiredAttachment, _ other: DesiredAttachment) -> Diagnostic {
    Diagnostic(
      "group-conflict", "\(machine) is in groups \(first.group) and \(other.group), which want different filters",
      at: other.origin, hint: "an interface has one filter: make one that includes both, or narrow a group",
      notes: [Diagnostic.Note("group \(first.group)", at: first.origin)])
  }

  private func conflict(_ interface: DesiredInterface, _ native: DesiredAttachment) -> Diagnostic {
    Diagnostic(
      "group-conflict",
      "\(interface.machine) (\(interface.mac)) is in group \(native.group), which wants the native filter "
        + "\(native.reference.filter), and in \(interface.groups.joined(separator: ", ")), which wants another",
      at: native.origin, hint: "an interface has one filter: narrow one of the groups",
      notes: [Diagnostic.Note("group \(interface.groups.first ?? "")", at: interface.origin)])
  }
}
