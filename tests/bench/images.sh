#!/usr/bin/env bash
# Row 4: images and HEAD a second at 400 KB and 64 KB over 32 kept connections, the right to download checked (signed URLs of 100 devices); beside
# nginx and bare libmicrohttpd with the same file.
#   images.sh [SECONDS] (1) of each measurement
set -euo pipefail
lasts=${1:-${IMAGE_SECONDS:-1}}
runs=${RUNS:-3} connections=32
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
PATH=$PATH:/usr/sbin

free_port() {
    local port=$((32000 + RANDOM % 500))
    while (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do port=$((port + 1)); done
    echo "$port"
}
# signed_paths SHA256: as engine/image_url gives them out
signed_paths() {
    local secret device expires=$(($(date +%s) + 3600)) number
    secret=$(sql "SELECT encode(value, 'hex') FROM settings WHERE name = 'image_secret'")
    for number in $(seq 100); do
        device=lamp-$number
        printf '/v1/images/%s?device=%s&expires=%s&signature=%s\n' "$1" "$device" "$expires" "$(
            printf 'fota-image-v1\n%s\n%s\n%s' "$1" "$device" "$expires" |
                openssl dgst -sha256 -mac HMAC -macopt "hexkey:$secret" | sed 's/.*= //')"
    done
}
# load ADDRESS METHOD PATHS: one run, requests a second
load() {
    "$build/bench/http_load" "$1" $connections "$lasts" "$2" "$3" | jq '.requests / .seconds | round'
}
start_nginx() {
    cat > "$work/nginx.conf" << CONFIGURATION
daemon off;
user root;
worker_processes auto;
pid $work/nginx.pid;
error_log $work/nginx.log;
events { worker_connections 1024; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=100;
    client_body_temp_path $work/nginx-1; proxy_temp_path $work/nginx-2; fastcgi_temp_path $work/nginx-3;
    uwsgi_temp_path $work/nginx-4; scgi_temp_path $work/nginx-5;
    server { listen 127.0.0.1:$1; location / { root $work/www; } }
}
CONFIGURATION
    nginx -c "$work/nginx.conf" 2> "$work/nginx.err" &
    helpers+=($!)
}

nginx_at=
mkdir "$work/www"
if command -v nginx > /dev/null; then
    nginx_at=127.0.0.1:$(free_port)
    start_nginx "${nginx_at#*:}"
fi
own_at=${ORCHESTRATOR_URL#http://}
minor=1
for kilobytes in 400 64; do
    firmware "v1.$minor.0" $((kilobytes * 1024))
    sha256=$(sha256sum "$work/user2.bin" | cut -d' ' -f1)
    signed_paths "$sha256" > "$work/signed"
    # Without a signature there is none to be had.
    [ "$(curl -s -o "$work/image" -w '%{http_code}' "http://$own_at/v1/images/$sha256")" = 401 ] || exit 1
    curl -sf -o "$work/image" "http://$own_at$(head -n 1 "$work/signed")"
    cmp "$work/image" "$work/user2.bin"
    cp "$work/user2.bin" "$work/www/$kilobytes"
    echo "/$kilobytes" > "$work/path"
    bare_at=127.0.0.1:$(free_port)
    helper "$work/bare.log" "$build/bench/bare_http" "${bare_at#*:}" 4 "$work/www/$kilobytes"
    for method in GET HEAD; do
        rm -f "$work"/rates-*
        for run in $(seq "$runs"); do
            load "$own_at" $method "$work/signed" >> "$work/rates-own"
            load "$bare_at" $method "$work/path" >> "$work/rates-bare"
            [ -z "$nginx_at" ] || load "$nginx_at" $method "$work/path" >> "$work/rates-nginx"
        done
        own=$(median < "$work/rates-own")
        measured "$method of an image of $kilobytes KB" "$own" requests/s "$(median < "$work/rates-bare")" 'libmicrohttpd, from a file descriptor'
        if [ -n "$nginx_at" ]; then
            measured "- to nginx" "$own" requests/s "$(median < "$work/rates-nginx")" 'nginx, sendfile'
        else
            not_measured "- to nginx" 'nginx is not installed'
        fi
    done
    kill $helper
    minor=$((minor + 1))
done
