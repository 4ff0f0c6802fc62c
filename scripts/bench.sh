#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures nwfleet beside what else there is, in one run, and prints medians with their ratios.
# Fails on wrong results only, never on slow ones.
# usage: scripts/bench.sh [--quick] [--save]     --quick: less than 120 s; --save: keep the raw numbers in bench/runs
set -euo pipefail

cd "$(dirname "$0")/.."
nwfleet=${NWFLEET:-$PWD/bin/nwfleet}
packets=${NWFLEET_BENCH_PACKETS:-$PWD/bin/bench-packets}
# Debian's Python has Debian's packages; another one on the PATH need not.
python=/usr/bin/python3

rounds=5 host_rounds=15 start_rounds=21 path_rounds=21 diff_rounds=3 policies=10000 groups=10000 virsh_filters=1024 save=no
for argument in "$@"; do
  case $argument in
    --quick) rounds=3 host_rounds=7 start_rounds=7 path_rounds=5 diff_rounds=1 policies=2000 groups=1000 virsh_filters=64 ;;
    --save) save=yes ;;
    *)
      echo "usage: scripts/bench.sh [--quick] [--save]" >&2
      exit 64
      ;;
  esac
done

fail() {
  echo "bench: $*" >&2
  exit 1
}

if ((EUID != 0)) && command -v sudo >/dev/null; then
  echo "bench: a sandbox needs root: going on with sudo" >&2
  exec sudo NWFLEET="$nwfleet" NWFLEET_BENCH_PACKETS="$packets" "$0" "$@"
fi

[[ -x $nwfleet ]] || fail "there is no $nwfleet: run 'make build' first"
[[ -x $packets ]] || fail "there is no $packets: run 'scripts/build.sh bench-packets' first"

