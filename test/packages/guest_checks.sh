#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest of test_systemd.py, as a unit of its own. Prints facts in sections to the second
# serial line, and switches the guest off.
exec >/dev/ttyS1 2>&1

section() { echo "== $1"; }
answer() { curl --silent --max-time 20 "$@"; }
process() { systemctl show --property MainPID --value fusescope; }

# until COMMAND...: for two minutes at most.
until_true() {
  for _ in $(seq 120); do
    "$@" >/dev/null 2>&1 && return
    sleep 1
  done
  echo "not within 120 s: $*"
}

is_ready() { answer --fail http://localhost:10980/-/ready; }
was_restarted() { [ "$(systemctl show --property NRestarts --value fusescope)" != 0 ]; }

section started
until_true is_ready
systemctl show --property ActiveState,StatusText,NotifyAccess,DynamicUser fusescope

section rights
grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' "/proc/$(process)/status"
p=$(process)
sed -n 's/^CapEff/BrokerCapEff/p' "/proc/$(tr -d ' ' <"/proc/$p/task/$p/children")/status"

section counts
mkdir -p /mnt/volume
countfs --allow-other --file data:16M --max-write 128K --max-read 128K /mnt/volume &
until_true mountpoint -q /mnt/volume
sgio --direct --calls 8 /mnt/volume/data >/dev/null
answer http://localhost:10980/metrics | grep '^fuse_io_splits_total.*"max_pages"'

section reload
before=$(process)
systemctl reload fusescope
until_true sh -c 'journalctl --unit fusescope --output cat | grep -q "nothing to read again"'
[ "$(process)" = "$before" ] && echo the same process
systemctl show --property ActiveState,NRestarts fusescope

section watchdog
kill -STOP "$(process)"
until_true was_restarted
until_true is_ready
systemctl show --property ActiveState fusescope
journalctl --unit fusescope --no-pager --output cat | grep 'Watchdog timeout'

section web
mkdir -p /etc/fusescope /etc/systemd/system/fusescope.service.d
cd /etc/fusescope || exit
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key \
  -out server.crt -subj /CN=localhost -days 1 -addext subjectAltName=DNS:localhost 2>/dev/null
cp server.crt client_ca.crt
chmod 600 server.key
printf 'tls_server_config: {cert_file: server.crt, key_file: server.key}\n' >web.yml
cp /usr/share/doc/fusescope/examples/with-web-config.conf /etc/systemd/system/fusescope.service.d/
systemctl daemon-reload
systemctl restart fusescope
answer --cacert server.crt https://localhost:10980/-/ready
rm -r /etc/systemd/system/fusescope.service.d

section socket
systemctl stop fusescope
cp /usr/share/doc/fusescope/examples/fusescope.socket /etc/systemd/system/
echo 'FUSESCOPE_OPTIONS="--web.systemd-socket"' >/etc/default/fusescope
systemctl daemon-reload
systemctl enable --now fusescope.socket
systemctl is-active fusescope
answer --max-time 120 http://localhost:10980/-/ready
systemctl is-active fusescope

section stopped
systemctl stop fusescope.socket fusescope
systemctl show --property Result,ExecMainStatus fusescope

section end
systemctl poweroff --force --force
