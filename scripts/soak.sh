#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lives with one host for a while: in each round the policy changes at random, somebody tampers with the host, and
# nwfleet or libvirtd may be killed in the middle of an apply. After each round one apply has to converge and the next
# plan has to be empty; foreign filters stay as they are, and neither bindings nor libvirtd's files and memory grow.
# usage: scripts/soak.sh [SECONDS [SEED]]
set -euo pipefail
cd "$(dirname "$0")/.."
program=${NWFLEET:-$PWD/bin/nwfleet}
seconds=${1:-60}
seed=${2:-$((RANDOM * 32768 + RANDOM))}
RANDOM=$seed

if ((EUID != 0)); then
  echo "soak: a sandbox needs root: going on with sudo"
  exec sudo NWFLEET="$program" "$0" "$seconds" "$seed"
fi

work=$(mktemp -d /tmp/nwfleet-soak.XXXXXX)
export NWFLEET_SANDBOX_ROOT=$work/s NWFLEET_RUNTIME_DIR=$work/run
repo=$work/repo
cleanup() {
  "$program" sandbox down || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# bash tells on its standard error of each job that is killed.
exec 3>&2
round=0 happened=
fail() {
  echo "soak: FAILED in round $round (seed $seed; $happened): $*" >&3
  exit 1
}

# random COUNT: 0 to COUNT - 1, in $chosen: in a subshell RANDOM would give the same numbers again and again.
random() { chosen=$((RANDOM % $1)); }
one_in() {
  random "$1"
  ((chosen == 0))
}

"$program" sandbox up --vms 2 --qemu 1 >/dev/null
uri=$("$program" sandbox uri)
on_host() { virsh -q -c "$uri" "$@"; }
daemon() { "$program" sandbox status --json | sed -n 's/.*"libvirtd" *: *\([0-9]*\).*/\1/p'; }

# MARK: The policy

most_filters=16
mkdir -p "$repo/policies"
cat >"$repo/nwfleet.yaml" <<'YAML'
project: soak
id: 50a4c0de
vms:
  vm1: {nics: {"52:54:00:01:00:01": {port: vnet1}}}
  vm2: {nics: {"52:54:00:01:00:02": {port: vnet2}}}
YAML

write_rule() {
  local protocols=(tcp udp tcp-ipv6 ip icmp all mac) actions=(accept drop) directions=(in out inout)
  local protocol action direction attributes='' priority
  random ${#protocols[@]} && protocol=${protocols[chosen]}
  random ${#actions[@]} && action=${actions[chosen]}
  random ${#directions[@]} && direction=${directions[chosen]}
  random 900 && priority=$((chosen + 1))
  random 60000
  case $protocol in
    tcp | udp | tcp-ipv6) attributes="dstportstart: $((chosen + 1))" ;;
    ip) attributes="srcipaddr: 10.0.$((chosen % 250)).1" ;;
    icmp) attributes="type: $((chosen % 19))" ;;
    mac) attributes="protocolid: arp" ;;
  esac
  echo "      - {action: $action, direction: $direction, priority: $priority, $protocol: {$attributes}}"
}

