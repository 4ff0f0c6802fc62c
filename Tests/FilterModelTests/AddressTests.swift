// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Testing

@Suite struct AddressTests {
  @Test(arguments: ["0.0.0.0", "255.255.255.255", "192.0.2.1"])
  func ipv4RoundTrip(text: String) {
    #expect(IPv4Address(text)?.description == text)
  }

  @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "010.0.0.1", "1.2.3.256", "1..2.3", "1.2.3.", ".1.2.3", "167772161"])
  func ipv4Refused(text: String) {
    #expect(IPv4Address(text) == nil)
  }

  @Test(arguments: [
    ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
    ("a:b:c::d:e:f", "a:b:c::d:e:f"), ("::ffff:10.1.2.3", "::ffff:10.1.2.3"), ("::ffff:a01:203", "::ffff:10.1.2.3"),
    ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("fe80::", "fe80::"),
    ("::10.1.2.3", "::10.1.2.3"), ("1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"),
  ])
  func ipv6Canonical(text: String, canonical: String) {
    #expect(IPv6Address(text)?.description == canonical)
  }

  @Test(arguments: [
    "", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "1:", "::1%eth0",
  ])
  func ipv6Refused(text: String) {
    #expect(IPv6Address(text) == nil)
  }

  @Test func mac() {
    #expect(MACAddress("1:2:3:a:B:ff")?.description == "01:02:03:0a:0b:ff")
    #expect(MACAddress("1:2:3:4:5") == nil)
    #expect(MACAddress("1:2:3:4:5:006") == nil)
    #expect(MACAddress("ff:ff:ff:ff:80:00")?.isContiguousMask == true)
    #expect(MACAddress("ff:00:ff:00:00:00")?.isContiguousMask == false)
  }
}
