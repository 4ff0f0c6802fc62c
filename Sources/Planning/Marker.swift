// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// What was applied to a host, kept on the host itself in the comments of a filter that no interface uses.
///
/// It holds no time: that would change it on every run.
public struct Marker: Sendable, Hashable {
  public var repositoryID: String
  /// The commit that was applied, if the repository is one of git's; with `+` at the end if it had uncommitted changes.
  public var commit: String?
  /// Of everything that the policy wants of the host.
  public var digest: String
  /// The rules that were seen to be past their last day, by `GROUP/RULE`: they stay so, whatever the clock says later.
  public var expired: Set<String>

  public init(repositoryID: String, commit: String?, digest: String, expired: Set<String> = []) {
    self.expired = expired
    self.repositoryID = repositoryID
    self.commit = commit
    self.digest = digest
  }

  private static let prefix = "nwfleet "
  /// The most bytes of a comment that libvirt and virsh show in full.
  private static let longestComment = 200

  /// The filter that holds it: rules that decide nothing.
  public func filter(for identity: Identity) -> Filter {
    var facts = [("repository", repositoryID)]
    if let commit { facts.append(("commit", commit)) }
    facts.append(("digest", digest))
    facts += Self.lines(of: expired.sorted()).map { ("expired", $0) }
    let entries = facts.map { name, value in
      var match = Match(.mac)
      match.set(
        match.filterProtocol.attributes.count - 1, .text("\(Self.prefix)\(name) \(value)"))
      return Filter.Entry.rule(Rule(.continue, .inout, match: match))
    }
    return Filter(name: identity.markerName, uuid: identity.uuid(ofFilter: identity.markerName), entries: entries)
  }

  /// Words, blanks between, in as few texts as hold them.
  private static func lines(of words: [String]) -> [String] {
    let room = longestComment - "\(prefix)expired ".utf8.count
    var lines: [String] = []
    for word in words {
      if let last = lines.last, last.utf8.count + 1 + word.utf8.count <= room {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(word)
      }
    }
    return lines
  }

  /// Reads it back; nil for a filter that is no marker.
  public init?(_ filter: Filter) {
    var facts: [String: String] = [:]
    var expired: Set<String> = []
    for rule in filter.rules {
      guard case .text(let comment)? = rule.match?["comment"]?.value, comment.hasPrefix(Self.prefix) else { continue }
      let words = comment.dropFirst(Self.prefix.count).split(separator: " ", maxSplits: 1)
      guard words.count == 2 else { continue }
      if words[0] == "expired" {
        expired.formUnion(words[1].split(separator: " ").map(String.init))
      } else {
        facts[String(words[0])] = String(words[1])
      }
    }
    guard let repositoryID = facts["repository"], let digest = facts["digest"] else { return nil }
    self.init(repositoryID: repositoryID, commit: facts["commit"], digest: digest, expired: expired)
  }
}
