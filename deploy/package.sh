#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes packages of the working tree.
set -euo pipefail
# shellcheck source=deploy/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

OUTPUT=$ROOT/build/package
SOURCE=$OUTPUT/source

usage() {
  cat <<HELP
Makes packages of the working tree in build/package, and installs what that needs.
Usage: $0 PACKAGE...

Packages:
  deb         for the Debian that this runs on
  tarball     for x86-64 with the glibc of this host or a later one: all other libraries are in it

Where a Debian package is missing it is installed as root, through sudo or doas.

Examples:
  $0 deb
  $0 tarball
HELP
}

# git, as the owner of the checkout: it distrusts the checkouts of others.
of_git() { as_owner git -C "$ROOT" "$@" 2>/dev/null; }

# The names of the files that belong to the working tree: all, where it is no checkout of git.
source_files() {
  of_git ls-files -z --cached --others --exclude-standard ||
    (cd "$ROOT" && find . -path ./build -prune -o -type f -print0)
}

# As a step of a condition, it may not rely on set -e.
copy_source() {
  as_owner rm -rf "$SOURCE" &&
    as_owner mkdir -p "$SOURCE" &&
    source_files | tar -C "$ROOT" --null --ignore-failed-read -T - -c |
    as_owner tar -C "$SOURCE" -x
}

# The copy is no checkout of git: CMake cannot ask there.
revision() { of_git rev-parse --short HEAD || true; }

make_deb() {
  as_owner rm -f "$OUTPUT"/fusescope{,-dbgsym}_* && copy_source &&
    as_owner cp -r "$SOURCE/deploy/debian" "$SOURCE/debian" &&
    FUSESCOPE_REVISION=$(revision) logged "${AS_OWNER[@]}" env -C "$SOURCE" \
      dpkg-buildpackage -b -us -uc
}

version() { sed -n 's/^project(fusescope VERSION \([0-9.]*\).*/\1/p' "$SOURCE/CMakeLists.txt"; }

# build_bundle DIRECTORY: installs there.
build_bundle() {
  logged "${AS_OWNER[@]}" cmake -G Ninja -S "$SOURCE" -B "$SOURCE/obj" -DFUSESCOPE_BUNDLE=ON \
    -DFUSESCOPE_TESTS=OFF -DFUSESCOPE_MAN=ON "-DFUSESCOPE_REVISION=$(revision)" \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_DOCDIR=. &&
    logged "${AS_OWNER[@]}" cmake --build "$SOURCE/obj" &&
    logged "${AS_OWNER[@]}" cmake --install "$SOURCE/obj" --strip --prefix "$1"
}

# The package that a library of this host is of: dpkg knows it below /usr/lib or below /lib.
package_of() {
  local file
  file=$(find /usr/lib/x86_64-linux-gnu -maxdepth 1 -name "$1" -print -quit)
  { dpkg-query -S "$file" || dpkg-query -S "${file#/usr}"; } 2>/dev/null | cut -d : -f 1
}

# add_licenses DIRECTORY: of the libraries in it.
add_licenses() {
  local library package
  as_owner mkdir -p "$1/LICENSES/libraries"
  for library in "$1"/lib/fusescope/*; do
    package=$(package_of "${library##*/}") || return 1
    as_owner cp "/usr/share/doc/$package/copyright" "$1/LICENSES/libraries/$package.txt"
  done
}

make_tarball() {
  local name
  as_owner rm -f "$OUTPUT"/fusescope-*.tar.gz && copy_source || return 1
  name=fusescope-$(version)-linux-x86_64
  build_bundle "$SOURCE/obj/$name" && add_licenses "$SOURCE/obj/$name" &&
    as_owner tar -C "$SOURCE/obj" --sort=name --owner=root:0 --group=root:0 \
      -czf "$OUTPUT/$name.tar.gz" "$name"
}

make_package() {
  say "Making the $1 in ${OUTPUT#"$ROOT/"}"
  "make_$1" || fail "making the $1 failed: see $LOG"
  as_owner rm -rf "$SOURCE"
}

main() {
  local package
  (($#)) || refuse "no package named: see $0 --help"
  for package in "$@"; do
    case $package in
      deb | tarball) ;;
      -h | --help) usage && exit 0 ;;
      *) refuse "unknown package '$package': see $0 --help" ;;
    esac
  done
  end_on_signals
  set_log package
  install_packages "$ROOT/deploy/packages-build.txt" "$ROOT/deploy/packages-deb.txt" || exit 1
  for package in "$@"; do make_package "$package"; done
}

main "$@"
