// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import Reconcile
import Verification

/// What came of tests, as JSON and as text.
struct TestDocument: Encodable {
  enum Status: String, Encodable { case passed, failed, undecided }

  struct Test: Encodable {
    /// `group NAME`, `tests NAME`, `never`.
    var suite: String
    var name: String
    var test: String
    var comment: String?
    var place: PlaceRecord
    var status: Status
    /// A packet for which the test does not hold.
    var counterexample: ConversationRecord?
    /// For a test that holds, and says nothing of the way: a packet for which it does not, if it were routed.
    var routed: ConversationRecord?
    /// Why it is undecided.
    var problems: [DiagnosticRecord]

    fileprivate let line: String
    /// Whether it holds for bridged packets, and is meant to hold for all.
    fileprivate var isLessThanMeant = false

    private enum CodingKeys: CodingKey {
      case suite, name, test, comment, place, status, counterexample, routed, problems
    }
  }

  var format = 1
  var passed: Int
  var failed: Int
  var undecided: Int
  var tests: [Test]

  init(_ results: [TestResult], _ library: FilterLibrary) {
    tests = results.map { Self.test($0, library) }
    passed = tests.count { $0.status == .passed }
    failed = tests.count { $0.status == .failed }
    undecided = tests.count { $0.status == .undecided }
  }

  var isPassed: Bool { failed == 0 && undecided == 0 }

  private enum CodingKeys: CodingKey { case format, passed, failed, undecided, tests }

  private static func test(_ result: TestResult, _ library: FilterLibrary) -> Test {
    let planned = result.planned
    let origin = planned.test.origin
    var test = Test(
      suite: planned.suite, name: planned.test.displayName, test: planned.test.text, comment: planned.test.comment,
      place: PlaceRecord(origin), status: .passed, problems: [], line: "\(origin.file):\(origin.start.line)")
    switch result.status {
    case .passed:
      test.routed = result.routed.map { ConversationRecord($0, library) }
      test.isLessThanMeant = test.routed != nil && planned.test.expectation == .never
    case .failed(let conversation):
      test.status = .failed
      test.counterexample = ConversationRecord(conversation, library)
    case .undecided(let problems):
      test.status = .undecided
      test.problems = problems.map(DiagnosticRecord.init)
    }
    return test
  }

  // MARK: Text

  /// What does not hold, or not on every way though it says never; with `isVerbose`, every test.
  func text(_ style: Style, isVerbose: Bool) -> String {
    var text = ""
    var suite: String?
    for test in tests where isVerbose || test.status != .passed || test.isLessThanMeant {
      if suite != test.suite {
        text += (suite == nil ? "" : "\n") + style.bold(test.suite) + "\n"
        suite = test.suite
      }
      text += Self.text(test, style)
    }
    if !text.isEmpty { text += "\n" }
    let holds = "\(passed) \(passed == 1 ? "holds" : "hold")"
    let bridged = tests.count(where: \.isLessThanMeant)
    text += tests.count.counted("test") + ": " + (passed == tests.count ? style.green(holds) : holds)
    if bridged > 0 { text += " (\(bridged) for bridged packets only)" }
    if failed > 0 { text += ", " + style.red("\(failed) \(failed == 1 ? "does" : "do") not") }
    if undecided > 0 { text += ", " + style.red("\(undecided) cannot be decided") }
    return text + "\n"
  }

  private static func text(_ test: Test, _ style: Style) -> String {
    let place = style.dim("# \(test.line)")
    switch test.status {
    case .passed:
      var line = "  \(style.green("ok")) \(test.test)  \(place)\n"
      if let routed = test.routed { line += "     routed: \(routed.headline(.plain))\n" }
      return line
    case .undecided: return "  \(style.red("??")) \(test.test)  \(place)\n"
    case .failed:
      var text = "  \(style.red("no")) \(test.test)  \(place)\n"
      if let comment = test.comment { text += "     (\(comment))\n" }
      guard let example = test.counterexample else { return text }
      text += "     \(example.headline(style))\n"
      if let decision = example.decision { text += "     \(decision)\n" }
      return text
    }
  }
}

extension PlannedTest {
  /// The name of what it stands under, as the command takes it.
  var owner: String { suite.split(separator: " ").last.map(String.init) ?? suite }
}
