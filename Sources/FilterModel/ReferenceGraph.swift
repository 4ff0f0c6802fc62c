// SPDX-License-Identifier: Apache-2.0

/// Who includes whom among filters.
public struct ReferenceGraph: Sendable {
  private var targets: [String: [String]]

  public init(_ filters: some Sequence<Filter>) {
    targets = [:]
    for filter in filters {
      targets[filter.name] = filter.references.map(\.filter)
    }
  }

  /// A cycle of references as the names along it, the first repeated at the end; nil where there is none.
  public func cycle() -> [String]? {
    var done: Set<String> = []
    for start in targets.keys.sorted() where !done.contains(start) {
      if let cycle = cycle(from: start, &done) { return cycle }
    }
    return nil
  }

  /// Names in an order in which each comes after all that it includes; names that are not in the graph are left out.
  public func leavesFirst() -> [String] {
    var order: [String] = []
    var seen: Set<String> = []
    for start in targets.keys.sorted() where !seen.contains(start) {
      walk(from: start) { name in
        seen.insert(name).inserted
      } leave: {
        order.append($0)
      }
    }
    return order
  }

  /// All that a filter includes, itself among them, whether or not it is in the graph.
  public func closure(of name: String) -> Set<String> {
    var seen: Set<String> = []
    walk(from: name) {
      seen.insert($0).inserted
    } leave: { _ in
    }
    return seen
  }

  /// Depth first without recursion: a chain of references can be as long as there are filters.
  private func walk(from start: String, enter: (String) -> Bool, leave: (String) -> Void) {
    guard enter(start) else { return }
    var path: [(name: String, next: Int)] = [(start, 0)]
    while let (name, next) = path.last {
      let children = targets[name] ?? []
      if next < children.count {
        path[path.count - 1].next += 1
        if enter(children[next]) { path.append((children[next], 0)) }
      } else {
        if targets[name] != nil { leave(name) }
        path.removeLast()
      }
    }
  }

  private func cycle(from start: String, _ done: inout Set<String>) -> [String]? {
    var path: [(name: String, next: Int)] = [(start, 0)]
    var places = [start: 0]
    while let (name, next) = path.last {
      let children = targets[name] ?? []
      guard next < children.count else {
        done.insert(name)
        places[name] = nil
        path.removeLast()
        continue
      }
      path[path.count - 1].next += 1
      let child = children[next]
      if let place = places[child] {
        return path[place...].map(\.name) + [child]
      }
      if !done.contains(child) {
        places[child] = path.count
        path.append((child, 0))
      }
    }
    return nil
  }
}
