#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows nwfleet at work on a throwaway host with a real libvirtd. Everything that it claims is checked: it ends with 0
# only if all of it was so. The machine's own libvirt, if there is one, is not touched.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$PWD/bin/nwfleet

if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "demo: a sandbox needs root, and sudo is not here" >&2
    exit 1
  fi
  echo "demo: a sandbox needs root: going on with sudo"
  exec sudo "$0" "$@"
fi

work=$(mktemp -d /tmp/nwfleet-demo.XXXXXX)
# The demo has a sandbox, locks and a policy repository of its own.
export NWFLEET_SANDBOX_ROOT=$work/sandbox NWFLEET_RUNTIME_DIR=$work/run
repo=$work/repo
loaded_module=no
cleanup() {
  "$program" sandbox down || true
  if [[ $loaded_module == yes ]]; then modprobe -r br_netfilter || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# MARK: How it is told

chapter=0
caption() {
  chapter=$((chapter + 1))
  printf '\n=== %d. %s\n\n' "$chapter" "$1"
}
checked() { printf '    [checked] %s\n' "$1"; }
fail() {
  printf '\ndemo: FAILED: %s\n' "$1" >&2
  exit 1
}

# Shows a command line and runs it in the repository; its exit code has to be the first argument.
output=
run() {
  run_quietly "$@"
  if [[ -n $output ]]; then printf '%s\n' "$output"; fi
}
run_quietly() {
  local expected=$1 status=0
  shift
  printf '$ %s\n' "$*"
  output=$(cd "$repo" && "$@" 2>&1) || status=$?
  if ((status != expected)); then
    printf '%s\n' "$output"
    fail "'$*' ended with $status, not $expected"
  fi
}
# apply shows its plan again; where that was seen already, only what it says at the end is shown.
apply() {
  run_quietly 0 nwfleet apply --auto-approve "$@"
  printf '…\n%s\n' "${output##*$'\n'}"
}
nwfleet() { "$program" "$@"; }
# virsh on the sandbox's libvirtd.
virsh() { command virsh -c "$("$program" sandbox uri)" "$@"; }
in_vm() {
  local vm=$1
  shift
  "$program" sandbox exec --vm "$vm" -- "$@"
}
# Whether a VM reaches an address; a first packet may be lost while ARP finds the way.
pings() { in_vm "$1" ping -n -q -c 3 -i 0.2 -W 1 "$2" >/dev/null; }
must_ping() {
  pings "$1" "$2" || fail "$1 does not reach $2"
  checked "$1 reaches $2: $3"
}
must_not_ping() {
  if pings "$1" "$2"; then fail "$1 reaches $2"; fi
  checked "$1 does not reach $2: $3"
}
# All filters of the host, names and contents.
all_filters() {
  local name
  for name in $(virsh nwfilter-list | awk 'NR > 2 { print $2 }'); do
    virsh nwfilter-dumpxml "$name"
  done
}

# MARK: What is told

# Without this module the kernel never shows bridged packets to layer-3 rules, and nothing would be dropped.
if [[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ]]; then
  modprobe br_netfilter || fail "the kernel module br_netfilter is not here: layer-3 rules would not be enforced"
  loaded_module=yes
fi

cp -r examples/demo "$repo"
rm -r "$repo/changes"

caption "A host with libvirt's own filters and two VMs, which reach each other"
run 0 nwfleet sandbox up --net nat
all_filters >"$work/before.xml"
checked "$(grep -c '<filter name=' "$work/before.xml") filters on the host, all of them libvirt's own"
must_ping vm2 192.168.122.11 "vm1 answers everybody"

caption "What nwfleet would do to the host; it does nothing yet"
run 0 nwfleet plan
plan=$output
[[ $plan == *"to create"* ]] || fail "the plan creates nothing"

caption "Now it does it, and reads back what libvirt made of it"
apply

caption "virsh knows the same filters, with the UUIDs that the plan named"
run 0 virsh nwfilter-list
count=0
while read -r name uuid; do
  grep -q "^ *$uuid  *$name\$" <<<"$output" || fail "virsh does not have $name with $uuid"
  count=$((count + 1))
done < <(awk '$1 == "+" && $2 == "profile" { name = $3 } $1 == "uuid" { print name, $2 }' <<<"$plan")
((count > 0)) || fail "the plan named no UUID"
checked "$count UUIDs are the ones of the plan"

caption "A second plan has nothing to do"
run 0 nwfleet plan --detailed-exitcode
[[ $output == *"No changes."* ]] || fail "the second plan is not empty"

caption "A packet that passed is dropped now, and only that one"
must_not_ping vm2 192.168.122.11 "the policy drops pings to vm1"
must_ping vm1 192.168.122.12 "vm1 itself may ping, and gets its answers"

caption "Somebody changes a filter by hand: drift finds it, apply repairs it"
virsh nwfilter-dumpxml demo.profile.web | sed "s/action='drop'/action='accept'/" >"$work/tampered.xml"
run 0 virsh nwfilter-define "$work/tampered.xml"
must_ping vm2 192.168.122.11 "the hole is real"
run 2 nwfleet drift
[[ $output == *demo.profile.web* ]] || fail "drift does not name the filter"
apply
run 0 nwfleet drift
must_not_ping vm2 192.168.122.11 "the hole is closed"

caption "vm2 is cut off from the internet and let out again, while a ping of it runs"
must_ping vm2 198.51.100.2 "the world beyond the host's NAT"
in_vm vm2 sh -c "ping -n -i 0.1 198.51.100.2 & pinger=\$!
  while [ ! -e '$work/stop' ]; do sleep 0.1; done; kill -INT \$pinger; wait" >"$work/ping.txt" 2>&1 &
pinger=$!
answers() { grep -c 'bytes from' "$work/ping.txt" || true; }
sent() { sed -nE 's/.*icmp_seq=([0-9]+).*/\1/p' "$work/ping.txt" | sort -n | tail -n 1; }
sleep 2
cp examples/demo/changes/1-limit-internet.yaml "$repo/policies/internet.yaml"
run 0 nwfleet plan
apply
last_before=$(sent)
answered=$(answers)
sleep 3
(($(answers) - answered <= 1)) || fail "vm2 still has answers from the internet"
checked "no answer for 3 s"
must_ping vm2 192.168.122.1 "its own network is still there"
cp examples/demo/changes/2-open-internet.yaml "$repo/policies/internet.yaml"
run 0 nwfleet plan
run_quietly 1 nwfleet apply --auto-approve
[[ $output == *"[unprotected]"* ]] || fail "apply does not say why it refuses"
checked "apply opens nobody's default unless it is told to"
apply --allow-unprotected 1
sleep 2
touch "$work/stop"
wait "$pinger" || true
first_after=$(sed -nE 's/.*icmp_seq=([0-9]+).*/\1/p' "$work/ping.txt" | awk -v last="$last_before" '$1 > last' | head -n 1)
tail -n 2 "$work/ping.txt" | sed 's/^/    /'
[[ -n $first_after ]] || fail "no answer after vm2 was let out again"
lost=$((first_after - last_before - 1))
((lost >= 20)) || fail "only $lost pings were lost while vm2 was cut off"
checked "$last_before pings, then $lost lost while it was cut off, then answers again from ping $first_after on"

caption "Everything of the project is taken off; what was there before is as it was"
run 0 nwfleet destroy --auto-approve
run 0 virsh nwfilter-list
all_filters >"$work/after.xml"
cmp -s "$work/before.xml" "$work/after.xml" || fail "the host's filters are not as they were"
checked "all $(grep -c '<filter name=' "$work/after.xml") stock filters are as they were, byte by byte"
must_ping vm2 192.168.122.11 "vm1 answers everybody again"

caption "The sandbox goes, and leaves nothing behind"
run 0 nwfleet sandbox down
cd /
[[ ! -e $NWFLEET_SANDBOX_ROOT ]] || fail "$NWFLEET_SANDBOX_ROOT is still there"
for process in /proc/[0-9]*; do
  if [[ ${process#/proc/} != "$$" && $(tr '\0' ' ' 2>/dev/null <"$process/cmdline" || true) == *"$work"* ]]; then
    fail "process ${process#/proc/} still runs"
  fi
done
if grep -q "$work" /proc/mounts; then fail "something is still mounted"; fi
checked "no process, no mount, no file"
printf '\ndemo: all of it was so.\n'
