// SPDX-License-Identifier: Apache-2.0

/// What runs as the first process of a host's namespaces.
enum HostScript {
  /// The script; its arguments are the host's folder and the name of this start. It ends at the first step that fails, and the namespaces with it.
  ///
  /// - It begins by recording itself: /proc is still that of the machine, so pid, parent and start time are those seen
  ///   from outside. If the folder was taken away meanwhile, and be there one of a later start, it ends there.
  /// - /run is a tmpfs of the host's own (xtables lock, named network namespaces, no system bus), with libvirt's folder
  ///   bound from outside: a socket is found by path, whatever the network namespace. A sandbox below /run stays in
  ///   view.
  /// - mount -n: util-linux's own table of mounts is in the machine's /run, and no business of the host.
  /// - /sys is that of the network namespace, so that libvirtd sees the host's interfaces; it hides the cgroups.
  /// - In the end it is the init of its pid namespace: `wait` reaps every orphan.
  static let text = #"""
    set -eu
    d=$1
    read -r line < /proc/self/stat
    printf '%s\n' "$line" > "$d/$2/process.new"
    mv "$d/$2/process.new" "$d/$2/process"

    exec 4< /etc/libvirt 5< /var/lib/libvirt 6< /var/cache/libvirt 7< /var/log/libvirt
    for lock in 4:/etc/libvirt 5:/var/lib/libvirt 6:/var/cache/libvirt 7:/var/log/libvirt; do
      if [ -e "${lock#*:}/.nwfleet-sandbox" ]; then flock -s "${lock%%:*}"; fi
    done

    mount -n -t proc proc /proc
    mount -n -t sysfs sysfs /sys
    echo "${d##*/}" > /proc/sys/kernel/hostname
    mount -n --bind "$d/etc" /etc/libvirt
    mount -n --bind "$d/lib" /var/lib/libvirt
    mount -n --bind "$d/cache" /var/cache/libvirt
    mount -n --bind "$d/log" /var/log/libvirt
    # Names are known here or not at all: libvirtd looks up its own, and a name server out of reach costs it seconds.
    for file in hosts resolv.conf; do
      if [ -e "/etc/$file" ]; then mount -n --bind "$d/$file" "/etc/$file"; fi
    done
    # Debian's libvirtd wants this user to exist, even where qemu.conf names another.
    if ! id libvirt-qemu > /dev/null 2>&1; then
      { cat /etc/passwd; echo 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin'; } > "$d/passwd"
      { cat /etc/group; echo 'libvirt-qemu:x:64055:'; } > "$d/group"
      mount -n --bind "$d/passwd" /etc/passwd
      mount -n --bind "$d/group" /etc/group
    fi
    mount -n -t tmpfs -o mode=755,size=64m tmpfs "$d/mount"
    mkdir "$d/mount/libvirt" "$d/mount/netns" "$d/mount/lock"
    mount -n --bind "$d/run" "$d/mount/libvirt"
    case $d in
      /run/*)
        mkdir -p "$d/mount${d#/run}"
        mount -n --bind "$d" "$d/mount${d#/run}"
        ;;
    esac
    mount -n --move "$d/mount" /run

    . "$d/network.sh"
    sh "$d/daemon.sh"
    : > "$d/ready"
    trap 'exit 0' TERM
    while :; do
      sleep 86400 &
      wait $! || :
    done

    """#

  /// Starts libvirtd and waits until it answers: its `-d` comes back before the socket is there.
  static let daemon = #"""
    set -eu
    libvirtd -d -p /run/libvirtd.pid
    until virsh -q -c 'nwfilter+unix:///system?socket=/run/libvirt/libvirt-sock' uri > /dev/null 2>&1; do
      if ! kill -0 "$(cat /run/libvirtd.pid 2> /dev/null)" 2> /dev/null; then
        echo 'libvirtd ended at once; its log:'
        tail -n 3 /var/log/libvirt/libvirtd.log
        exit 1
      fi
      sleep 0.02
    done

    """#
}
