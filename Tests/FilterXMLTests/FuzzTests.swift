// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import FilterModel
import FilterXML
import Testing

@Suite struct FuzzTests {
  /// Damaged texts are reported or read, and never crash; diagnostics are made as well, which look for places in the text.
  @Test func mutations() {
    var generator = SeededGenerator(seed: 7)
    var readable = 0
    for _ in 0..<3000 {
      var bytes = Array(FilterXML.write(randomFilter(using: &generator)).utf8)
      for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
        mutate(&bytes, using: &generator)
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let parsed = FilterXML.parse(text)
      if parsed.filter != nil { readable += 1 } else { #expect(parsed.hasErrors) }
      _ = try? DomainXML.interfaces(of: text)
      _ = try? BindingXML.parse(text)
    }
    #expect(readable > 100)
  }

  @Test func randomBytes() {
    var generator = SeededGenerator(seed: 8)
    for _ in 0..<2000 {
      let count = Int.random(in: 0...200, using: &generator)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(FilterXML.parse(String(decoding: bytes, as: UTF8.self)).filter == nil)
    }
  }

  private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
    case 1: bytes.remove(at: place)
    case 2: bytes.insert(Array("<>'/=& $no".utf8).randomElement(using: &generator)!, at: place)
    case 3:
      let end = min(bytes.count, place + Int.random(in: 1...60, using: &generator))
      bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &generator))
    default: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...30, using: &generator)))
    }
  }
}
