# debian.sh: brings packages of the distribution's for riscv64, for scripts.
#
#	. "$(dirname "$0")/debian.sh"
#	debian_open DIR		an apt of our own, below DIR/apt
#	debian_fetch NAME…	$apt/deb/NAME_*.deb
#	run_apt COMMAND ARG…	an apt command there
#
# apt does the fetching and the checking of signatures, with a configuration of
# its own: no root, nothing of the machine's own packages is touched, and what
# apt needed on the way is removed when the script ends.

RELEASE=trixie # Debian 13, the first release with riscv64

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

debian_open()
{
	command -v apt-get >/dev/null ||
		die 'apt-get is missing, and the package comes by it'
	for keyring in /usr/share/keyrings/debian-archive-keyring.gpg \
		/usr/share/keyrings/debian-archive-keyring.pgp; do
		[ -e "$keyring" ] && break
	done
	[ -e "$keyring" ] || die 'the package debian-archive-keyring is missing'

	# The mirror that the machine itself uses.
	mirror=$(apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' | grep '/debian/*$' | head -n 1)
	[ -n "$mirror" ] ||
		die 'apt knows no Debian mirror (see apt-get indextargets)'

	apt=$1/apt
	trap 'rm -rf "$apt"' EXIT
	trap 'exit 1' HUP INT TERM
	rm -rf "$apt"
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" \
		"$apt/deb"
	: >"$apt/status"
	echo "deb [arch=riscv64 signed-by=$keyring] $mirror $RELEASE main" \
		>"$apt/sources.list"
	run_apt apt-get update >&2 || die 'apt-get update failed'
}

run_apt()
{
	command=$1
	shift
	"$command" -q \
		-o APT::Architecture=riscv64 -o APT::Architectures=riscv64 \
		-o APT::Sandbox::User= -o APT::Update::Error-Mode=any \
		-o Acquire::Languages=none \
		-o Dir::State="$apt/state" -o Dir::State::status="$apt/status" \
		-o Dir::Cache="$apt/cache" -o Dir::Etc::sourceparts=- \
		-o Dir::Etc::sourcelist="$apt/sources.list" "$@"
}

debian_fetch()
{
	(cd "$apt/deb" && run_apt apt-get download "$@" >&2) ||
		die "cannot fetch $*"
}
