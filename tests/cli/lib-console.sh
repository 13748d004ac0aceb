# shellcheck shell=bash
# The console as a browser speaks to it. Sourced after lib.sh.

# console_start DEVICE [PROGRAM ARGUMENT...]: $address is where to enter, $console its host; under a
# program if one is given. $console_pid is what was started.
console_start() {
    local device=$1
    shift
    : >"$T/console.out"
    "$@" "$DAYBOOK" --store "$T/$device" console >"$T/console.out" 2>"$T/console.err" </dev/null &
    console_pid=$!
    others+=("$console_pid")
    for _ in $(seq 200); do
        address=$(grep -o 'http://127.0.0.1:[0-9]*/enter/[0-9a-f]*' "$T/console.out") && break
        kill -0 "$console_pid" 2>/dev/null || break
        sleep 0.05
    done
    if grep -q 'built without its console' "$T/console.err"; then
        echo "skipped: $(<"$T/console.err")"
        exit 77
    fi
    [ -n "$address" ] || fail "the console starts" "$(<"$T/console.err")"
    console=${address%/enter/*}
}
# ask CURL-ARGUMENT... PATH: $status is HTTP's, $out the body, $T/head the head
ask() {
    status=$(curl -sS --max-time 60 -o "$T/body" -D "$T/head" -w '%{http_code}' --compressed \
        "${@:1:$#-1}" "$console${*: -1}" 2>"$T/curl.err") || fail "curl" "$(<"$T/curl.err")"
    out=$(<"$T/body")
}
cookie() { sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/p' "$T/head"; }
# page CALL JSON: as a page of the console asks
page() {
    ask -H "Cookie: $session" -H "X-Daybook-Key: $key" -H "Origin: $console" \
        -H "Sec-Fetch-Site: same-origin" -H "Content-Type: application/json" -d "$2" "/api/$1"
}
must_be() { equal "$1" "$2" "$status"; }

# enter: with the printed address; $session and $key are what a page sends from then on
enter() {
    ask "${address#"$console"}"
    session=$(cookie)
    ask -H "Cookie: $session" /api/session
    key=$(sed -n 's/.*"key":"\([0-9a-f]*\)".*/\1/p' <<<"$out")
}