# Each filter is there or not, and refers to earlier ones only.
write_policy() {
  local names=() index rules
  {
    echo "filters:"
    for ((index = 0; index < most_filters; index++)); do
      if ((index > 0)) && one_in 4; then continue; fi
      echo "  soak-$index:"
      echo "    rules:"
      random 4 && rules=$((chosen + 1))
      for ((; rules > 0; rules--)); do write_rule; done
      if ((${#names[@]} > 0)) && one_in 3; then
        random ${#names[@]}
        echo "      - {filterref: ${names[chosen]}}"
      fi
      names+=("soak-$index")
    done
    echo "groups:"
    for machine in vm1 vm2 q1; do
      random ${#names[@]}
      printf '  %s:\n    vms: {name: %s}\n    filter: %s\n' "$machine" "$machine" "${names[chosen]}"
    done
  } >"$repo/policies/soak.yaml"
  filters=${#names[@]}
}

# MARK: What goes wrong

tamper() {
  local name
  random $most_filters && name=soak-$chosen
  random 4
  case $chosen in
    0)
      happened+=", $name changed"
      on_host nwfilter-dumpxml "$name" >"$work/xml" 2>/dev/null || return 0
      sed -i "s/priority='[0-9]*'/priority='999'/" "$work/xml"
      on_host nwfilter-define "$work/xml" >/dev/null 2>&1 || true
      ;;
    1)
      happened+=", $name undefined"
      on_host nwfilter-undefine "$name" >/dev/null 2>&1 || true
      ;;
    2)
      happened+=", binding of vnet1 deleted"
      on_host nwfilter-binding-delete vnet1 >/dev/null 2>&1 || true
      ;;
    3)
      happened+=", a foreign filter defined"
      echo "<filter name='foreign-$((round % 5))'><rule action='drop' direction='in'/></filter>" >"$work/xml"
      on_host nwfilter-define "$work/xml" >/dev/null 2>&1 || true
      ;;
  esac
}

start_daemon() {
  "$program" sandbox exec -- libvirtd -d -p /run/libvirtd.pid
  for ((try = 0; try < 500; try++)); do
    if virsh -q -r -c "$uri" uri >/dev/null 2>&1; then return; fi
    sleep 0.02
  done
  fail "libvirtd does not come back"
}

apply=("$program" apply --repo "$repo" --connect sandbox:///1 --auto-approve --max-destroy 100 --allow-unprotected 3)

# An apply during which nwfleet, libvirtd or both are killed. How it ends does not matter.
disturbed_apply() {
  local pause running victims
  random 120 && pause=0.$(printf %03d $((chosen * 8)))
  random 3 && victims=$chosen
  "${apply[@]}" >"$work/out" 2>&1 &
  running=$!
  sleep "$pause"
  if ((victims != 1)); then
    happened+=", nwfleet killed after $pause s"
    kill -9 "$running" 2>/dev/null || true
  fi
  if ((victims != 0)); then
    happened+=", libvirtd killed after $pause s"
    kill -9 "$(daemon)"
    start_daemon
  fi
  wait "$running" || true
}

# MARK: What must hold

foreign() {
  on_host nwfilter-list | awk '$2 !~ /^soak/ { print $2 }' | sort |
    while read -r name; do on_host nwfilter-dumpxml "$name"; done
}

check_leaks() {
  local pid files memory
  pid=$(daemon)
  files=$(find "/proc/$pid/fd" -mindepth 1 | wc -l)
  memory=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
  if [[ $pid != "${first_pid:-}" ]]; then
    first_pid=$pid first_files=$files first_memory=$memory
  fi
  ((files <= first_files + 16)) || fail "libvirtd has $files files open, $first_files at its start"
  ((memory <= first_memory + 65536)) || fail "libvirtd uses $memory KiB, $first_memory at its start"
}

check_round() {
  local code=0
  foreign >"$work/foreign"
  "${apply[@]}" >"$work/out" 2>&1 || code=$?
  ((code == 0)) || fail "apply ended with $code: $(cat "$work/out")"
  "$program" plan --repo "$repo" --connect sandbox:///1 --detailed-exitcode >"$work/out" 2>&1 || code=$?
  ((code == 0)) || fail "the plan after it ended with $code: $(cat "$work/out")"
  foreign | cmp -s - "$work/foreign" || fail "a foreign filter changed"
  local bindings ours
  bindings=$(on_host nwfilter-binding-list | grep -c .)
  ((bindings == 3)) || fail "there are $bindings bindings, not 3"
  ours=$(on_host nwfilter-list | awk '$2 ~ /^soak-/' | wc -l)
  ((ours == filters)) || fail "there are $ours filters of the policy, not $filters"
  check_leaks
}

end=$((SECONDS + seconds))
while ((SECONDS < end)); do
  round=$((round + 1)) happened="new policy"
  write_policy
  if one_in 2; then tamper; fi
  if one_in 2; then tamper; fi
  if one_in 2; then disturbed_apply 2>/dev/null; fi
  check_round
  if [[ -n ${VERBOSE:-} ]]; then echo "round $round: $happened"; fi
done
echo "soak: $round rounds in $seconds s, seed $seed: each apply converged, every plan after it was empty"
