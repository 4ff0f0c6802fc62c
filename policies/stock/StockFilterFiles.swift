// SPDX-License-Identifier: Apache-2.0

/// The filters that libvirt installs itself: the YAML files beside this one, embedded in the program.
public enum StockFilterFiles {
  /// By file name.
  public static let files: [String: [UInt8]] = [
    "arp.yaml": PackageResources.arp_yaml,
    "clean-traffic.yaml": PackageResources.clean_traffic_yaml,
    "dhcp.yaml": PackageResources.dhcp_yaml,
    "ip.yaml": PackageResources.ip_yaml,
    "mac.yaml": PackageResources.mac_yaml,
  ]
}
