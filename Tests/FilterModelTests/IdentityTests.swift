// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Testing

@Suite struct IdentityTests {
  /// RFC 9562, appendix A.4.
  @Test func version5OfTheStandard() throws {
    let dns = try #require(ObjectUUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
    #expect(ObjectUUID(namespace: dns, name: "www.example.com").description == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
  }

  /// RFC 3174, section 7.3, and the lengths around a block's end.
  @Test(arguments: [
    ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
  ])
  func sha1(text: String, digest: String) {
    #expect(SHA1.hexDigest(text) == digest)
  }

  /// These values are on hosts: they never change.
  @Test func stable() {
    let identity = Identity(project: "acme")
    #expect(identity.uuid(ofFilter: "limit").description == "0546759b-46cb-50c9-b1e5-e69c61dc0e16")
    #expect(identity.owns(filter: "limit", uuid: identity.uuid(ofFilter: "limit")))
    #expect(!identity.owns(filter: "limit", uuid: Identity(project: "other").uuid(ofFilter: "limit")))
  }

  @Test func names() {
    #expect(Identity.isValidName("acme-2"))
    for name in ["", "2acme", "Acme", "a.b", "a_b", String(repeating: "a", count: 42)] {
      #expect(!Identity.isValidName(name), "\(name)")
    }
    #expect(FilterName.isValid("_a.B-9"))
    for name in ["", "-a", ".a", "../qemu/evil", "a b", "ä", "a/b", String(repeating: "a", count: 202)] {
      #expect(!FilterName.isValid(name), "\(name)")
    }
  }
}
