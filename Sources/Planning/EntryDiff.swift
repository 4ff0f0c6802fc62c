// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// The rules and references that two versions of a filter share, and those that they do not, in order.
public enum EntryDiff: Sendable, Hashable {
  case kept(Filter.Entry)
  case removed(Filter.Entry)
  case added(Filter.Entry)

  /// The shortest such list; a filter of many thousand rules is compared from both ends first.
  public static func between(_ old: [Filter.Entry], _ new: [Filter.Entry]) -> [EntryDiff] {
    var head = 0
    while head < old.count, head < new.count, old[head] == new[head] { head += 1 }
    var tail = 0
    while tail < old.count - head, tail < new.count - head, old[old.count - 1 - tail] == new[new.count - 1 - tail] {
      tail += 1
    }
    let difference = new[head..<new.count - tail].difference(from: old[head..<old.count - tail])
    var removals: Set<Int> = []
    var insertions: [Int: Filter.Entry] = [:]
    for change in difference {
      switch change {
      case .remove(let offset, _, _): removals.insert(offset)
      case .insert(let offset, let entry, _): insertions[offset] = entry
      }
    }
    var result = old[..<head].map(EntryDiff.kept)
    var place = 0
    for (offset, entry) in old[head..<old.count - tail].enumerated() {
      if removals.contains(offset) {
        result.append(.removed(entry))
        continue
      }
      while let inserted = insertions[place] {
        result.append(.added(inserted))
        place += 1
      }
      result.append(.kept(entry))
      place += 1
    }
    while let inserted = insertions[place] {
      result.append(.added(inserted))
      place += 1
    }
    return result + old[(old.count - tail)...].map(EntryDiff.kept)
  }
}
