// SPDX-License-Identifier: Apache-2.0

extension DecisionDiagram {
  /// Whether the vector with these bits is in the set.
  public func contains(_ set: Node, _ bit: (UInt32) -> Bool) -> Bool {
    var set = set
    while !set.isConstant {
      let children = children(set)
      set = bit(variable(set)) ? children.high : children.low
    }
    return set.isEverything
  }

  /// One vector of the set, as the variables that are 1; the lowest one, and nil for the empty set.
  public func example(_ set: Node) -> Set<UInt32>? {
    guard !set.isNothing else { return nil }
    var set = set
    var ones: Set<UInt32> = []
    while !set.isConstant {
      let children = children(set)
      if children.low.isNothing {
        ones.insert(variable(set))
        set = children.high
      } else {
        set = children.low
      }
    }
    return ones
  }

  /// The part of a set in which as many wishes as possible hold, the first ones first.
  public mutating func preferring(_ wishes: [Node], in set: Node) -> Node {
    var set = set
    for wish in wishes {
      let rest = and(set, wish)
      if !rest.isNothing { set = rest }
    }
    return set
  }

  /// The variables that some of the sets depend on, lowest first.
  public func support(_ sets: [Node]) -> [UInt32] {
    var seen: Set<Int> = [0]
    var variables: Set<UInt32> = []
    var waiting = sets.map(\.index)
    while let index = waiting.popLast() {
      guard seen.insert(index).inserted else { continue }
      let branch = branches[index]
      variables.insert(branch.variable)
      waiting += [Int(branch.low >> 1), Int(branch.high >> 1)]
    }
    return variables.sorted()
  }

  /// How many branches the sets are made of, shared ones counted once.
  public func size(_ sets: [Node]) -> Int {
    var seen: Set<Int> = [0]
    var waiting = sets.map(\.index)
    while let index = waiting.popLast() {
      guard seen.insert(index).inserted else { continue }
      waiting += [Int(branches[index].low >> 1), Int(branches[index].high >> 1)]
    }
    return seen.count - 1
  }
}
