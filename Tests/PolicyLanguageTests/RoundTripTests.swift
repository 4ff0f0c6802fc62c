// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterGenerator
import FilterModel
import PolicyLanguage
import Testing

/// What is written is read as what it was, and is laid out as `fmt` would.
@Suite struct RoundTripTests {
  private func check(_ filter: Filter, _ comment: Testing.Comment) throws {
    let text = PolicyWriter.filters([filter])
    let formatted = Formatter.format(text, file: "f.yaml")
    #expect(formatted.text == text && formatted.diagnostics.isEmpty, comment)
    let names = Set(filter.references.map(\.filter)).subtracting([filter.name])
    let stubs = names.sorted().map { Filter(name: $0) }
    let result = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: "project: acme\nid: 6f1c0d2e\n"),
      PolicyFile(path: "policies/filter.yaml", text: text),
      PolicyFile(path: "policies/stubs.yaml", text: PolicyWriter.filters(stubs)),
    ])
    #expect(result.diagnostics.filter { $0.severity == .error } == [], comment)
    let read = try #require(result.desired?.filters.first { $0.filter.name == filter.name }, comment)
    #expect(read.filter.hasSameContent(as: filter), comment)
  }

  @Test func everyAttribute() throws {
    for (name, filter) in attributeCases() {
      try check(filter, "\(name)")
    }
  }

  @Test func randomFilters() throws {
    var generator = SeededGenerator(seed: 7)
    for index in 0..<500 {
      try check(randomFilter(using: &generator), "filter \(index)")
    }
  }
}
