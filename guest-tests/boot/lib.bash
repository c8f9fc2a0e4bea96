# SPDX-License-Identifier: GPL-2.0-only
# Common to the boot tests: makes images, boots them, checks the console, prints TAP.

set -u
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$(cd "${BUILD:-$repo/build}" && pwd)
export BUILD
EMULATOR=${EMULATOR:-bochs}
[ -n "${TEST_DIR:-}" ] || { echo "TEST_DIR is not set" >&2; exit 2; }
cd "$TEST_DIR" || exit 2

tests=0
ok() { tests=$((tests + 1)); echo "ok $tests - $*"; }
not_ok() { tests=$((tests + 1)); echo "not ok $tests - $*"; }
plan() { echo "1..$tests"; }

# boot NAME EMULATOR-OPTIONS... -- FILE=PATH...: boots these files until the machine is off. The
# console is then in NAME/console, without escape sequences.
boot() {
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	mkdir -p "$name"
	"$repo/scripts/mkimage" "$name/boot.img" "$@" || return
	"$repo/scripts/emulator" --disk "$name/boot.img" --log "$name" \
		--com1 "file:$TEST_DIR/$name/com1" --timeout 120 "${options[@]}" || return
	# OVMF's terminal driver moves the cursor and sets colours.
	sed -E 's/\x1b\[[0-9;=?]*[A-Za-z]//g' "$name/com1" | tr -d '\r\0' >"$name/console"
}

# runs NAME WHAT ...: as boot, and says whether the machine came to its end.
runs() {
	local name=$1 what=$2
	shift 2
	if boot "$name" "$@" >"$name.err" 2>&1; then
		ok "$what"
	else
		not_ok "$what"
		sed 's/^/# /' "$name.err"
		tail -n 20 "$name/com1" 2>/dev/null | tr -d '\r\033' | sed 's/^/# console: /'
	fi
}

# says NAME LINE WHAT: the console has exactly this line; matches: one that matches the regex.
says() {
	if grep -qxF -- "$2" "$1/console"; then
		ok "$3"
	else
		not_ok "$3"
		echo "# wanted: $2"
		grep -E 'Subtext|next:' "$1/console" | sed 's/^/# console: /'
	fi
}

matches() {
	if grep -qxE -- "$2" "$1/console"; then
		ok "$3"
	else
		not_ok "$3"
		echo "# wanted: $2"
		grep -E 'Subtext|next:' "$1/console" | sed 's/^/# console: /'
	fi
}

# lines NAME COUNT REGEX WHAT: so many lines of the console match.
lines() {
	local n
	n=$(grep -cE -- "$3" "$1/console")
	if [ "$n" = "$2" ]; then
		ok "$4"
	else
		not_ok "$4"
		echo "# wanted: $2 lines, got $n"
		grep -E -- "$3" "$1/console" | sed 's/^/# console: /'
	fi
}

# KiB that the memory map called reserved when the next loader ran.
reserved() { sed -n 's/^next: \([0-9]*\) KiB reserved$/\1/p' "$1/console"; }

# conf LINE...: writes subtext.conf
conf() { printf '%s\n' "$@" >subtext.conf; }

subtext=$BUILD/subtext.efi
next=$BUILD/boot-tests/next.efi
loader_first=("$subtext=EFI/BOOT/BOOTX64.EFI" "$next=EFI/test/next.efi")
