# SPDX-License-Identifier: GPL-2.0-only
# Takes packages of another Debian release than the machine's, or uninstalled ones, from the archive
# the machine itself uses. Read by scripts/setup and scripts/linux-kernel, which define die().

# debian_mirror LABEL: the URI of the machine's own package source with this label (Debian or
# Debian-Security); nothing if it has none.
debian_mirror() {
	# shellcheck disable=SC2016  # apt expands these
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		sed -n "s/^Debian|$1|//p" | head -n 1
}

# Runs apt-get with package lists, cache and installed set of its own; the machine's are untouched,
# its proxies and the like stay in force.
private_apt() {
	local root=$1
	shift
	apt-get -qq -c "$root/apt.conf" "$@"
}

# make_private_apt ROOT SUITE[=LABEL]...: what private_apt works in.
make_private_apt() {
	local root=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg suite label uri
	shift

	[ -r $keyring ] || die "$keyring is missing; install the package debian-archive-keyring"
	mkdir -p "$root"/{state/lists/partial,cache/archives/partial,sources}
	: >"$root/status"
	: >"$root/sources/debian.sources"
	for suite; do
		label=Debian
		case $suite in
		*=*) label=${suite#*=} ;;
		esac
		uri=$(debian_mirror "$label")
		[ "$label" != Debian ] || uri=${DEBIAN_MIRROR:-$uri}
		[ "$label" = Debian ] || uri=${DEBIAN_SECURITY_MIRROR:-$uri}
		if [ -z "$uri" ] && [ "$label" = Debian ]; then
			die "no Debian archive among this machine's package sources; name one:" \
				"DEBIAN_MIRROR=URI $0"
		fi
		[ -n "$uri" ] || continue
		cat >>"$root/sources/debian.sources" <<-EOT
			Types: deb
			URIs: $uri
			Suites: ${suite%%=*}
			Components: main
			Architectures: amd64
			Signed-By: $keyring

		EOT
	done
	cat >"$root/apt.conf" <<-EOT
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		#clear DPkg::Post-Invoke;
		APT::Architecture "amd64";
		APT::Sandbox::User "$(id -un)";
		APT::Install-Recommends "false";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Dir::Etc::SourceList "/dev/null";
		Dir::Etc::SourceParts "$root/sources";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "$root/sources";
		Dir::State "$root/state";
		Dir::State::status "$root/status";
		Dir::Cache "$root/cache";
		Dir::Cache::archives "$root/cache/archives";
	EOT
}
