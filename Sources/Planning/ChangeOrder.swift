// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// The order in which filters that are there already change, so that a port is rebuilt as seldom as can be and can always be
/// bound.
///
/// A filter that another joins changes before that one, and a filter that it leaves after it: then the ports of the other meet
/// each of their filters' changes once. What stays included changes first, unless its new rules need values that only the
/// including filter's new version gives.
struct ChangeOrder {
  /// In order. One filter may change twice: to what does for both versions of an included one, and to what is wanted.
  private(set) var changes: [FilterChange] = []

  private let before: FilterCatalogue
  private let after: FilterCatalogue
  /// By index into `changes`, the indices of those that come before it.
  private var predecessors: [Set<Int>] = []

  /// - Parameter changes: included filters first.
  init(_ changes: [FilterChange], before: FilterCatalogue, after: FilterCatalogue) {
    self.changes = changes
    self.before = before
    self.after = after
    predecessors = changes.map { _ in [] }
    guard changes.count > 1 else { return }
    let places = Dictionary(
      changes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    for index in changes.indices { relate(index, places) }
    sort()
  }

  private mutating func relate(_ index: Int, _ places: [String: Int]) {
    let old = changes[index].before?.filter?.references ?? []
    let new = changes[index].after?.filter?.references ?? []
    for name in Set((old + new).map(\.filter)).sorted() {
      guard let place = places[name], place != index else { continue }
      let leaving = old.filter { $0.filter == name }
      let joining = new.filter { $0.filter == name }
      if leaving.isEmpty {
        predecessors[index].insert(place)
      } else if joining.isEmpty || !leaving.allSatisfy(works(after)) && joining.allSatisfy(works(before)) {
        predecessors[place].insert(index)
      } else if leaving.allSatisfy(works(after)) {
        predecessors[index].insert(place)
      } else {
        widen(index, name, before: place, leaving)
      }
    }
  }

  private func works(_ catalogue: FilterCatalogue) -> (FilterReference) -> Bool {
    { catalogue.missing(from: $0.filter).isEmpty && catalogue.variableProblems(of: $0).isEmpty }
  }

  /// Neither version of a reference does for both versions of what it includes: values for both go first.
  private mutating func widen(_ index: Int, _ name: String, before place: Int, _ leaving: [FilterReference]) {
    guard var wide = changes[index].before?.filter, let new = changes[index].after?.filter else { return }
    let values = new.references.first { $0.filter == name }?.parameters ?? [:]
    wide.entries = wide.entries.map { entry in
      guard case .reference(var reference) = entry, reference.filter == name else { return entry }
      reference.parameters.merge(values) { _, new in new }
      return .reference(reference)
    }
    var first = changes[index]
    first.after = FilterChange.State(filter: wide)
    first.sources = []
    changes[index].before = first.after
    changes.append(first)
    predecessors.append([])
    predecessors[place].insert(changes.count - 1)
    predecessors[index].formUnion([place, changes.count - 1])
  }

  /// The first that nothing is in front of, again and again; where all wait for each other, the first of them: a port more is
  /// rebuilt twice then.
  private mutating func sort() {
    var left = Set(changes.indices)
    var waiting = predecessors.map(\.count)
    var followers: [[Int]] = changes.map { _ in [] }
    for (index, earlier) in predecessors.enumerated() { for place in earlier { followers[place].append(index) } }
    var ready = Heap(changes.indices.filter { waiting[$0] == 0 })
    var order: [Int] = []
    var nextForced = 0
    while order.count < changes.count {
      while let popped = ready.popLeast() {
        guard left.remove(popped) != nil else { continue }
        take(popped)
      }
      while nextForced < changes.count, !left.contains(nextForced) { nextForced += 1 }
      guard nextForced < changes.count else { break }
      left.remove(nextForced)
      take(nextForced)
    }
    changes = order.map { changes[$0] }

    func take(_ index: Int) {
      order.append(index)
      for follower in followers[index] {
        waiting[follower] -= 1
        if waiting[follower] == 0 { ready.insert(follower) }
      }
    }
  }
}

/// Numbers, the least of which comes out first.
private struct Heap {
  private var items: [Int]

  /// - Parameter items: in rising order, which is a heap already.
  init(_ items: [Int]) { self.items = items }

  mutating func insert(_ item: Int) {
    items.append(item)
    var place = items.count - 1
    while place > 0, items[place] < items[(place - 1) / 2] {
      items.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func popLeast() -> Int? {
    guard let least = items.first else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return least }
    items[0] = last
    var place = 0
    while true {
      var smallest = place
      for child in [2 * place + 1, 2 * place + 2] where child < items.count && items[child] < items[smallest] {
        smallest = child
      }
      if smallest == place { return least }
      items.swapAt(place, smallest)
      place = smallest
    }
  }
}
