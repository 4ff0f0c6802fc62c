// SPDX-License-Identifier: Apache-2.0

/// A set of vectors as boxes: every field independent of the others.
public struct DiagramBoxes: Sendable {
  /// Disjoint; the numbers of each field, in the order in which the fields were asked for.
  public var boxes: [[IntervalSet<UInt128>]]
  /// What is not in the boxes, as there would have been too many; else nothing.
  public var remainder: DecisionDiagram.Node
}

extension DecisionDiagram {
  /// A set as disjoint boxes of fields.
  ///
  /// Field by field, the numbers that lead to the same rest are taken together, as in firewall decision diagrams (M. Gouda, A.
  /// Liu, "Firewall Design: Consistency, Completeness, and Compactness", 2004).
  ///
  /// - Precondition: the fields are in the order of their variables, do not take turns, and the set depends on no other.
  public mutating func boxes(of set: Node, _ fields: [DiagramField], atMost limit: Int) -> DiagramBoxes {
    var collector = BoxCollector(fields: fields, limit: limit)
    collector.collect(set, 0, in: self)
    guard collector.isIncomplete else { return DiagramBoxes(boxes: collector.boxes, remainder: .nothing) }
    var remainder = set
    for box in collector.boxes {
      var covered = Node.everything
      for (field, numbers) in zip(fields, box).reversed() {
        let members = members(field, numbers)
        covered = and(members, covered)
      }
      remainder = difference(remainder, covered)
    }
    return DiagramBoxes(boxes: collector.boxes, remainder: remainder)
  }

  /// The numbers of a field by what the set says of the later fields; nil if there are too many ranges of them.
  ///
  /// - Precondition: the set depends on no variable before the field's.
  func parts(of set: Node, by field: DiagramField, atMost limit: Int) -> [(rest: Node, numbers: IntervalSet<UInt128>)]?
  {
    var splitter = FieldSplitter(field: field, limit: limit)
    guard splitter.split(set, 0, 0, in: self) else { return nil }
    return splitter.parts()
  }
}

/// Walks through a set's fields.
private struct BoxCollector {
  /// Ranges of one field: more are no longer words for anybody.
  static let mostRanges = 20_000

  let fields: [DiagramField]
  let limit: Int
  var boxes: [[IntervalSet<UInt128>]] = []
  var isIncomplete = false
  private var box: [IntervalSet<UInt128>] = []

  init(fields: [DiagramField], limit: Int) {
    self.fields = fields
    self.limit = limit
  }

  mutating func collect(_ set: DecisionDiagram.Node, _ depth: Int, in diagram: borrowing DecisionDiagram) {
    if set.isNothing { return }
    guard depth < fields.count else {
      precondition(set.isEverything, "the set depends on a field that was not asked for")
      if boxes.count < limit { boxes.append(box) } else { isIncomplete = true }
      return
    }
    guard let parts = diagram.parts(of: set, by: fields[depth], atMost: Self.mostRanges) else {
      isIncomplete = true
      return
    }
    for part in parts {
      if isIncomplete { return }
      box.append(part.numbers)
      collect(part.rest, depth + 1, in: diagram)
      box.removeLast()
    }
  }
}

/// Walks through a set's first field.
private struct FieldSplitter {
  let field: DiagramField
  let limit: Int
  /// In rising order, and adjacent ones with the same rest already joined.
  private var ranges: [(rest: DecisionDiagram.Node, numbers: ClosedRange<UInt128>)] = []

  init(field: DiagramField, limit: Int) {
    self.field = field
    self.limit = limit
  }

  /// Adds the ranges that begin with the bits of a prefix; false if there are too many.
  mutating func split(
    _ set: DecisionDiagram.Node, _ place: Int, _ prefix: UInt128, in diagram: borrowing DecisionDiagram
  ) -> Bool {
    if set.isNothing { return true }
    let variable = diagram.variable(set)
    guard variable <= field.last else {
      let rest = UInt128(field.width - place)
      add(set, prefix << rest...(prefix << rest | .max >> (128 - rest)))
      return ranges.count <= limit
    }
    let children = variable == field.variable(place) ? diagram.children(set) : (low: set, high: set)
    return split(children.low, place + 1, prefix << 1, in: diagram)
      && split(children.high, place + 1, prefix << 1 | 1, in: diagram)
  }

  private mutating func add(_ rest: DecisionDiagram.Node, _ numbers: ClosedRange<UInt128>) {
    if let last = ranges.last, last.rest == rest, last.numbers.upperBound &+ 1 == numbers.lowerBound {
      ranges[ranges.count - 1].numbers = last.numbers.lowerBound...numbers.upperBound
    } else {
      ranges.append((rest, numbers))
    }
  }

  /// The ranges by what they lead to, in the order of their first numbers.
  func parts() -> [(rest: DecisionDiagram.Node, numbers: IntervalSet<UInt128>)] {
    var places: [DecisionDiagram.Node: Int] = [:]
    var groups: [(rest: DecisionDiagram.Node, numbers: [ClosedRange<UInt128>])] = []
    for (rest, numbers) in ranges {
      if let place = places[rest] {
        groups[place].numbers.append(numbers)
      } else {
        places[rest] = groups.count
        groups.append((rest, [numbers]))
      }
    }
    return groups.map { ($0.rest, IntervalSet($0.numbers)) }
  }
}