missing=()
for package in git gcc libc6-dev pkg-config libvirt-dev libvirt-clients python3-yaml python3-libvirt; do
  [[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || missing+=("$package")
done
if ((${#missing[@]} > 0)); then
  ((EUID == 0)) || fail "missing ${missing[*]}: install them as root, sudo is not here"
  echo "bench: installing ${missing[*]}" >&2
  env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

work=$(mktemp -d /tmp/nwfleet-bench.XXXXXX)
raw=$work/raw
mkdir "$raw"
export NWFLEET_SANDBOX_ROOT=$work/s NWFLEET_RUNTIME_DIR=$work/run
path_root=$work/p
children=()
cleanup() {
  for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
  for root in "$NWFLEET_SANDBOX_ROOT" "$path_root"; do
    if [[ -d $root ]]; then NWFLEET_SANDBOX_ROOT=$root "$nwfleet" sandbox down || true; fi
  done
  rm -rf "$work"
}
trap cleanup EXIT

read -ra libvirt_flags <<<"$(pkg-config --cflags --libs libvirt)"
gcc -O2 -Wall -Wextra -o "$work/measure" bench/measure.c
gcc -O2 -Wall -Wextra -o "$work/delay_proxy" bench/delay_proxy.c
gcc -O2 -Wall -Wextra -o "$work/round_trip" bench/round_trip.c
gcc -O2 -Wall -Wextra -o "$work/scan_rules" bench/scan_rules.c
gcc -O2 -Wall -Wextra -o "$work/read_filters" bench/read_filters.c "${libvirt_flags[@]}"

# measure NAME COMMAND...: one run, its line appended to raw/NAME; what it prints is in out and err.
measure() {
  local name=$1
  shift
  "$work/measure" "$raw/$name" "$@" >"$work/out" 2>"$work/err" || {
    cat "$work/out" "$work/err" >&2
    fail "'$*' failed"
  }
}

# median NAME [COLUMN]
median() {
  awk -v column="${2:-1}" '{ print $column }' "$raw/$1" | sort -n |
    awk '{ value[NR] = $1 } END { print NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'
}

row_format='%-58s %12s %12s %9s  %-15s %s\n'

# row WHAT OURS THEIRS UNIT RATIO [AIM LIMIT VALUE]: RATIO and VALUE are numbers or '-'; an aim is met if VALUE <= LIMIT.
row() {
  local what=$1 ours=$2 theirs=$3 ratio=$4 aim=${5:-} limit=${6:-} value=${7:-} met=''
  if [[ -n $aim ]]; then
    met=$(awk -v value="$value" -v limit="$limit" 'BEGIN { print value <= limit ? "met" : "MISSED" }')
  fi
  # shellcheck disable=SC2059
  printf "$row_format" "$what" "$ours" "$theirs" "$ratio" "$aim" "$met" | tee -a "$raw/table"
}

section() { printf '\n%s\n' "$1" | tee -a "$raw/table"; }

ms() { awk -v value="$1" 'BEGIN { printf value < 100 ? "%.1f ms" : "%.0f ms", value }'; }
mb() { awk -v k="$1" 'BEGIN { printf "%.1f MB", k / 1000 }'; }
divided() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f", a / b }'; }
us() { awk -v value="$1" 'BEGIN { printf "%.1f us", value }'; }
rate() { awk -v count="$1" -v ms="$2" 'BEGIN { printf "%.0f/s", count * 1e3 / ms }'; }
gbits() { awk -v value="$1" 'BEGIN { printf "%.1f Gbit/s", value }'; }
times() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2fx", a / b }'; }

same() { [[ $1 == "$2" ]] || fail "$3: $1 is not $2"; }

# The number of filters that `plan -v` says it read, and how long it took, from the last run.
keep_read_phase() {
  grep -q '^No changes' "$work/out" || fail "the plan of $1 is not empty"
  sed -n 's/^read \([0-9]*\) filters in \([0-9.]*\) ms$/\2 \1/p' "$work/err" >>"$raw/$1"
}

{
  date -u +%Y-%m-%dT%H:%MZ
  "$nwfleet" version
  uname -srm
  nproc | sed 's/$/ processors/'
  uptime
} >"$raw/machine"

# shellcheck disable=SC2059
printf "$row_format" "median of $rounds runs" nwfleet other ratio aim '' | tee -a "$raw/table"

# MARK: A host

bench_host() {
  local uri slow filters
  "$nwfleet" sandbox up --hosts 2 --vms 0 >/dev/null
  uri=$("$nwfleet" sandbox uri --host 1)
  bench/generate.sh "$work/thousand" 1000 10
  bench/generate.sh "$work/half" 500 10
  "$nwfleet" apply -q --repo "$work/thousand" --connect sandbox:///1 --auto-approve >/dev/null
  "$nwfleet" apply -q --repo "$work/half" --connect sandbox:///2 --auto-approve >/dev/null

  "$work/delay_proxy" "$work/cut.sock" "$NWFLEET_SANDBOX_ROOT/h2/run/libvirt-sock" 10 200000 &
  children+=($!)
  "$work/delay_proxy" "$work/slow.sock" "$NWFLEET_SANDBOX_ROOT/h2/run/libvirt-sock" 10 &
  children+=($!)
  slow="qemu+unix:///system?socket=$work/slow.sock"

  # A cut link says nothing, only a deadline can notice it: that is mere waiting, and may go on beside the rest.
  "$work/measure" "$raw/cut" timeout 90 "$nwfleet" plan --repo "$work/half" \
    --connect "qemu+unix:///system?socket=$work/cut.sock" >"$work/cut.out" 2>&1 &
  cut_run=$!

  for ((round = 0; round < host_rounds; round++)); do
    measure plan "$nwfleet" plan -v --detailed-exitcode --repo "$work/thousand" --connect sandbox:///1
    keep_read_phase plan.read
    measure c "$work/read_filters" "$uri"
    cat "$work/out" >>"$raw/c.read"
    measure python "$python" bench/read_filters.py "$uri"
    cat "$work/out" >>"$raw/python.read"
  done
  filters=$(median plan.read 2)
  same "$filters" "$(median c.read 2)" "filters that nwfleet and C read"
  same "$(median python.read 2)" "$(median c.read 2)" "filters that Python and C read"
  same "$(median python.read 3)" "$(median c.read 3)" "bytes that Python and C read"

  virsh -q -r -c "$uri" nwfilter-list | awk -v most="$virsh_filters" 'NR <= most { print $2 }' >"$work/names"
  # shellcheck disable=SC2016
  measure virsh bash -c 'while read -r name; do virsh -r -c "$1" nwfilter-dumpxml "$name"; done <"$2"' - "$uri" "$work/names"
  local dumped scaled
  dumped=$(grep -c '^<filter ' "$work/out")
  same "$dumped" "$(wc -l <"$work/names")" "filters that virsh dumped"
  scaled=$(awk -v ms="$(median virsh)" -v all="$filters" -v some="$dumped" 'BEGIN { print ms * all / some }')

  local plan plan_read c c_read ours_all
  plan=$(median plan) plan_read=$(median plan.read) c=$(median c) c_read=$(median c.read)
  section "no-op plan of a host with $filters filters (10 rules each; median of $host_rounds)"
  row "  read phase / C client, one call after the other" "$(ms "$plan_read")" "$(ms "$c_read")" \
    "$(times "$plan_read" "$c_read")" "<= 0.7x" 0.7 "$(divided "$plan_read" "$c_read")"
  row "  whole process / C client (which only reads)" "$(ms "$plan")" "$(ms "$c")" "$(times "$plan" "$c")"
  row "  read phase / python-libvirt" "$(ms "$plan_read")" "$(ms "$(median python.read)")" \
    "$(times "$plan_read" "$(median python.read)")"
  row "  whole process / python-libvirt (which only reads)" "$(ms "$plan")" "$(ms "$(median python)")" \
    "$(times "$plan" "$(median python)")"
  ours_all=$(divided "$scaled" "$plan_read")
  row "  read phase / virsh loop ($dumped dumpxml, scaled)" "$(ms "$plan_read")" "$(ms "$scaled")" \
    "1/$(printf %.0f "$ours_all")" "100x faster" 0.01 "$(divided 1 "$ours_all")"
  ours_all=$(divided "$scaled" "$plan")
  row "  whole process / virsh loop" "$(ms "$plan")" "$(ms "$scaled")" "1/$(printf %.0f "$ours_all")" \
    "100x faster" 0.01 "$(divided 1 "$ours_all")"
  row "  peak memory" "$(mb "$(median plan 2)")" '' '' \
    "<= 60 MB" 60000 "$(median plan 2)"

  bench_slow_link "$slow"
}

bench_slow_link() {
  local slow=$1 filters
  for ((round = 0; round < rounds; round++)); do
    measure slow-plan "$nwfleet" plan -v --detailed-exitcode --repo "$work/half" --connect "$slow"
    keep_read_phase slow-plan.read
    measure slow-python "$python" bench/read_filters.py "$slow"
  done
  filters=$(median slow-plan.read 2)
  section "the same of a host with $filters filters over a link with 20 ms round trip"
  row "  whole process / python-libvirt (which only reads)" "$(ms "$(median slow-plan)")" "$(ms "$(median slow-python)")" \
    "$(times "$(median slow-plan)" "$(median slow-python)")" "< 1 s" 1000 "$(median slow-plan)"
  row "  read phase" "$(ms "$(median slow-plan.read)")" '' ''
}

bench_cut_link() {
  local code=0
  wait "$cut_run" || code=$?
  ((code == 1)) || fail "a plan over a link that was cut ended with $code, not 1: $(cat "$work/cut.out")"
  grep -q 'timed-out' "$work/cut.out" || fail "a plan over a link that was cut said: $(cat "$work/cut.out")"
  section "the slow link, cut during the read"
  row "  noticed, exit code $code, after" "$(ms "$(median cut)")" '' '' "<= 31 s" 31000 "$(median cut)"
}

# MARK: Policies

# bench_policies NAME FILTERS-PER-FILE WHAT
bench_policies() {
  local name=$1 repository=$work/$1
  bench/generate.sh "$repository" "$policies" "$2"
  for ((round = 0; round < rounds; round++)); do
    measure "validate-$name" "$nwfleet" validate --repo "$repository"
    grep -q " $policies native filters" "$work/err" || fail "validate said: $(cat "$work/err")"
    measure "render-$name" "$nwfleet" render --repo "$repository"
    same "$(grep -c '^<filter ' "$work/out")" "$policies" "filters rendered"
    measure "pyyaml-$name" "$python" bench/load_yaml.py "$repository/policies"
    same "$(cat "$work/out")" "$policies" "filters that PyYAML loaded"
  done
  local theirs
  theirs=$(median "pyyaml-$name")
  section "$policies filters in $3 / PyYAML's C loader only loading them"
  for command in validate render; do
    local ours
    ours=$(median "$command-$name")
    row "  $command" "$(ms "$ours")" "$(ms "$theirs")" "$(times "$ours" "$theirs")" "3x faster" 0.3334 \
      "$(divided "$ours" "$theirs")"
  done
  rm -rf "$repository"
}

# MARK: Groups

# bench_groups GROUPS: 'render' of so many groups with ten rules each, over as many VMs; the repository stays.
bench_groups() {
  local count=$1 repository=$work/groups-$1
  bench/generate_groups.sh "$repository" "$count" 50
  for ((round = 0; round < rounds; round++)); do
    measure "groups-$count" "$nwfleet" render -q --repo "$repository"
    same "$(grep -c "^<filter name='bench\.profile\." "$work/out")" "$count" "profiles rendered"
    same "$(grep -c "^<filter name='bench\.nic\." "$work/out")" "$count" "filters of NICs rendered"
    if ((count == groups)); then
      measure pyyaml-groups "$python" bench/load_yaml.py "$repository/policies"
      same "$(cat "$work/out")" "$count" "groups that PyYAML loaded"
    fi
  done
  rm -rf "$repository"
}

bench_growth() {
  local count ours theirs before per_rule steps=("$((groups / 100))" "$((groups / 10))" "$groups")
  for count in "${steps[@]}"; do bench_groups "$count"; done
  ours=$(median "groups-$groups") theirs=$(median pyyaml-groups)
  section "$groups groups of 10 rules over as many VMs, to XML / PyYAML's C loader only loading them"
  row "  render" "$(ms "$ours")" "$(ms "$theirs")" "$(times "$ours" "$theirs")" "3x faster" 0.3334 \
    "$(divided "$ours" "$theirs")"
  ours=$(median "groups-$groups" 4) theirs=$(median pyyaml-groups 4)
  row "  processor time" "$(ms "$ours")" "$(ms "$theirs")" "$(times "$ours" "$theirs")"
  row "  peak memory" "$(mb "$(median "groups-$groups" 2)")" "$(mb "$(median pyyaml-groups 2)")" \
    "$(times "$(median "groups-$groups" 2)" "$(median pyyaml-groups 2)")"
  before=
  for count in "${steps[@]}"; do
    # Less what a program takes that compiles nothing.
    per_rule=$(awk -v busy="$(median "groups-$count" 4)" -v start="$(median version 4)" -v rules="$((count * 10))" \
      'BEGIN { printf "%.2f", (busy - start) * 1e3 / rules }')
    if ((count == groups)); then
      row "  $((count * 10)) rules: processor time a rule / of a tenth" "$per_rule us" "$before us" \
        "$(times "$per_rule" "$before")" "linear: <= 1.2x" 1.2 "$(divided "$per_rule" "$before")"
    else
      row "  $((count * 10)) rules: processor time a rule" "$per_rule us" '' ''
      row "  $((count * 10)) rules: peak memory" "$(mb "$(median "groups-$count" 2)")" '' ''
    fi
    before=$per_rule
  done
}

# MARK: Numbers of rules

bench_counts() {
  local name plain compiled all_plain=0 all_compiled=0
  bench/count_rules.sh "$nwfleet" >"$raw/rules" || fail "other numbers of rules than bench/policies/counts.md has"
  section "rules of 20 policies / a plain expansion, both without guard"
  while read -r name plain compiled; do
    row "  $name" "$compiled" "$plain" "1/$(awk -v a="$plain" -v b="$compiled" 'BEGIN { printf "%.1f", a / b }')"
    ((all_plain += plain, all_compiled += compiled))
  done <"$raw/rules"
  row "  all 20" "$all_compiled" "$all_plain" \
    "1/$(awk -v a="$all_plain" -v b="$all_compiled" 'BEGIN { printf "%.1f", a / b }')" "3x fewer" 0.3334 \
    "$(divided "$all_compiled" "$all_plain")"
}

# MARK: The way of packets

# paired WHAT VM: the median of the ratios to vm1 in the same round, so that a busy moment hits both.
paired() {
  paste -d ' ' "$raw/path-$1-$2" "$raw/path-$1-vm1" | awk '{ print $1 / $2 }' >"$raw/path-$1-$2.ratio"
  median "path-$1-$2.ratio"
}

# path_rows VM WHAT [AIM]
path_rows() {
  local vm=$1 what=$2 aim=${3:-} ratio
  for kind in ping connect; do
    ratio=$(paired "$kind" "$vm")
    row "  $([[ $kind == ping ]] && echo 'round trip' || echo 'connect and round trip'), $what" \
      "$(us "$(median "path-$kind-$vm")")" "$(us "$(median "path-$kind-vm1")")" "$(times "$ratio" 1)" ${aim:+"<= 1.10x" 1.1 "$ratio"}
  done
  ratio=$(paired stream "$vm")
  row "  throughput, $what" "$(gbits "$(median "path-stream-$vm")")" "$(gbits "$(median path-stream-vm1)")" \
    "$(times "$ratio" 1)"     ${aim:+">= 0.90x" "$ratio" 0.9}
}

bench_path() {
  export NWFLEET_SANDBOX_ROOT=$path_root
  local vms=(vm1 vm2 vm3 vm4 vm5) vm kind
  bench/generate_entries.sh "$work/entries"
  "$nwfleet" sandbox up -q --hosts 1 --vms 6 >/dev/null
  "$nwfleet" apply -q --repo "$work/entries" --connect sandbox:///1 --auto-approve >"$work/out" 2>&1 ||
    fail "$(cat "$work/out")"
  for vm in "${vms[@]}"; do
    "$nwfleet" sandbox exec --vm "$vm" -- "$work/round_trip" serve 20498 &
    children+=($!)
  done
  sleep 0.5
  for ((round = 0; round < path_rounds; round++)); do
    for kind in ping connect stream; do
      for vm in "${vms[@]}"; do
        "$nwfleet" sandbox exec --vm vm6 -- "$work/round_trip" "$kind" "192.168.122.1${vm#vm}" 20498 100 \
          >>"$raw/path-$kind-$vm"
      done
    done
  done
  section "TCP through the filter of a VM / a filter by hand with one rule (median of $path_rounds alternating rounds)"
  path_rows vm2 "policy of one rule"
  path_rows vm3 "500 entries that merge to 6" aim
  path_rows vm4 "500 entries with gaps, 26 left"
  path_rows vm5 "500 entries that cannot merge"
  "$nwfleet" sandbox down -q
  export NWFLEET_SANDBOX_ROOT=$work/s
}

# MARK: What changes for packets

# says_expected EXPECTED SAID: whether a diff says all that it has to; of a long list it says the first lines, and that
# there is more.
says_expected() {
  local expected=$1 said=$2
  if grep -q ': and more' "$said"; then
    cmp <(head -n 20 "$expected") <(head -n 20 "$said") && cmp <(tail -n 1 "$expected") <(tail -n 1 "$said") &&
      ! grep -vxFf "$expected" "$said"
  else
    cmp "$expected" "$said"
  fi
}

# bench_diff ROUNDS NAME BEFORE AFTER: 'diff' of two versions beside 'validate' of both; it must say what is in NAME.expected.
bench_diff() {
  local rounds=$1 name=$2 before=$work/$3 after=$work/$4
  bench/commit_versions.sh "$work/git-$name" "$before" "$after"
  for ((round = 0; round < rounds; round++)); do
    measure "diff-$name" "$nwfleet" diff --repo "$work/git-$name" HEAD~1..HEAD
    says_expected "$work/$name.expected" "$work/out" >&2 || fail "the diff of $name says: $(cat "$work/out")"
    # shellcheck disable=SC2016
    measure "load-$name" sh -c '"$1" validate -q --repo "$2" && "$1" validate -q --repo "$3"' - "$nwfleet" "$before" "$after"
  done
  rm -rf "$work/git-$name"
}

# expect_rules RULES CHANGED: what 'diff' has to say of versions of generate_rules.sh, by port.
expect_rules() {
  awk -v rules="$1" -v changed="$2" 'BEGIN {
    step = rules / changed
    for (n = int(step / 2); n < rules; n += step) {
      peer = sprintf("10.%d.%d.1", int(n / 256), n % 256)
      if (++count <= 6) peers = peers (peers ? ", " : "") peer
      print 1000 + n * 37 % 60000, peer | "sort -n"
    }
    print 0, "tcp/61000 from " peers (count > 6 ? " and " count - 6 " more" : "") | "sort -n"
  }' | awk '
    BEGIN { late = ", one way where it does not come by the bridge"; print "web (web-1):" }
    NR == 1 { sub(/^0 /, ""); print "  + newly allowed in: " $0 }
    NR > 1 { print "  - newly denied in: tcp/" $1 " from " $2 late }
    END { if (NR > 21) print "  - newly denied in: and more" late }'
}

# diff_row NAME WHAT [AIM LIMIT]
diff_row() {
  local ours theirs
  ours=$(median "diff-$1") theirs=$(median "load-$1")
  row "  $2" "$(ms "$ours")" "$(ms "$theirs")" "$(times "$ours" "$theirs")" ${3:+"$3" "$4" "$ours"}
}

bench_traffic() {
  local rules changed
  bench/generate_groups.sh "$work/before" 100 50
  cp -R "$work/before" "$work/after"
  sed -i 's|tcp/2007-2017 |tcp/2007-2018 |' "$work/after/policies/shop-00000.yaml"
  cat >"$work/groups.expected" <<'END'
shop-00007 (shop-00007):
  + newly allowed in: tcp/2018 from 192.0.2.0/24
  + newly allowed in: tcp/2018 from 2001:db8:1::/48
END
  bench_diff "$rounds" groups before after
  for rules in 1000 10000; do
    bench/generate_rules.sh "$work/rules-$rules-0" "$rules" 0
    for changed in 1 200; do
      bench/generate_rules.sh "$work/rules-$rules-$changed" "$rules" "$changed"
      expect_rules "$rules" "$changed" >"$work/$rules-$changed.expected"
      bench_diff "$((rules * changed > 1000000 ? diff_rounds : rounds))" "$rules-$changed" "rules-$rules-0" "rules-$rules-$changed"
    done
  done
  section "traffic change of two versions in git / validate of both"
  diff_row groups "100 groups of 10 rules, one line changed" "< 1 s" 1000
  for rules in 1000 10000; do
    diff_row "$rules-1" "policy of $rules rules, one line changed"
    diff_row "$rules-200" "policy of $rules rules, 200 lines changed"
  done
  for changed in 1 200; do
    diff_growth "$changed"
  done
}

# diff_growth CHANGED: processor time a rule, less what a program takes that compares nothing.
diff_growth() {
  local rules per_rule before=
  for rules in 1000 10000; do
    per_rule=$(awk -v busy="$(median "diff-$rules-$1" 4)" -v start="$(median version 4)" -v rules="$rules" \
      'BEGIN { printf "%.1f", (busy - start) * 1e3 / rules }')
    [[ -z $before ]] ||
      row "  $1 changed: processor time a rule of 10000 / of 1000" "$per_rule us" "$before us" "$(times "$per_rule" "$before")"
    before=$per_rule
  done
}

# MARK: Packets

bench_packets() {
  local rules count ours theirs per_rule before=
  local -a steps=(10 100 1000 10000)
  for rules in "${steps[@]}"; do
    # So many that the rules looked at are as many in each step.
    count=$((20000000 / rules))
    for ((round = 0; round < rounds; round++)); do
      "$packets" "$rules" "$count" >"$work/out"
      "$work/scan_rules" "$rules" "$count" >"$work/scan"
      same "$(cut -d ' ' -f 2- "$work/out")" "$(cut -d ' ' -f 2- "$work/scan")" "packets sent and accepted"
      cat "$work/out" >>"$raw/packets-$rules"
      cat "$work/scan" >>"$raw/scan-$rules"
    done
  done
  section "packets a second of processor time through one filter / a loop in C over the same rules"
  for rules in "${steps[@]}"; do
    count=$((20000000 / rules))
    ours=$(median "packets-$rules") theirs=$(median "scan-$rules")
    row "  $rules rules, $((rules * 55 / 100)) of them looked at" "$(rate "$count" "$ours")" "$(rate "$count" "$theirs")" \
      "$(times "$ours" "$theirs")"
  done
  for rules in "${steps[@]}"; do
    # Nine of ten packets meet the rule they are for, on average the middle one; the tenth meets all of them.
    per_rule=$(awk -v ms="$(median "packets-$rules")" 'BEGIN { printf "%.1f", ms * 1e6 / (20000000 * 0.55) }')
    if [[ -n $before ]]; then
      row "  $rules rules: time a rule looked at / of a tenth" "$per_rule ns" "$before ns" "$(times "$per_rule" "$before")"
    fi
    before=$per_rule
  done
}

# MARK: All of it

for ((round = 0; round < start_rounds; round++)); do
  measure version "$nwfleet" version
  measure virsh-version virsh --version
done
if ((EUID == 0)); then
  bench_host
else
  section "skipped: a host and a slow link, which need root for the sandbox"
fi
bench_policies small 1 "one file each"
bench_policies large 250 "files of 250"

bench_growth
bench_counts
bench_traffic
bench_packets
if ((EUID == 0)); then
  bench_cut_link
  bench_path
fi

# MARK: The program

strip -o "$work/stripped" "$nwfleet"
size=$(stat -c %s "$work/stripped")
section "the program"
row "  start-up: version (median of $start_rounds) / virsh --version" "$(ms "$(median version)")" "$(ms "$(median virsh-version)")" \
  "$(times "$(median version)" "$(median virsh-version)")" "< 20 ms" 20 "$(median version)"
row "  stripped size" "$(awk -v size="$size" 'BEGIN { printf "%.1f MB", size / 1e6 }')" '' '' "<= 20 MB" 20000000 "$size"

if [[ $save == yes ]]; then
  run=bench/runs/$(date -u +%Y-%m-%d)
  rm -rf "$run"
  mkdir -p "$run"
  cp "$raw"/* "$run"/
  echo "raw numbers: $run"
fi
