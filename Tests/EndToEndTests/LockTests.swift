// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Processes
import Sandbox
import SandboxFixture
import Testing

extension EndToEnd {
  /// `nwfleet lock` on real libvirt networks.
  @Suite struct LockTests {
    private static let web = "52:54:00:aa:bb:01"
    private static let guest = "52:54:00:aa:bb:02"

    private static let network = """
      <network><name>lan</name><forward mode='nat'/><bridge name='virbr7' stp='off' delay='0'/>
      <ip address='10.77.0.1' netmask='255.255.255.0'><dhcp><range start='10.77.0.100' end='10.77.0.200'/>
        <host mac='\(web)' name='web-1' ip='10.77.0.11'/></dhcp></ip>
      <ip family='ipv6' address='2001:db8:77::1' prefix='64'><dhcp>
        <range start='2001:db8:77::100' end='2001:db8:77::1ff'/><host name='web-1' ip='2001:db8:77::11'/></dhcp></ip>
      </network>
      """

    private static func domain(_ name: String, _ interfaces: String) -> String {
      """
      <domain type='qemu'><name>\(name)</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>
      <os><type arch='x86_64' machine='pc'>hvm</type></os>
      <devices><controller type='usb' model='none'/><memballoon model='none'/>\(interfaces)</devices></domain>
      """
    }

    private static func interface(_ mac: String, network: String) -> String {
      "<interface type='network'><mac address='\(mac)'/><source network='\(network)'/><model type='virtio'/></interface>"
    }

    /// A host with a network that libvirt runs and one on a bridge that it does not, and VMs on them: web-1 on both (it
    /// runs, paused), guest-1 on the first (off).
    private static func prepare(_ host: TestHost) async throws -> TestRepository {
      try await host.virsh("net-define", "/dev/stdin", input: network)
      try await host.virsh("net-start", "lan")
      try await host.virsh(
        "net-define", "/dev/stdin",
        input: "<network><name>outside</name><forward mode='bridge'/><bridge name='br0'/></network>")
      try await host.virsh("net-start", "outside")
      try await host.virsh(
        "define", "/dev/stdin",
        input: domain("web-1", interface(web, network: "lan") + interface("52:54:00:aa:bb:09", network: "outside")))
      try await host.virsh("start", "--paused", "web-1")
      try await host.virsh("define", "/dev/stdin", input: domain("guest-1", interface(guest, network: "lan")))
      return try host.repository()
    }

    private static func text(_ repository: TestRepository) throws -> String {
      try String(contentsOfFile: "\(repository.path)/addresses.lock.yaml", encoding: .utf8)
    }

