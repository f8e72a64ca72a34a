#!/bin/sh
# Puts cairn into the folder $1, for CI. The checksum pins it: a new version
# comes with a reviewed change of these two lines, and no other way.
CAIRN_URL=""    # https://… of a cairn for the CI's machines (linux, amd64)
CAIRN_SHA256="" # what sha256sum says of that file

set -eu
if [ -z "$CAIRN_URL" ] || [ -z "$CAIRN_SHA256" ]; then
	echo "$0: write into CAIRN_URL where CI gets cairn, and into CAIRN_SHA256 its checksum" >&2
	exit 1
fi
mkdir -p "$1"
curl --fail --silent --show-error --location --proto '=https' --retry 3 --output "$1/cairn.part" "$CAIRN_URL"
echo "$CAIRN_SHA256  $1/cairn.part" | sha256sum --check --status || {
	echo "$0: $CAIRN_URL is not the file whose checksum is CAIRN_SHA256" >&2
	exit 1
}
chmod 755 "$1/cairn.part"
mv "$1/cairn.part" "$1/cairn"
