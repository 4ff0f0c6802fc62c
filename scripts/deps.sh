#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what building, testing and the sandbox need on Debian; does nothing where it is all there.
set -euo pipefail

packages=(
  # to build
  pkg-config libyaml-dev libxml2-dev libvirt-dev
  # to run a sandbox: libvirtd with its QEMU driver and stock filters, and the firewall tools it calls
  libvirt-daemon libvirt-daemon-driver-qemu libvirt-daemon-config-nwfilter libvirt-clients
  ebtables iptables ipset iproute2 iputils-ping dnsmasq-base qemu-system-x86 util-linux procps
  # to check
  shellcheck
)

missing=()
for package in "${packages[@]}"; do
  if [[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]]; then
    missing+=("$package")
  fi
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "deps: missing ${missing[*]}: install them as root, sudo is not here" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "deps: installing ${missing[*]}"
# The packages must not start a libvirtd of their own: the sandbox starts its own, in private namespaces.
policy=/usr/sbin/policy-rc.d
placed_policy=no
if [[ ! -e $policy && ! -d /run/systemd/system ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  placed_policy=yes
fi
cleanup() {
  if [[ $placed_policy == yes ]]; then
    "${as_root[@]}" rm -f "$policy"
  fi
}
trap cleanup EXIT

log=$(mktemp)
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1
}
"${as_root[@]}" apt-get update >"$log" 2>&1 || true
if ! install; then
  cat "$log" >&2
  exit 1
fi
rm -f "$log"
