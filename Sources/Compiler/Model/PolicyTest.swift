// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// What a test expects of every packet that it speaks of.
public enum Expectation: String, Sendable, Hashable, CaseIterable {
  /// The packet gets to the other end, and so does its answer.
  case allow
  /// Silently.
  case drop
  /// With an answer that says so.
  case reject
  /// The packet gets to the other end, but its answer does not come back.
  case oneWay = "one-way"
  /// The packet does not get to the other end: `never:` says this.
  case never
}

/// Which way packets take between a VM and the other end (reference 5.6).
public enum TestRoute: String, Sendable, Hashable, CaseIterable {
  /// Both are ports of one bridge.
  case bridged
  /// The VM's host routes between them, with or without NAT.
  case routed
  /// The other end is the VM's host itself.
  case host
}

/// One line of `tests:` or `never:`.
public struct PolicyTest: Sendable, Hashable {
  /// Whose packets a test is about.
  public enum Subject: Sendable, Hashable {
    /// Of a group: its NICs, and the other end; nil for what the line does not say.
    case group(TrafficDirection, from: [Located<Peer>]?, to: [Located<Peer>]?)
    /// From one end to the other, where each end can be VMs of the repository or addresses.
    case path(from: [Located<Peer>], to: [Located<Peer>])
  }

  /// As given; nil where it follows from the text.
  public var name: Located<String>?
  public var expectation: Expectation
  public var subject: Subject
  /// What it is about; never empty.
  public var traffic: [Located<Traffic>]
  /// nil where the line does not say.
  public var route: Located<TestRoute>?
  public var comment: String?
  /// The line in its canonical form, e.g. `allow in https from @office`.
  public var text: String
  public var origin: SourceRange

  public init(
    _ expectation: Expectation, _ subject: Subject, _ traffic: [Located<Traffic>], route: Located<TestRoute>? = nil,
    text: String, origin: SourceRange
  ) {
    self.expectation = expectation
    self.subject = subject
    self.traffic = traffic
    self.route = route
    self.text = text
    self.origin = origin
  }

  /// The peers that it names.
  public var peers: [Located<Peer>] {
    switch subject {
    case .group(_, let from, let to): (from ?? []) + (to ?? [])
    case .path(let from, let to): from + to
    }
  }

  /// The name that it was given, else one derived from its text.
  public var displayName: String { name?.value ?? RuleName.derived(from: text) }
}

/// Tests that have a name together: an entry of the section `tests:`.
public struct TestSuite: Sendable, Hashable {
  public var name: Located<String>
  public var tests: [PolicyTest]

  public init(name: Located<String>, tests: [PolicyTest]) {
    self.name = name
    self.tests = tests
  }
}

extension PolicyTest {
  /// Tests of one name: a report could not tell them apart.
  ///
  /// - Parameter owner: what they are of, for messages: `group 'web'`.
  public static func duplicateNames(_ tests: [PolicyTest], of owner: String) -> [Diagnostic] {
    var places: [String: SourceRange] = [:]
    var found: [Diagnostic] = []
    for test in tests {
      let name = test.displayName
      let range = test.name?.range ?? test.origin
      guard let first = places[name] else {
        places[name] = range
        continue
      }
      found.append(
        Diagnostic(
          "duplicate-test-name", "two tests of \(owner) have the name '\(name)'", at: range,
          hint: test.name == nil
            ? "remove one of them, or give one a name: {test: \"\(test.text)\", name: …}" : "rename one of them",
          notes: [Diagnostic.Note("the first one", at: first)]))
    }
    return found
  }
}

extension Policy {
  /// All tests and assertions, those of groups among them.
  var allTests: [PolicyTest] {
    groups.flatMap(\.tests) + nativeGroups.flatMap(\.tests) + tests.flatMap(\.tests) + never
  }
}