    /// What a DHCP client of the operating system does, by hand: none is installed everywhere.
    private static let dhcpClient = #"""
      use strict; use Socket;
      my ($mac) = @ARGV; my @bytes = map { hex } split /:/, $mac;
      socket(my $s, PF_INET, SOCK_DGRAM, 17) or die "socket: $!";
      setsockopt($s, SOL_SOCKET, SO_BROADCAST, 1); setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
      setsockopt($s, SOL_SOCKET, 25, "eth0\0") or die "device: $!";
      bind($s, sockaddr_in(68, INADDR_ANY)) or die "bind: $!";
      sub message { my ($type, @options) = @_;
        return pack('CCCCNnnNNNNC16x192NC3C*', 1, 1, 6, 0, 0x12345678, 0, 0x8000, 0, 0, 0, 0, @bytes, (0) x 10,
          0x63825363, 53, 1, $type, @options, 255); }
      sub ask { my ($wanted, @message) = @_;
        for (1 .. 10) {
          send($s, message(@message), 0, sockaddr_in(67, INADDR_BROADCAST)) or die "send: $!";
          my $ready = ''; vec($ready, fileno($s), 1) = 1;
          while (select(my $found = $ready, undef, undef, 1)) {
            recv($s, my $answer, 2000, 0);
            return $answer if $answer =~ /\x63\x82\x53\x63.*\x35\x01$wanted/s;
          }
        }
        die "no answer"; }
      my $address = substr(ask("\x02", 1), 16, 4);
      ask("\x05", 3, 50, 4, unpack('C4', $address), 54, 4, 10, 77, 0, 1);
      print inet_ntoa($address);
      """#

    /// A lease for guest-1, as it would get it if it booted.
    private static func lease(_ host: TestHost) async throws -> String {
      let script = """
        set -e
        ip netns add client
        ip link add client0 type veth peer name eth0 address \(guest) netns client
        ip link set client0 master virbr7 up
        ip -n client link set lo up
        ip -n client link set eth0 up
        ip -n client route add 255.255.255.255 dev eth0
        ip netns exec client sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done'
        ip netns exec client perl -e "$1" \(guest)
        """
      let result = try await host.sandbox.exec(["sh", "-c", script, "sh", dhcpClient])
      result.expect(0)
      return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func reservationsLeasesAndNetworks() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0)) { host in
        let repository = try await Self.prepare(host)
        try await repository.run("lock", "--check").expect(2).says("would change", "reservation, network lan, h1")
        #expect(!FileManager.default.fileExists(atPath: "\(repository.path)/addresses.lock.yaml"))
        try await repository.run("lock").expect(0).says(
          "+ web-1 \(Self.web)  10.77.0.11  (reservation, network lan, h1)",
          "+ network lan  subnets 10.77.0.0/24  (h1)",
          "Wrote addresses.lock.yaml")
        let first = try Self.text(repository)
        for line in [
          "      \"\(Self.web)\": {network: lan, addresses: [10.77.0.11, \"2001:db8:77::11\"]}\n",
          "      \"52:54:00:aa:bb:09\": {network: outside}\n", "      \"\(Self.guest)\": {network: lan}\n",
          "  lan:\n    subnets: [10.77.0.0/24, \"2001:db8:77::/64\"]\n    gateway: [10.77.0.1, \"2001:db8:77::1\"]\n",
        ] {
          #expect(first.contains(line), "no \(line)in:\n\(first)")
        }
        #expect(!first.contains("outside: {"))

        // The same facts: the same bytes, and the file is left alone.
        try await repository.run("lock").expect(0).says("is as the hosts say")
        try await repository.run("lock", "--check").expect(0)
        #expect(try Self.text(repository) == first)

        let leased = try await Self.lease(host)
        #expect(leased.hasPrefix("10.77.0."))
        try await repository.run("lock").expect(0).says(
          "+ guest-1 \(Self.guest)  \(leased)  (lease, network lan, h1)")
        let second = try Self.text(repository)
        #expect(second.contains("\"\(Self.guest)\": {network: lan, addresses: [\(leased)]}"))

        // Off is no reason to forget, and a network that is down neither.
        try await host.virsh("destroy", "web-1")
        try await host.virsh("net-destroy", "lan")
        try await repository.run("lock", "--check").expect(0)

        // The reservation is changed: what it was is replaced.
        let changed = Self.network.replacingOccurrences(of: "10.77.0.11", with: "10.77.0.12")
        try await host.virsh("net-undefine", "lan")
        try await host.virsh("net-define", "/dev/stdin", input: changed)
        try await repository.run("lock").expect(0).says(
          "~ web-1 \(Self.web)  10.77.0.11 → 10.77.0.12  (reservation, network lan, h1)")

        // A VM that nobody has is kept until somebody says otherwise.
        try await host.virsh("undefine", "guest-1")
        try await repository.run("lock").expect(0).says("vm-gone", "guest-1")
        #expect(try Self.text(repository).contains("guest-1"))
        try await repository.run("lock", "--prune").expect(0).says(
          "- guest-1 \(Self.guest)  \(leased)  (no host has it)")
        #expect(try !Self.text(repository).contains("guest-1"))
      }
    }

    @Test func aHostThatIsAwayShrinksNothing() async throws {
      try await withHost(SandboxOptions(hosts: 2, virtualMachines: 0, qemuDomains: 1)) { host in
        _ = try await Self.prepare(host)
        let repository = try host.repository(
          "fleet", hosts: "h1: {uri: \"sandbox:///1\"}\n  h2: {uri: \"sandbox:///2\"}")
        try await repository.run("lock").expect(0)
        let both = try Self.text(repository)
        try await host.sandbox.stopDaemon(host: 1)
        // web-1 and network lan are h1's.
        try await repository.run("lock").expect(4).says("cannot connect", "is as the hosts say")
        #expect(try Self.text(repository) == both)
        try await repository.run("lock", "--host", "h2").expect(0)
        #expect(try Self.text(repository) == both)
        try await repository.run("lock", "--prune").expect(1).says("prune-needs-all-hosts")
        let json = try await repository.run("lock", "--json").expect(4)
        let document = try #require(
          try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(document["isChanged"] as? Bool == false)
        #expect(document["hosts"] as? [String] == ["h2"])
        #expect((document["failures"] as? [[String: Any]])?.first?["host"] as? String == "h1")
        // Nobody answers: an error, and nothing is written.
        try await repository.run("lock", "--host", "h1").expect(1).says("cannot connect")
        try await repository.run("lock", "--host", "h3").expect(1).says("unknown-host")
        #expect(try Self.text(repository) == both)
        try await host.sandbox.startDaemon(host: 1)
        try await repository.run("lock", "--check").expect(0)

        // Policies that are wrong (they may lack an address) are no obstacle, but hosts may be missing.
        try repository.policy("groups: {web: {vms: {}}}\n")
        try await repository.run("lock", "--check").expect(0)
        try await repository.run("lock", "--prune").expect(1).says("policy files have errors")

        // A broken file is nobody's to overwrite.
        try repository.write("addresses.lock.yaml", both + "hosts: {}\n")
        try await repository.run("lock").expect(1).says("misplaced-section", "addresses.lock.yaml:")
        #expect(try Self.text(repository) == both + "hosts: {}\n")
      }
    }
  }
}
