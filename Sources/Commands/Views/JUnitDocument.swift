// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Reconcile

/// What came of tests, in the XML that CI systems read as that of JUnit.
struct JUnitDocument {
  let text: String

  init(_ document: TestDocument) {
    var suites: [(name: String, tests: [TestDocument.Test])] = []
    for test in document.tests {
      if suites.last?.name != test.suite { suites.append((test.suite, [])) }
      suites[suites.count - 1].tests.append(test)
    }
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    text +=
      "<testsuites name=\"nwfleet\" tests=\"\(document.tests.count)\" failures=\"\(document.failed)\" "
      + "errors=\"\(document.undecided)\">\n"
    for suite in suites {
      let failures = suite.tests.count { $0.status == .failed }
      let errors = suite.tests.count { $0.status == .undecided }
      text +=
        "  <testsuite name=\"\(Self.escaped(suite.name))\" tests=\"\(suite.tests.count)\" failures=\"\(failures)\" "
        + "errors=\"\(errors)\">\n"
      for test in suite.tests { text += Self.testCase(test) }
      text += "  </testsuite>\n"
    }
    self.text = text + "</testsuites>\n"
  }

  private static func testCase(_ test: TestDocument.Test) -> String {
    let head =
      "    <testcase classname=\"\(escaped(test.suite))\" name=\"\(escaped(test.test))\" "
      + "file=\"\(escaped(test.place.file))\" line=\"\(test.place.line)\""
    switch test.status {
    case .passed: return head + "/>\n"
    case .failed:
      let message = test.counterexample?.headline(.plain) ?? ""
      let details = (test.counterexample?.decision ?? "") + "\n" + (test.counterexample?.steps(.plain) ?? "")
      return
        "\(head)>\n      <failure message=\"\(escaped(message))\">\(escaped(details))</failure>\n    </testcase>\n"
    case .undecided:
      let messages = test.problems.map(\.message).joined(separator: "\n")
      return "\(head)>\n      <error message=\"\(escaped(messages))\"/>\n    </testcase>\n"
    }
  }

  /// For texts and for values of attributes; what XML 1.0 cannot hold becomes a question mark.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n": result += "&#10;"
      case "\u{0}"..."\u{8}", "\u{b}"..."\u{1f}", "\u{fffe}", "\u{ffff}": result += "?"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
