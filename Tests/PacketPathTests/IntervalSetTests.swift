// SPDX-License-Identifier: Apache-2.0

import PacketPath
import Testing

struct IntervalSetTests {
  /// Both ends of the numbers, where carries are lost, and one in the middle.
  static let numbers: [UInt8] = [0, 1, 2, 100, 253, 254, 255]
  static let masks = 0..<(1 << numbers.count)

  static func set(_ mask: Int) -> IntervalSet<UInt8> {
    // Backwards: the order must not matter.
    IntervalSet(numbers.indices.reversed().filter { mask >> $0 & 1 == 1 }.map { numbers[$0]...numbers[$0] })
  }

  @Test
  func allSubsetsHoldTheirNumbersInCanonicalForm() {
    for mask in Self.masks {
      let set = Self.set(mask)
      for value in UInt8.min ... .max {
        let index = Self.numbers.firstIndex(of: value)
        #expect(set.contains(value) == index.map { mask >> $0 & 1 == 1 } ?? false)
      }
      expectCanonical(set)
      #expect(set.isEmpty == (mask == 0))
      #expect(!set.isFull)
    }
  }

  @Test
  func allPairsAgreeWithBits() {
    let sets = Self.masks.map(Self.set)
    for left in Self.masks {
      for right in Self.masks {
        let (first, second) = (sets[left], sets[right])
        let agree =
          first.union(second) == sets[left | right] && first.intersection(second) == sets[left & right]
          && first.subtracting(second) == sets[left & ~right]
          && first.isSubset(of: second) == (left & ~right == 0)
          && first.intersects(second) == (left & right != 0)
        #expect(agree, "\(first.ranges) and \(second.ranges)")
      }
    }
  }

  @Test
  func complementsAgreeWithBits() {
    for mask in Self.masks {
      let set = Self.set(mask)
      let complement = IntervalSet<UInt8>.full.subtracting(set)
      expectCanonical(complement)
      #expect(IntervalSet<UInt8>.full.subtracting(complement) == set)
      #expect((UInt8.min ... .max).allSatisfy { complement.contains($0) != set.contains($0) })
      #expect(set.union(complement).isFull)
      #expect(!set.intersects(complement))
    }
  }

  @Test
  func overlappingRangesInAnyOrder() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<2_000 {
      let left = randomRanges(&generator)
      let right = randomRanges(&generator)
      let (first, second) = (IntervalSet(left), IntervalSet(right))
      let (leftNumbers, rightNumbers) = (Set(left.joined()), Set(right.joined()))
      for set in [first, first.union(second), first.intersection(second), first.subtracting(second)] {
        expectCanonical(set)
      }
      #expect(Set(first.ranges.joined()) == leftNumbers)
      #expect(Set(first.union(second).ranges.joined()) == leftNumbers.union(rightNumbers))
      #expect(Set(first.intersection(second).ranges.joined()) == leftNumbers.intersection(rightNumbers))
      #expect(Set(first.subtracting(second).ranges.joined()) == leftNumbers.subtracting(rightNumbers))
      #expect(first.isSubset(of: second) == leftNumbers.isSubset(of: rightNumbers))
      #expect(first.intersects(second) == !leftNumbers.isDisjoint(with: rightNumbers))
    }
  }

  @Test
  func fullAndEmpty() {
    #expect(IntervalSet<UInt16>.full.isFull)
    #expect(IntervalSet<UInt16>.full.subtracting(.full).isEmpty)
    #expect(IntervalSet<UInt16>.full.subtracting(.empty).isFull)
    #expect(IntervalSet<UInt8>([0...99, 100...255]).isFull)
    #expect(AddressSet.all(.ipv6).isFull)
    #expect(AddressSet.all(.ipv4).isAll(.ipv4))
    #expect(!AddressSet.all(.ipv4).isFull)
    #expect(!AddressSet.all(.ipv4).isAll(.ipv6))
    #expect(IntervalSet<UInt8>.empty.hull == nil)
    #expect(IntervalSet<UInt8>([9...10, 2...3]).hull == 2...10)
  }

  private func randomRanges(_ generator: inout SeededGenerator) -> [ClosedRange<UInt8>] {
    (0..<Int.random(in: 0...6, using: &generator)).map { _ in
      let first = UInt8.random(in: .min ... .max, using: &generator)
      return first...UInt8.random(in: first...(first > 225 ? 255 : first + 30), using: &generator)
    }
  }

  private func expectCanonical(_ set: IntervalSet<UInt8>) {
    #expect(zip(set.ranges, set.ranges.dropFirst()).allSatisfy { Int($0.upperBound) + 1 < Int($1.lowerBound) })
  }
}
