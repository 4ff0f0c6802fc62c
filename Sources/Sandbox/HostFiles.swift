// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// The folder of a host: everything that it has, and what its start-up script reads.
struct HostFiles: Sendable {
  let host: SandboxHost

  /// The stat line that the host's first process wrote about itself, in the folder of its start.
  private var processRecord: String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: host.directory)) ?? []
    return names.first { $0.hasPrefix("start-") }.map { "\(host.directory)/\($0)/process" }
  }
  /// There once libvirtd answers.
  var ready: String { "\(host.directory)/ready" }
  /// The output of the start-up script.
  var startLog: String { "\(host.directory)/log/start.log" }
  /// The options that the host was started with.
  var optionsFile: String { "\(host.directory)/options.json" }
  var script: String { "\(host.directory)/host.sh" }
  var daemonScript: String { "\(host.directory)/daemon.sh" }
  var networkScript: String { "\(host.directory)/network.sh" }

  /// The host's first process, if it runs, and the pid of unshare, which waits for it.
  var process: (process: ProcessIdentity, parent: Int32)? {
    guard let record = processRecord, let line = try? String(contentsOfFile: record, encoding: .utf8),
      let recorded = ProcessIdentity.recorded(line), recorded.process.isRunning
    else { return nil }
    return recorded
  }

  var isReady: Bool { FileManager.default.fileExists(atPath: ready) }

  var options: SandboxOptions? {
    guard let data = FileManager.default.contents(atPath: optionsFile) else { return nil }
    return try? JSONDecoder().decode(SandboxOptions.self, from: data)
  }

  /// Writes the whole folder of a host that is not up, and gives the name of this start.
  ///
  /// The name tells this start from earlier ones: a first process that was on its way when its `up` was killed must not
  /// record itself in the folder of the next.
  func create(_ options: SandboxOptions) throws(SandboxError) -> String {
    let start = "start-\(UUID().uuidString)"
    for folder in [start, "etc/nwfilter", "etc/qemu/networks", "lib", "cache/qemu", "log/qemu", "run", "mount"] {
      try SystemCalls.makeDirectory("\(host.directory)/\(folder)")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    let encoded = (try? encoder.encode(options)).map { String(decoding: $0, as: UTF8.self) }
    for (path, text) in [
      (optionsFile, encoded ?? ""),
      ("\(host.directory)/etc/libvirtd.conf", HostConfiguration.daemon(host, debugLog: options.libvirtdDebugLog)),
      ("\(host.directory)/etc/libvirt.conf", "uri_default = \"qemu:///system\"\n"),
      ("\(host.directory)/etc/qemu.conf", HostConfiguration.qemu),
      ("\(host.directory)/etc/lxc.conf", "security_driver = \"none\"\n"),
      ("\(host.directory)/dnsmasq.conf", HostConfiguration.dnsmasq(host, options)),
      ("\(host.directory)/hosts", HostConfiguration.hosts(host, options)),
      ("\(host.directory)/resolv.conf", options.network == .bridge ? "" : "nameserver 192.168.122.1\n"),
      (networkScript, NetworkScript(host: host, options: options).whole),
      (script, HostScript.text), (daemonScript, HostScript.daemon),
    ] {
      try SystemCalls.write(text, to: path)
    }
    if options.stockFilters { try copyStockFilters() }
    return start
  }

  /// libvirt's own filters: the packaged originals where the distribution keeps them, else those in use here.
  private func copyStockFilters() throws(SandboxError) {
    let files = FileManager.default
    for folder in ["/usr/share/libvirt/nwfilter", "/etc/libvirt/nwfilter"] {
      let names = ((try? files.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".xml") }
      guard !names.isEmpty else { continue }
      for name in names {
        do {
          try files.copyItem(atPath: "\(folder)/\(name)", toPath: "\(host.filterDirectory)/\(name)")
        } catch {
          throw SandboxError(code: .failed, message: "cannot copy \(folder)/\(name): \(error)")
        }
      }
      return
    }
    throw SandboxError(
      code: .missingTool, message: "libvirt's stock filters are not in /usr/share/libvirt/nwfilter",
      hint: "on Debian: apt install libvirt-daemon-config-nwfilter, or start the sandbox without stock filters")
  }
}
