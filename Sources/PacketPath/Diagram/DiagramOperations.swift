// SPDX-License-Identifier: Apache-2.0

extension DecisionDiagram {
  /// The vectors in both sets.
  public mutating func and(_ left: Node, _ right: Node) -> Node {
    if left == right || right.isEverything { return left }
    if left.isEverything { return right }
    if left.isNothing || right.isNothing || left == right.complement { return .nothing }
    let (left, right) = left.edge < right.edge ? (left, right) : (right, left)
    if let known = memory(left, right) { return known }
    let leftVariable = variable(left)
    let rightVariable = variable(right)
    let first = min(leftVariable, rightVariable)
    let (leftLow, leftHigh) = leftVariable == first ? children(left) : (left, left)
    let (rightLow, rightHigh) = rightVariable == first ? children(right) : (right, right)
    let low = and(leftLow, rightLow)
    let high = and(leftHigh, rightHigh)
    let result = branch(first, low: low, high: high)
    remember(left, right, result)
    return result
  }

  /// The vectors in one of the sets or in both.
  public mutating func or(_ left: Node, _ right: Node) -> Node {
    and(left.complement, right.complement).complement
  }

  /// The vectors of the first set that are not in the second.
  public mutating func difference(_ left: Node, _ right: Node) -> Node { and(left, right.complement) }

  /// The vectors of `yes` where they are in the condition, those of `no` where they are not.
  public mutating func ite(_ condition: Node, _ yes: Node, _ no: Node) -> Node {
    if yes == no { return yes }
    let inside = and(condition, yes)
    let outside = and(condition.complement, no)
    return or(inside, outside)
  }

  /// The vectors in any of the sets.
  ///
  /// Neighbours first: the sets of most steps are small, where one after the other would walk through the whole result each time.
  public mutating func union(_ sets: [Node]) -> Node {
    var sets = sets
    while sets.count > 1 {
      for pair in 0..<sets.count / 2 { sets[pair] = or(sets[2 * pair], sets[2 * pair + 1]) }
      if !sets.count.isMultiple(of: 2) { sets[sets.count / 2] = sets[sets.count - 1] }
      sets.removeLast(sets.count / 2)
    }
    return sets.first ?? .nothing
  }

  /// Whether every vector of the first set is in the second.
  public mutating func isSubset(_ left: Node, of right: Node) -> Bool { difference(left, right).isNothing }

  /// Whether some vector is in both sets.
  public mutating func intersects(_ left: Node, _ right: Node) -> Bool { !and(left, right).isNothing }
}

// MARK: Variables taken away

extension DecisionDiagram {
  /// The vectors that are in the set for some value of the field.
  public mutating func exists(_ field: DiagramField, in set: Node) -> Node {
    var known = NodeMemory()
    return exists(field, set, &known)
  }

  private mutating func exists(_ field: DiagramField, _ set: Node, _ known: inout NodeMemory) -> Node {
    let first = variable(set)
    // Leaves have the highest variable of all.
    guard first <= field.last else { return set }
    if let result = known[set] { return result }
    let children = children(set)
    let low = exists(field, children.low, &known)
    let high = exists(field, children.high, &known)
    let result = field.holds(first) ? or(low, high) : branch(first, low: low, high: high)
    known[set] = result
    return result
  }

  /// What the set says of the other variables where those of the assignment have its values.
  public mutating func restrict(_ assignment: DiagramAssignment, in set: Node) -> Node {
    guard let last = assignment.last else { return set }
    var known = NodeMemory()
    return restrict(assignment, last, set, &known)
  }

  private mutating func restrict(
    _ assignment: DiagramAssignment, _ last: UInt32, _ set: Node, _ known: inout NodeMemory
  ) -> Node {
    let first = variable(set)
    // Leaves have the highest variable of all.
    guard first <= last else { return set }
    if let result = known[set] { return result }
    let children = children(set)
    let result: Node
    if let value = assignment[first] {
      result = restrict(assignment, last, value ? children.high : children.low, &known)
    } else {
      let low = restrict(assignment, last, children.low, &known)
      let high = restrict(assignment, last, children.high, &known)
      result = branch(first, low: low, high: high)
    }
    known[set] = result
    return result
  }
}

/// Values of some variables.
public struct DiagramAssignment: Sendable, Hashable {
  /// By variable: 0, 1, or 2 for none.
  private var values: [UInt8] = []

  public init() {}

  /// The highest variable with a value.
  var last: UInt32? { values.isEmpty ? nil : UInt32(values.count - 1) }

  subscript(variable: UInt32) -> Bool? {
    let index = Int(variable)
    return index < values.count && values[index] < 2 ? values[index] == 1 : nil
  }

  public mutating func set(_ variable: UInt32, _ value: Bool) {
    let index = Int(variable)
    if index >= values.count { values += Array(repeating: 2, count: index + 1 - values.count) }
    values[index] = value ? 1 : 0
  }

  /// Gives all bits of a field the values that they have in a number.
  public mutating func set(_ field: DiagramField, _ number: UInt128) {
    for place in 0..<field.width { set(field.variable(place), field.bit(at: place, of: number)) }
  }
}

/// Results of one operation by what they were asked of: a table with open addressing, as the standard library's dictionary takes
/// most of the time of an operation.
struct NodeMemory: Sendable {
  private var keys: [UInt32] = Array(repeating: 0, count: 64)
  private var results: [UInt32] = Array(repeating: 0, count: 64)
  private var count = 0
  private var shift: UInt64 = 58

  subscript(node: DecisionDiagram.Node) -> DecisionDiagram.Node? {
    get {
      let place = place(of: node.edge)
      return keys[place] == 0 ? nil : DecisionDiagram.Node(edge: results[place])
    }
    set {
      guard let newValue else { return }
      if count * 2 >= keys.count { grow() }
      let place = place(of: node.edge)
      if keys[place] == 0 { count += 1 }
      // Constants are never asked for, so 0 is free.
      keys[place] = node.edge
      results[place] = newValue.edge
    }
  }

  /// Where a key is, or where it would be put.
  private func place(of key: UInt32) -> Int {
    var place = Int(truncatingIfNeeded: (UInt64(key) &* 0x9e37_79b9_7f4a_7c15) >> shift)
    while keys[place] != 0 && keys[place] != key { place = (place + 1) & (keys.count - 1) }
    return place
  }

  private mutating func grow() {
    let old = (keys, results)
    shift -= 1
    keys = Array(repeating: 0, count: old.0.count * 2)
    results = keys
    for (key, result) in zip(old.0, old.1) where key != 0 {
      let place = place(of: key)
      keys[place] = key
      results[place] = result
    }
  }
}
