// SPDX-License-Identifier: Apache-2.0

/// The presets that ship with nwfleet: the YAML files beside this one, embedded in the program.
public enum ShippedPresets {
  /// By preset name, the text of its file: one `presets:` section with one preset of that name.
  public static let files: [String: [UInt8]] = [
    "bastion": PackageResources.bastion_yaml,
    "database": PackageResources.database_yaml,
    "dhcp-client": PackageResources.dhcp_client_yaml,
    "dhcp-server": PackageResources.dhcp_server_yaml,
    "gateway-only": PackageResources.gateway_only_yaml,
    "internet-only": PackageResources.internet_only_yaml,
    "isolated": PackageResources.isolated_yaml,
    "open": PackageResources.open_yaml,
    "router": PackageResources.router_yaml,
    "vrrp": PackageResources.vrrp_yaml,
    "web-server": PackageResources.web_server_yaml,
    "windows-dc": PackageResources.windows_dc_yaml,
  ]
}
