// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import PacketPath

/// Three fields, the last two of which take turns: 2⁸ vectors.
private let fields = [
  DiagramField(first: 0, width: 4), DiagramField(first: 4, width: 2, stride: 2),
  DiagramField(first: 5, width: 2, stride: 2),
]
private let vectors = 1 << 8

/// The number that a field has in a vector, whose highest bit is variable 0.
private func number(_ field: DiagramField, _ vector: Int) -> UInt128 {
  (0..<field.width).reduce(0) { $0 << 1 | UInt128(bit(field.variable($1), vector) ? 1 : 0) }
}

private func bit(_ variable: UInt32, _ vector: Int) -> Bool { vector >> (7 - Int(variable)) & 1 == 1 }

/// A set as a diagram and as a list of all its vectors.
private struct Twin {
  var node: DecisionDiagram.Node
  var members: [Bool]

  init(_ node: DecisionDiagram.Node, where isMember: (Int) -> Bool) {
    self.node = node
    members = (0..<vectors).map(isMember)
  }
}

@Suite("Decision diagrams")
struct DecisionDiagramTests {
  /// A random expression over the fields.
  private func random(
    _ depth: Int, in diagram: inout DecisionDiagram, using generator: inout SeededGenerator
  ) -> Twin {
    guard depth > 0 else {
      let field = fields.randomElement(using: &generator)!
      let value = UInt128(Int.random(in: 0...Int(field.maximum), using: &generator))
      let other = UInt128(Int.random(in: 0...Int(field.maximum), using: &generator))
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: return Twin(diagram.equal(fields[1], fields[2])) { number(fields[1], $0) == number(fields[2], $0) }
      case 1:
        let range = min(value, other)...max(value, other)
        return Twin(diagram.range(field, range)) { range.contains(number(field, $0)) }
      case 2:
        return Twin(diagram.masked(field, value: value, mask: other)) {
          number(field, $0) & other == value & other
        }
      default:
        let set = IntervalSet<UInt128>([value...value, other...other])
        return Twin(diagram.members(field, set)) { set.contains(number(field, $0)) }
      }
    }
    let left = random(depth - 1, in: &diagram, using: &generator)
    let right = random(depth - 1, in: &diagram, using: &generator)
    switch Int.random(in: 0..<8, using: &generator) {
    case 0: return Twin(diagram.and(left.node, right.node)) { left.members[$0] && right.members[$0] }
    case 1: return Twin(diagram.or(left.node, right.node)) { left.members[$0] || right.members[$0] }
    case 2: return Twin(diagram.difference(left.node, right.node)) { left.members[$0] && !right.members[$0] }
    case 3: return Twin(diagram.union([left.node, right.node, left.node])) { left.members[$0] || right.members[$0] }
    case 4: return Twin(left.node.complement) { !left.members[$0] }
    case 5:
      let third = random(depth - 1, in: &diagram, using: &generator)
      return Twin(diagram.ite(left.node, right.node, third.node)) {
        left.members[$0] ? right.members[$0] : third.members[$0]
      }
    case 6:
      let field = fields.randomElement(using: &generator)!
      let alike = alike(but: field)
      return Twin(diagram.exists(field, in: left.node)) { alike[$0].contains { left.members[$0] } }
    default:
      let field = fields.randomElement(using: &generator)!
      let alike = alike(but: field)
      let value = UInt128(Int.random(in: 0...Int(field.maximum), using: &generator))
      var assignment = DiagramAssignment()
      assignment.set(field, value)
      return Twin(diagram.restrict(assignment, in: left.node)) {
        left.members[alike[$0].first { number(field, $0) == value }!]
      }
    }
  }

  /// For each vector those that differ from it in one field at most.
  private func alike(but field: DiagramField) -> [[Int]] {
    let mask = (0..<field.width).reduce(0) { $0 | 1 << (7 - Int(field.variable($1))) }
    let groups = Dictionary(grouping: 0..<vectors) { $0 & ~mask }
    return (0..<vectors).map { groups[$0 & ~mask]! }
  }

  @Test("Operations agree with lists of all members, and one set is one node", arguments: 0..<16)
  func agreement(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var diagram = DecisionDiagram()
    var known: [[Bool]: DecisionDiagram.Node] = [:]
    for _ in 0..<6 {
      let twin = random(Int.random(in: 1...3, using: &generator), in: &diagram, using: &generator)
      var members: [Bool] = []
      for vector in 0..<vectors { members.append(diagram.contains(twin.node) { bit($0, vector) }) }
      #expect(members == twin.members)
      if let other = known[twin.members] { #expect(other == twin.node) }
      known[twin.members] = twin.node
      #expect(twin.node.isNothing == !twin.members.contains(true))
      if let example = diagram.example(twin.node) {
        let vector = (0..<8).reduce(0) { $0 << 1 | (example.contains(UInt32($1)) ? 1 : 0) }
        #expect(twin.members[vector])
      } else {
        #expect(twin.node.isNothing)
      }
      for (members, node) in known {
        let isSubset = zip(members, twin.members).allSatisfy { !$0 || $1 }
        #expect(diagram.isSubset(node, of: twin.node) == isSubset)
      }
    }
  }

  @Test("Boxes are disjoint and hold exactly the set; a remainder holds the rest", arguments: 0..<12)
  func boxes(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var diagram = DecisionDiagram()
    // The second and third field do not take turns here.
    let fields = [
      DiagramField(first: 0, width: 4), DiagramField(first: 4, width: 1), DiagramField(first: 5, width: 3),
    ]
    let set = random(3, in: &diagram, using: &generator)
    for limit in [1, 4, 1_000] {
      let result = diagram.boxes(of: set.node, fields, atMost: limit)
      #expect(result.boxes.count <= limit)
      if limit == 1_000 { #expect(result.remainder.isNothing) }
      var isRight = true
      for vector in 0..<vectors {
        let count = result.boxes.count { box in
          zip(fields, box).allSatisfy { $1.contains(number($0, vector)) }
        }
        let isRest = diagram.contains(result.remainder) { bit($0, vector) }
        isRight = isRight && count <= 1 && isRest == (set.members[vector] && count == 0)
      }
      #expect(isRight)
    }
  }

  @Test("A range of 128 bits takes two branches for a bit at most")
  func wideRanges() {
    var diagram = DecisionDiagram()
    let field = DiagramField(first: 7, width: 128)
    let range: ClosedRange<UInt128> = (1 << 77 | 12_345)...(1 << 126 | 0xdead_beef)
    let set = diagram.range(field, range)
    #expect(diagram.size([set]) <= 256)
    let boxes = diagram.boxes(of: set, [field], atMost: 10)
    #expect(boxes.boxes == [[IntervalSet(range)]])
    #expect(diagram.range(field, 0 ... .max).isEverything)
    #expect(diagram.support([set]).allSatisfy { field.holds($0) })
  }

  @Test("A wish that cannot come true is left out")
  func wishes() {
    var diagram = DecisionDiagram()
    let set = diagram.range(fields[0], 3...9)
    let impossible = diagram.range(fields[0], 12...15)
    let possible = diagram.range(fields[0], 8...8)
    #expect(diagram.preferring([impossible, possible], in: set) == possible)
  }
}
