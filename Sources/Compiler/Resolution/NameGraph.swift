// SPDX-License-Identifier: Apache-2.0

/// Definitions that name each other: in what order to look at them, and where they run in circles.
struct NameGraph {
  /// The definitions, each after those that it names; those of a circle are left out, and those that lead into one.
  private(set) var order: [String] = []
  /// Each circle once, from its first name in order; the first is not repeated at the end.
  private(set) var loops: [[String]] = []

  private enum State { case entered, finished, broken }

  /// - Parameter edges: of each definition the names that it uses; names without a definition are skipped.
  init(_ edges: [String: [String]]) {
    var states: [String: State] = [:]
    states.reserveCapacity(edges.count)
    // No recursion: a repository can nest definitions deeper than a stack.
    var path: [(name: String, next: Int, isBroken: Bool)] = []
    for start in edges.keys.sorted() where states[start] == nil {
      path.append((start, 0, false))
      states[start] = .entered
      while let (name, next, isBroken) = path.last {
        let targets = edges[name] ?? []
        guard next < targets.count else {
          path.removeLast()
          states[name] = isBroken ? .broken : .finished
          if !isBroken { order.append(name) }
          if isBroken, !path.isEmpty { path[path.count - 1].isBroken = true }
          continue
        }
        path[path.count - 1].next += 1
        let target = targets[next]
        guard edges[target] != nil else { continue }
        switch states[target] {
        case nil:
          states[target] = .entered
          path.append((target, 0, false))
        case .entered:
          let first = path.firstIndex { $0.name == target } ?? 0
          loops.append(Self.rotated(path[first...].map(\.name)))
          path[path.count - 1].isBroken = true
        case .broken: path[path.count - 1].isBroken = true
        case .finished: break
        }
      }
    }
  }

  private static func rotated(_ loop: [String]) -> [String] {
    guard let least = loop.min(), let start = loop.firstIndex(of: least) else { return loop }
    return Array(loop[start...] + loop[..<start])
  }
}
