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

  public init(repositoryID: String, commit: String?, digest: String) {
    self.repositoryID = repositoryID
    self.commit = commit
    self.digest = digest
  }

  private static let prefix = "nwfleet "

  /// The filter that holds it: rules that decide nothing.
  public func filter(for identity: Identity) -> Filter {
    var facts = [("repository", repositoryID)]
    if let commit { facts.append(("commit", commit)) }
    facts.append(("digest", digest))
    let entries = facts.map { name, value in
      var match = Match(.mac)
      match.set(
        match.filterProtocol.attributes.count - 1, .text("\(Self.prefix)\(name) \(value)"))
      return Filter.Entry.rule(Rule(.continue, .inout, match: match))
    }
    return Filter(name: identity.markerName, uuid: identity.uuid(ofFilter: identity.markerName), entries: entries)
  }

  /// Reads it back; nil for a filter that is no marker.
  public init?(_ filter: Filter) {
    var facts: [String: String] = [:]
    for rule in filter.rules {
      guard case .text(let comment)? = rule.match?["comment"]?.value, comment.hasPrefix(Self.prefix) else { continue }
      let words = comment.dropFirst(Self.prefix.count).split(separator: " ", maxSplits: 1)
      if words.count == 2 { facts[String(words[0])] = String(words[1]) }
    }
    guard let repositoryID = facts["repository"], let digest = facts["digest"] else { return nil }
    self.init(repositoryID: repositoryID, commit: facts["commit"], digest: digest)
  }
}
