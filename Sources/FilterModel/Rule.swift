// SPDX-License-Identifier: Apache-2.0

/// What happens to a packet that a rule matches.
public enum Action: String, Sendable, Hashable, CaseIterable {
  case accept, drop, reject
  /// Leaves the chain.
  case `return`
  /// Goes on with the next rule; layer 2 only.
  case `continue`
}

/// Which traffic a rule sees, from the VM's point of view.
public enum Direction: String, Sendable, Hashable, CaseIterable {
  case `in`, out, `inout`
}

/// One rule of a filter.
public struct Rule: Sendable, Hashable {
  public var action: Action
  public var direction: Direction
  /// -1000 to 1000, lower first.
  public var priority: Int
  /// Whether libvirt adds its connection state match to layer-3 rules.
  public var matchesState: Bool
  /// What the rule looks at; nil matches every frame.
  public var match: Match?

  public static let defaultPriority = 500

  public init(
    _ action: Action, _ direction: Direction, priority: Int = Rule.defaultPriority, matchesState: Bool = true,
    match: Match? = nil
  ) {
    self.action = action
    self.direction = direction
    self.priority = priority
    self.matchesState = matchesState
    self.match = match
  }
}

/// One protocol with the attributes that a packet must have.
public struct Match: Sendable, Hashable {
  /// An attribute, by its index in the protocol's table.
  public struct Attribute: Sendable, Hashable {
    public var index: UInt8
    /// Whether the packet must not have the value (`match='no'`).
    public var isNegated: Bool
    public var value: Value
  }

  public let filterProtocol: FilterProtocol
  /// In the table's order, each attribute once.
  public private(set) var attributes: [Attribute] = []

  public init(_ filterProtocol: FilterProtocol) { self.filterProtocol = filterProtocol }

  /// Sets an attribute; a later value takes the place of an earlier one, as in libvirt.
  public mutating func set(_ index: Int, _ value: Value, isNegated: Bool = false) {
    let attribute = Attribute(
      index: UInt8(index), isNegated: isNegated && filterProtocol.attributes[index].isNegatable, value: value)
    // Few rules have more; growing one by one would move them each time.
    if attributes.isEmpty { attributes.reserveCapacity(4) }
    var place = attributes.count
    while place > 0, attributes[place - 1].index >= attribute.index { place -= 1 }
    if place < attributes.count, attributes[place].index == attribute.index {
      attributes[place] = attribute
    } else {
      attributes.insert(attribute, at: place)
    }
  }

  public func definition(of attribute: Attribute) -> AttributeDefinition {
    filterProtocol.attributes[Int(attribute.index)]
  }

  /// The attribute of this name, if the rule has it.
  public subscript(name: String) -> Attribute? {
    attributes.first { definition(of: $0).name == name }
  }
}
