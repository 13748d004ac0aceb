# shellcheck shell=bash
# Shared by the checks. Each check prints what is wrong as file:line: text, and ends with verdict.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export LC_ALL=C.UTF-8
problems=0

# Files of the tree, also those not yet committed; nothing built, nothing fetched.
files() {
    find . \( -name .git -o -name node_modules -o -path ./build \) -prune \
        -o -type f "$@" -print | sed 's|^\./||' | sort
}

c_files() { files -name '*.[ch]'; }

# code FILE...: the C of each file as file:line:text, without comments and the insides of strings.
code() {
    awk '
    FNR == 1 { in_comment = 0 }
    {
        out = ""
        line = $0
        while (line != "") {
            if (in_comment) {
                end = index(line, "*/")
                if (end == 0) break
                line = substr(line, end + 2)
                in_comment = 0
                continue
            }
            if (!match(line, /\/\*|\/\/|"|\047/)) { out = out line; break }
            out = out substr(line, 1, RSTART - 1)
            found = substr(line, RSTART, RLENGTH)
            line = substr(line, RSTART + RLENGTH)
            if (found == "//") break
            if (found == "/*") { in_comment = 1; continue }
            # A string or character: skip to its end, unless it is the name after #include.
            if (out ~ /^[ \t]*#[ \t]*include[ \t]*$/) { out = out found line; break }
            if (found == "\"")
                match(line, /^([^"\\]|\\.)*"/)
            else
                match(line, /^([^\047\\]|\\.)*\047/)
            if (RSTART > 0) line = substr(line, RSTART + RLENGTH)
            else line = ""
            out = out found found
        }
        print FILENAME ":" FNR ":" out
    }' "$@" /dev/null
}

# report WHY: each line of the input is a problem. Keep it last in a pipe: lastpipe is set.
shopt -s lastpipe
report() {
    local line
    while IFS= read -r line; do
        printf '%s   <- %s\n' "$line" "$1"
        problems=$((problems + 1))
    done
}

verdict() { [ "$problems" = 0 ]; }
