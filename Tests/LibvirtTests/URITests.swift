// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Libvirt

@Suite struct URITests {
  @Test func local() throws {
    let uri = try LibvirtURI("qemu:///system")
    #expect(uri.driver == "qemu" && uri.transport == nil && uri.host == nil && uri.path == "/system")
    #expect(!uri.isRemote && uri.parameters.isEmpty)
  }

  @Test func everyPart() throws {
    let uri = try LibvirtURI("QEMU+SSH://root%40corp@[fe80::1]:2222/system?keyfile=/a%20b&no_tty=1;mode=legacy")
    #expect(uri.driver == "qemu" && uri.transport == "ssh" && uri.user == "root@corp")
    #expect(uri.host == "fe80::1" && uri.port == 2222 && uri.path == "/system" && uri.isRemote)
    #expect(uri.parameter("keyfile") == "/a b" && uri.parameter("no_tty") == "1" && uri.parameter("mode") == "legacy")
    #expect(uri.parameter("none") == nil)
  }

  @Test(arguments: [
    ("lxc:///", false), ("qemu+unix:///system?socket=/a", false), ("qemu+ext:///system", true),
    ("qemu://kvm1/system", true), ("nwfilter+tls://kvm1/system", true),
  ])
  func remoteness(_ text: String, _ isRemote: Bool) throws {
    #expect(try LibvirtURI(text).isRemote == isRemote)
  }

  @Test(arguments: [
    ("", LibvirtURI.ParseError.Code.badScheme, ""), ("qemu", .badScheme, "qemu"), ("1q:///system", .badScheme, "1q"),
    ("://host/", .badScheme, ""), ("qemu+rsh://h/system", .unknownTransport, "rsh"),
    ("qemu+://h/system", .unknownTransport, ""), ("qemu:/system", .missingSlashes, "/system"),
    ("qemu://h:0/system", .badPort, "0"), ("qemu://h:99999/system", .badPort, "99999"),
    ("qemu://h:+22/system", .badPort, "+22"), ("qemu://h:/system", .badPort, ""),
    ("qemu://[::1/system", .badHost, "[::1"), ("qemu://[::1]x/system", .badHost, "[::1]x"),
    ("qemu:///system?socket=%2", .badEscape, "socket=%2"), ("qemu:///system?a=%ff", .badEscape, "a=%ff"),
    ("qemu+unix://h/system", .hostWithUnix, "h"),
  ])
  func mistakes(_ text: String, _ code: LibvirtURI.ParseError.Code, _ part: String) {
    #expect(throws: LibvirtURI.ParseError(code: code, input: text, part: part)) { try LibvirtURI(text) }
  }
}
