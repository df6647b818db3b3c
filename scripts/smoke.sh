#!/usr/bin/env bash
# Starts the executable alone in an empty directory under `env -i` and asks it what a first user would.
#   scripts/smoke.sh EXECUTABLE [PORT]
# RUN is put before it, such as an emulator of another processor with its arguments; PATIENCE is by how much that is slower.
set -euo pipefail
exe=$(realpath "$1")
dir=$(mktemp -d)
port=${2:-19797}
run=(${RUN:-})
patience=${PATIENCE:-1}
cleanup() { kill -9 "${pid:-}" 2>/dev/null || true; rm -rf "$dir"; }
trap cleanup EXIT
cp "$exe" "$dir/belfry"
cd "$dir"
version=$(env -i ${run[@]+"${run[@]}"} ./belfry version)
grep -q '^belfry, version ' <<<"$version" || { echo 'smoke: version'; exit 1; }
env -i ${run[@]+"${run[@]}"} ./belfry serve --listen "127.0.0.1:$port" >log 2>&1 &
pid=$!
ready() { curl -fsS -m 2 -o /dev/null "http://127.0.0.1:$port/-/ready" 2>/dev/null; }
for _ in $(seq $((100 * patience))); do ready && break; sleep 0.1; done
ready || { echo 'smoke: not ready after $((10 * patience)) s'; cat log; exit 1; }
page=$(curl -fsS -m $((5 * patience)) "http://127.0.0.1:$port/")
grep -q '<script' <<<"$page" || { echo 'smoke: no page'; exit 1; }
metrics=$(curl -fsS -m $((5 * patience)) "http://127.0.0.1:$port/metrics")
grep -q '^belfry_' <<<"$metrics" || { echo 'smoke: no metrics'; exit 1; }
for _ in $(seq $((200 * patience))); do
  answer=$(curl -fsS -m $((5 * patience)) --data-urlencode 'query=count(up == 1)' "http://127.0.0.1:$port/api/v1/query")
  case $answer in *'"2"]'*) break ;; esac
  sleep 0.2
done
case $answer in *'"2"]'*) ;; *) echo "smoke: host and self are not both up: $answer"; cat log; exit 1 ;; esac
kill -TERM "$pid"
code=0; wait "$pid" || code=$?
[ "$code" -eq 0 ] || { echo "smoke: exit code $code after SIGTERM"; cat log; exit 1; }
echo 'smoke: ok'
