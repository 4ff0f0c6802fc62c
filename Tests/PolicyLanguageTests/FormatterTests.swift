// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import GoldenSupport
import PolicyLanguage
import Testing

/// `Golden/format/NAME.in.yaml` formatted is `NAME.out.yaml`.
@Suite struct FormatterTests {
  private static let inputs = GoldenFiles.names(in: "format").filter { $0.hasSuffix(".in.yaml") }

  @Test(arguments: inputs)
  func layout(name: String) throws {
    let input = GoldenFiles.folder.appendingPathComponent("format/\(name)")
    let result = Formatter.format(try String(contentsOf: input, encoding: .utf8), file: name)
    #expect(result.diagnostics == [])
    expectGolden(result.text, input.path.replacingOccurrences(of: ".in.yaml", with: ".out.yaml"))
  }

  /// Over every policy file of the project: formatting again changes nothing, and no comment is lost.
  @Test func twiceIsOnce() throws {
    var count = 0
    for folder in ["Tests/PolicyLanguageTests/Golden", "examples", "policies"] {
      for file in GoldenFiles.policyFiles(below: GoldenFiles.root.appendingPathComponent(folder)) {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
        let once = Formatter.format(text, file: file.lastPathComponent)
        let twice = Formatter.format(once.text, file: file.lastPathComponent)
        #expect(once.text == twice.text, "\(file.path)")
        #expect(once.diagnostics == twice.diagnostics, "\(file.path)")
        #expect(comments(text) == comments(once.text), "\(file.path)")
        count += 1
      }
    }
    #expect(count > 45)
  }

  private func comments(_ text: String) -> Int { text.split(separator: "#", omittingEmptySubsequences: false).count }

  @Test(arguments: [
    ("a:   1", "a: 1\n"),
    ("a: {b : 1 ,c:   [ 1,2 , 3 ]}", "a: {b: 1, c: [1, 2, 3]}\n"),
    ("a:\n- 1\n-   2", "a:\n  - 1\n  - 2\n"),
    ("a:\n    b:\n        - c:   1\n          d: 2", "a:\n  b:\n    - c: 1\n      d: 2\n"),
    ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
    ("\n\na: 1\n\n\n\nb: 2\n\n\n", "a: 1\n\nb: 2\n"),
    ("\u{feff}a: 1", "a: 1\n"),
    ("", ""),
    ("\n\n", ""),
    ("# c", "# c\n"),
    ("a: 1 # c   \n", "a: 1  # c\n"),
    ("a: 1     # c\n", "a: 1     # c\n"),
    ("a: \"no\" \nb: 'x' ", "a: \"no\"\nb: 'x'\n"),
    ("a: [\n1,\n2\n]", "a: [\n  1,\n  2\n]\n"),
    ("- - 1\n  - 2\n-\n    - 3", "- - 1\n  - 2\n-\n  - 3\n"),
    ("a: |\n     x\n       y\n\n     z\n\n\nb: 1", "a: |\n  x\n    y\n\n  z\n\nb: 1\n"),
    ("a: |+\n   x\n\n\nb: 1", "a: |+\n  x\n\n\nb: 1\n"),
    ("a:\n    one\n      two\n\n    three", "a:\n  one\n  two\n\n  three\n"),
    ("i:\n  [ 1\n  , 2 ]", "i:\n  [1\n    , 2]\n"),
    ("\"j\" : {k: , l}", "\"j\": {k: , l}\n"),
    ("m: [a: 1, b, ? c]", "m: [a: 1, b, ? c]\n"),
    ("- {\n    g: 1,\n      h: [1,\n        2],\n    }", "- {\n    g: 1,\n    h: [1,\n      2],\n  }\n"),
    ("a: |2\n    x\n   y\n", "a: |2\n    x\n   y\n"),
  ])
  func small(input: String, output: String) {
    let result = Formatter.format(input, file: "f.yaml")
    #expect(result.diagnostics == [])
    #expect(result.text == output)
    #expect(Formatter.format(result.text, file: "f.yaml").text == output)
  }

  @Test func brokenFilesStayAsTheyAre() {
    let text = "a:   [1\n"
    let result = Formatter.format(text, file: "f.yaml")
    #expect(result.text == text)
    #expect(result.diagnostics.map(\.code) == ["yaml-unclosed"])
  }
}
