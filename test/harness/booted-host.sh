#!/bin/sh
# Boots this host's own Debian once more, as a guest that shares nothing but the kernel: its files as an overlay whose changes go to
# memory, its own processes, network and devices. Ends, with all it started, when it is killed.
#   booted-host.sh FOLDER      an empty folder to mount in; needs root
#   booted-host.sh FOLDER CMD  runs CMD there instead of systemd
set -e
folder=$1
if [ -z "$BOOTED_HOST_INSIDE" ]; then
  cgroups=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
  own=$cgroups/$(basename "$folder")
  mkdir "$own"
  echo $$ >"$own/cgroup.procs"
  export BOOTED_HOST_INSIDE=1
  exec unshare --pid --mount --uts --ipc --net --cgroup --fork --kill-child "$0" "$@"
fi
mount --make-rprivate /
mount -t tmpfs tmpfs "$folder"
mkdir "$folder/changes" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/changes,workdir=$folder/work" "$folder/root"
shift
cd "$folder/root"
mount -t proc proc proc
mount -o bind,ro proc/sys proc/sys
mount -t tmpfs tmpfs run
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"; done
mknod -m 666 dev/tty c 5 0
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ip link set lo up
# What would touch the kernel that both share, and what has nothing to do here.
for unit in systemd-sysctl.service systemd-modules-load.service systemd-udevd.service systemd-udev-trigger.service systemd-binfmt.service \
  systemd-tmpfiles-setup-dev.service systemd-remount-fs.service sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
  sys-fs-fuse-connections.mount dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.mount tmp.mount timers.target; do
  ln -sf /dev/null "etc/systemd/system/$unit"
done
mkdir -p .before
pivot_root . .before
cd /
umount -l /.before
touch /run/guest
export container=other
[ $# -gt 0 ] || set -- /lib/systemd/systemd --system --unit=basic.target
exec "$@"
