// SPDX-License-Identifier: Apache-2.0

/// Sets of bit vectors as reduced ordered binary decision diagrams (R. E. Bryant, "Graph-Based Algorithms for Boolean Function
/// Manipulation", 1986).
///
/// Every set has one ``Node`` in a diagram, so that `==` of nodes compares sets, and asking for emptiness costs nothing. Nodes of
/// two diagrams have nothing to do with each other. Nothing is ever freed: a diagram lives as long as a question.
public struct DecisionDiagram: ~Copyable, Sendable {
  /// A set in the diagram that made it: an edge to a branch, and whether what the branch says is to be inverted (K. Brace, R.
  /// Rudell, R. Bryant, "Efficient Implementation of a BDD Package", 1990).
  public struct Node: Sendable, Hashable {
    let edge: UInt32

    /// Every vector.
    public static let everything = Node(edge: 0)
    /// No vector.
    public static let nothing = Node(edge: 1)

    /// The vectors that are not in the set.
    public var complement: Node { Node(edge: edge ^ 1) }

    public var isEverything: Bool { edge == 0 }
    public var isNothing: Bool { edge == 1 }

    var isConstant: Bool { edge < 2 }
    var index: Int { Int(edge >> 1) }
    var sign: UInt32 { edge & 1 }
  }

  /// The decision by one variable. The edge for 1 is never inverted, which makes the form unique.
  struct Branch: Sendable {
    var variable: UInt32
    var low: UInt32
    var high: UInt32
  }

  /// A result of ``and(_:_:)``, which the next one with the same place takes away.
  struct Remembered: Sendable {
    var left: UInt32
    var right: UInt32
    var result: UInt32
  }

  /// The first is the leaf.
  var branches: [Branch] = [Branch(variable: .max, low: 0, high: 0)]
  /// Indices of branches by their hash, with open addressing; 0 is free.
  private var places: [UInt32]
  private var placeShift: UInt64
  private var remembered: [Remembered]
  private var rememberedShift: UInt64

  private static let firstSize = 12
  /// More results than that fall out of the processor's caches.
  private static let largestMemory = 20
  /// Both edges of no operation: operations on constants are never remembered.
  private static let unused = Remembered(left: 0, right: 0, result: 0)

  public init() {
    places = Array(repeating: 0, count: 1 << Self.firstSize)
    placeShift = UInt64(64 - Self.firstSize)
    remembered = Array(repeating: Self.unused, count: 1 << Self.firstSize)
    rememberedShift = UInt64(64 - Self.firstSize)
  }

  /// How many branches all sets together have so far.
  public var count: Int { branches.count - 1 }
}

// MARK: Branches

extension DecisionDiagram {
  /// The variable that a set is decided by first; `UInt32.max` for everything and nothing.
  @inline(__always)
  func variable(_ node: Node) -> UInt32 { branches[node.index].variable }

  /// What is left of a set where its first variable is 0, and where it is 1.
  @inline(__always)
  func children(_ node: Node) -> (low: Node, high: Node) {
    let branch = branches[node.index]
    return (Node(edge: branch.low ^ node.sign), Node(edge: branch.high ^ node.sign))
  }

  /// The set that is `low` where a variable is 0 and `high` where it is 1; both depend on later variables only.
  @inline(__always)
  mutating func branch(_ variable: UInt32, low: Node, high: Node) -> Node {
    if low == high { return low }
    let sign = high.sign
    return Node(
      edge: index(of: Branch(variable: variable, low: low.edge ^ sign, high: high.edge ^ sign)) << 1 | sign)
  }

  private mutating func index(of branch: Branch) -> UInt32 {
    let mask = places.count - 1
    var place = Self.hash(branch.low, branch.high, branch.variable, placeShift)
    while true {
      let index = places[place]
      if index == 0 { break }
      let other = branches[Int(index)]
      if other.low == branch.low && other.high == branch.high && other.variable == branch.variable { return index }
      place = (place + 1) & mask
    }
    // One bit of an edge is its sign.
    precondition(branches.count < 1 << 31, "a decision diagram has at most 2³¹ branches")
    let index = UInt32(branches.count)
    places[place] = index
    branches.append(branch)
    if branches.count > places.count / 2 { growPlaces() }
    return index
  }

  private mutating func growPlaces() {
    placeShift -= 1
    places = Array(repeating: 0, count: places.count * 2)
    let mask = places.count - 1
    for index in 1..<branches.count {
      let branch = branches[index]
      var place = Self.hash(branch.low, branch.high, branch.variable, placeShift)
      while places[place] != 0 { place = (place + 1) & mask }
      places[place] = UInt32(index)
    }
    if remembered.count < places.count, remembered.count < 1 << Self.largestMemory { growMemory() }
  }

  @inline(__always)
  private static func hash(_ first: UInt32, _ second: UInt32, _ third: UInt32, _ shift: UInt64) -> Int {
    var word = (UInt64(first) << 32 | UInt64(second)) &* 0x9e37_79b9_7f4a_7c15
    word = (word ^ word >> 29 ^ UInt64(third)) &* 0xbf58_476d_1ce4_e5b9
    return Int(truncatingIfNeeded: word >> shift)
  }
}

// MARK: Results of operations

extension DecisionDiagram {
  @inline(__always)
  func memory(_ left: Node, _ right: Node) -> Node? {
    let entry = remembered[Self.hash(left.edge, right.edge, 0, rememberedShift)]
    return entry.left == left.edge && entry.right == right.edge ? Node(edge: entry.result) : nil
  }

  @inline(__always)
  mutating func remember(_ left: Node, _ right: Node, _ result: Node) {
    remembered[Self.hash(left.edge, right.edge, 0, rememberedShift)] = Remembered(
      left: left.edge, right: right.edge, result: result.edge)
  }

  private mutating func growMemory() {
    let old = remembered
    rememberedShift -= 1
    remembered = Array(repeating: Self.unused, count: old.count * 2)
    for entry in old where entry.left != entry.right {
      remembered[Self.hash(entry.left, entry.right, 0, rememberedShift)] = entry
    }
  }
}
