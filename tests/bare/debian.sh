#!/bin/sh
# The README's two commands in a bare Debian 12: tests/bare/debian.sh FOLDER [demo|check …]
#
# Makes a minimal root with debootstrap (root rights, minutes), puts a clone of HEAD into it and runs the given root script
# with its arguments there, as a stranger would. The machine's own package sources and certificates are taken along, since a
# closed network has no others. Prints how long each step took.
set -eu

folder=${1:?usage: tests/bare/debian.sh FOLDER [demo|check ...]}
shift
[ $# -gt 0 ] || set -- demo
top=$(cd "$(dirname "$0")/../.." && pwd)
command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 3; }
mirror=$(sed -n 's/^URIs: *\([^ ]*\/debian\)\/*$/\1/p; s/^deb \([^ ]*\/debian\)\/* .*/\1/p' /etc/apt/sources.list.d/* /etc/apt/sources.list 2>/dev/null | head -n 1)

begun=$(date +%s)
if [ ! -e "$folder/etc/debian_version" ]; then
  debootstrap --variant=minbase --include=python3,ca-certificates bookworm "$folder" "$mirror" >"$folder.log" 2>&1 ||
    { tail -n 20 "$folder.log" >&2; exit 3; }
fi
echo "bare root: $(( $(date +%s) - begun )) s"

mount -t proc proc "$folder/proc"
mount --bind /dev "$folder/dev"
mkdir -p "$folder/dev/pts"
mount --bind /dev/pts "$folder/dev/pts"
trap 'umount "$folder/dev/pts" "$folder/dev" "$folder/proc"' EXIT
cp /etc/resolv.conf /etc/hosts "$folder/etc/"
cp -r /etc/apt/sources.list.d /etc/apt/apt.conf.d "$folder/etc/apt/"
if [ -e /etc/apt/auth.conf.d ]; then cp -r /etc/apt/auth.conf.d "$folder/etc/apt/"; fi
mkdir -p "$folder/etc/ssl/certs"
cp -L /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/ca-certificates.crt"
if [ -e /etc/pip.conf ]; then cp /etc/pip.conf "$folder/etc/"; fi
rm -rf "$folder/srv/zerog"
git clone -q "$top" "$folder/srv/zerog"

begun=$(date +%s)
status=0
chroot "$folder" /usr/bin/env HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin /bin/sh -c 'cd /srv/zerog && exec ./"$@"' sh "$@" </dev/null || status=$?
echo "$1: $(( $(date +%s) - begun )) s, exit $status"
chroot "$folder" /usr/bin/env HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin /bin/sh -c 'cd /srv/zerog && .venv/bin/zerog devnet down' >/dev/null 2>&1 || true
exit $status
