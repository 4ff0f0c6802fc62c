// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath
import Testing

struct AddressRangeTests {
  @Test(arguments: [
    "10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "10.0.0.1-10.0.0.9", "255.255.255.255", "::", "::/0", "2001:db8::/32",
    "2001:db8::1-2001:db8::9", "fe80::1",
  ])
  func textOfCanonicalForms(_ text: String) throws {
    #expect(try AddressRange(parsing: text).description == text)
  }

  @Test(arguments: [
    ("10.0.0.1/32", "10.0.0.1"), ("10.0.0.0-10.255.255.255", "10.0.0.0/8"), ("10.0.0.9-10.0.0.9", "10.0.0.9"),
    ("2001:DB8:0::/128", "2001:db8::"), ("0.0.0.0-255.255.255.255", "0.0.0.0/0"),
    ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"), ("10.0.0.0-10.0.0.1", "10.0.0.0/31"),
    ("10.0.0.1-10.0.0.2", "10.0.0.1-10.0.0.2"),
  ])
  func textOfOtherForms(_ text: String, canonical: String) throws {
    #expect(try AddressRange(parsing: text).description == canonical)
  }

  @Test(arguments: [
    ("", AddressRangeProblem.notAnAddress), ("10.0.0", .notAnAddress), ("010.0.0.1", .notAnAddress),
    ("10.0.0.1/", .notAnAddress), ("10.0.0.1/x", .notAnAddress), ("10.0.0.0/08", .notAnAddress),
    ("10.0.0.0/+8", .notAnAddress), ("10.0.0.1-", .notAnAddress), ("-10.0.0.1", .notAnAddress),
    ("10.0.0.1 - 10.0.0.2", .notAnAddress), ("10.0.0.0/8-10.0.0.9", .notAnAddress), ("fe80::1%eth0", .notAnAddress),
    ("10.0.0.0/33", .prefixTooLong), ("::/129", .prefixTooLong),
    ("::/99999999999999999999999", .prefixTooLong), ("10.0.0.1/8", .hostBits(canonical: "10.0.0.0/8")),
    ("2001:db8::1/64", .hostBits(canonical: "2001:db8::/64")), ("10.0.0.1/0", .hostBits(canonical: "0.0.0.0/0")),
    ("10.0.0.9-10.0.0.1", .inverted), ("::9-::1", .inverted), ("10.0.0.1-::1", .mixedFamilies),
    ("::1-10.0.0.1", .mixedFamilies),
  ])
  func problems(_ text: String, problem: AddressRangeProblem) {
    #expect(throws: problem) { try AddressRange(parsing: text) }
  }

  @Test
  func orderIsFamilyThenFirstThenLast() throws {
    let texts = ["::1", "10.0.0.0/8", "10.0.0.0/16", "9.255.255.255", "::"]
    let sorted = try texts.map { try AddressRange(parsing: $0) }.sorted().map(\.description)
    #expect(sorted == ["9.255.255.255", "10.0.0.0/16", "10.0.0.0/8", "::", "::1"])
  }
}
