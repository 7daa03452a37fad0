#!/usr/bin/env bash
# Installs, or names, what a build or the tests need from Debian.
#
#   scripts/setup.sh build    a C compiler (the embedded database and the cryptography are C and assembly) and Rust
#   scripts/setup.sh tests    the same, and the mail programs that the tests talk to
#
# Debian lets one mail server be installed, and the tests talk to several: Postfix is installed, the others are
# unpacked below the build directory, where the tests find them and nothing else does.
#
# As root on Debian or a child of it, what is missing is installed; no daemon is
# started by that, and a mail server that already runs here is left alone.
# Libraries of other languages that the tests use are installed below the build directory too, at fixed versions.
# Otherwise the missing packages are named and the status is 1.
set -euo pipefail

# One line each: the file or command that shows the package to be there, then the package.
BUILD='
cc                                      gcc
/usr/include/stdlib.h                   libc6-dev
'
TESTS='
/usr/sbin/postfix                       postfix
/usr/sbin/smtp-sink                     postfix
/usr/sbin/dovecot                       dovecot-core
/usr/lib/dovecot/imap-login             dovecot-imapd
/usr/lib/dovecot/pop3-login             dovecot-pop3d
swaks                                   swaks
/usr/sbin/pflogsumm                      pflogsumm
fail2ban-regex                          fail2ban
/usr/share/doc/python3-venv             python3-venv
systemd-analyze                         systemd
/usr/share/doc/libnet-ssleay-perl       libnet-ssleay-perl
msmtp                                   msmtp
curl                                    curl
python3                                 python3
strace                                  strace
/usr/lib/nagios/plugins/check_mailq     monitoring-plugins-standard
/sbin/mkfs.ext4                         e2fsprogs
/sbin/mkfs.xfs                          xfsprogs
/sbin/mkfs.btrfs                        btrfs-progs
faketime                                faketime
/bin/mount                              mount
/usr/bin/unshare                        util-linux
openssl                                 openssl
chromium                                chromium
certutil                                libnss3-tools
xmllint                                 libxml2-utils
nmap                                    nmap
sslscan                                 sslscan
/usr/sbin/nginx                         nginx-light
caddy                                   caddy
thunderbird                             thunderbird
/usr/sbin/opendkim                      opendkim
/usr/lib/python3/dist-packages/dkim     python3-dkim
/usr/lib/python3/dist-packages/nacl     python3-nacl
php                                     php-cli
/usr/lib/git-core/git-send-email        git-email
/usr/bin/mail.mailutils                 mailutils
/usr/bin/bsd-mailx                      bsd-mailx
s-nail                                  s-nail
/usr/lib/python3/dist-packages/flufl/bounce python3-flufl.bounce
node                                    nodejs
npm                                     npm
/usr/share/doc/python3-venv             python3-venv
'

# Mail servers to unpack: the program, then its package.
SERVERS='
usr/sbin/exim4                          exim4-daemon-light
usr/sbin/smtpd                          opensmtpd
'
UNPACKED=${CARGO_TARGET_DIR:-target}/tmp/mail-servers

# The libraries that the tests send with, at these versions: the official ones of five services, and django-anymail.
NODE_LIBRARIES='postmark@5.1.0 @sendgrid/mail@8.1.6 resend@6.38.0 @getbrevo/brevo@6.0.3 node-mailjet@6.0.11'
PYTHON_LIBRARIES='django-anymail==15.2 Django==5.2.19 requests==2.34.2'
LIBRARIES=${CARGO_TARGET_DIR:-target}/tmp/sending-libraries

# The checker of accessibility, below the build directory.
AXE=axe-core@4.14.1
ACCESSIBILITY=${CARGO_TARGET_DIR:-target}/tmp/accessibility

# What asks the API everything that its document allows, and more; pinned, so that a run means the same tomorrow.
SCHEMATHESIS=4.32.5
HYPOTHESIS=6.170.15

need_rust() {
    if command -v cargo >/dev/null; then
        return
    fi
    cat >&2 <<'TEXT'
Rust is not here (no cargo on the PATH). Install it as https://rustup.rs says, open a new shell, and run this again.
Rust n'est pas installé (pas de cargo dans le PATH). Installez-le comme l'indique https://rustup.rs, ouvrez un nouveau terminal et relancez la commande.
TEXT
    exit 1
}

# Prints the packages of a table whose mark is not on this machine, each once.
missing() {
    local mark package
    while read -r mark package; do
        [ -n "$mark" ] || continue
        case "$mark" in
            /*) [ -e "$mark" ] || echo "$package" ;;
            *) command -v "$mark" >/dev/null || echo "$package" ;;
        esac
    done <<<"$1" | sort -u
}

# Debian starts a daemon as soon as its package is set up, unless this file says no.
POLICY=/usr/sbin/policy-rc.d
FORBIDDEN=
forbid_daemons() {
    # A second time, the file that is in the way would be our own.
    [ -z "$FORBIDDEN" ] || return 0
    FORBIDDEN=yes
    if [ -e "$POLICY" ]; then
        mv "$POLICY" "$POLICY.before-facteur"
    fi
    trap allow_daemons EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\n# facteur is installing packages for its tests: no daemon starts meanwhile.\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
}

allow_daemons() {
    rm -f "$POLICY"
    if [ -e "$POLICY.before-facteur" ]; then
        mv "$POLICY.before-facteur" "$POLICY"
    fi
}

install() {
    echo "setup: installing $*"
    forbid_daemons
    export DEBIAN_FRONTEND=noninteractive
    # Without an answer Postfix would configure itself for the internet; the tests bring their own configuration.
    if command -v debconf-set-selections >/dev/null; then
        echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
    fi
    if ! apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1; then
        # The package list may be older than the mirror's files.
        apt-get update -q >/dev/null
        apt-get install -y -q --no-install-recommends "$@"
    fi
}

# Fetches a package of the distribution into the present directory.
download() {
    apt-get download -q "$1" >/dev/null 2>&1 && return
    [ "$(id -u)" = 0 ] && apt-get update -q >/dev/null
    apt-get download -q "$1" >/dev/null
}

# Unpacks the servers that are not there yet, and installs the libraries that they need.
unpack() {
    local program package scratch libraries
    while read -r program package; do
        [ -n "$program" ] || continue
        [ -e "$UNPACKED/$package/$program" ] && continue
        if ! command -v apt-get >/dev/null; then
            echo "setup: without apt-get, $package cannot be unpacked: its tests will fail" >&2
            exit 1
        fi
        echo "setup: unpacking $package"
        mkdir -p "$UNPACKED"
        scratch=$(mktemp -d)
        (cd "$scratch" && download "$package")
        libraries=$(dpkg-deb -f "$scratch"/*.deb Depends | tr ',' '\n' | sed 's/^ *//; s/[ (|].*//' | grep '^lib' || true)
        dpkg-deb -x "$scratch"/*.deb "$scratch/$package"
        if ldd "$scratch/$package/$program" | grep -q 'not found'; then
            if [ "$(id -u)" != 0 ]; then
                # shellcheck disable=SC2086
                echo "As root, run / En tant que root, lancez : apt-get install --no-install-recommends" $libraries >&2
                exit 1
            fi
            # shellcheck disable=SC2086
            install $libraries
        fi
        # It appears whole, or not at all.
        rm -rf "${UNPACKED:?}/$package"
        mv "$scratch/$package" "$UNPACKED/$package"
        rm -rf "$scratch"
    done <<<"$SERVERS"
}

# Installs the libraries that the tests send with, unless these very versions are there.
libraries() {
    local mark="$LIBRARIES/versions" wanted="$NODE_LIBRARIES $PYTHON_LIBRARIES"
    if [ -e "$mark" ] && [ "$(cat "$mark")" = "$wanted" ]; then
        return
    fi
    echo "setup: installing $wanted"
    rm -rf "${LIBRARIES:?}"
    mkdir -p "$LIBRARIES"
    # shellcheck disable=SC2086  # one word a library is what is meant
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$LIBRARIES" $NODE_LIBRARIES
    python3 -m venv "$LIBRARIES/python"
    # shellcheck disable=SC2086
    "$LIBRARIES/python/bin/python3" -m pip install --quiet --disable-pip-version-check $PYTHON_LIBRARIES
    # Last, so that what was begun and not ended is begun again.
    echo "$wanted" >"$mark"
}

# Installs the checker of accessibility, unless this very version is there.
accessibility() {
    if [ "$(cat "$ACCESSIBILITY/version" 2>/dev/null)" = "$AXE" ]; then
        return
    fi
    echo "setup: installing $AXE"
    rm -rf "${ACCESSIBILITY:?}"
    mkdir -p "$ACCESSIBILITY"
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$ACCESSIBILITY" "$AXE"
    # Last, so that what was begun and not ended is begun again.
    echo "$AXE" >"$ACCESSIBILITY/version"
}

# Installs schemathesis below the build directory, unless it is there.
schemathesis() {
    local place=${CARGO_TARGET_DIR:-target}/tmp/schemathesis-$SCHEMATHESIS
    [ -e "$place/bin/schemathesis" ] && return
    echo "setup: installing schemathesis $SCHEMATHESIS"
    rm -rf "${place:?}"
    python3 -m venv "$place"
    # Its program appears last, so that a broken installation is begun again.
    "$place/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS" "hypothesis==$HYPOTHESIS" || {
        rm -rf "${place:?}"
        return 1
    }
}

main() {
    local wanted packages
    case "${1:-}" in
        build) wanted=$BUILD ;;
        tests) wanted=$BUILD$TESTS ;;
        *)
            echo "usage: scripts/setup.sh build|tests" >&2
            exit 64
            ;;
    esac
    need_rust
    packages=$(missing "$wanted")
    if [ -n "$packages" ]; then
        install_missing "$packages" "$wanted"
    fi
    if [ "$1" = tests ]; then
        unpack
        libraries
        accessibility
        schemathesis
    fi
}

# Installs packages of a table, or says how to.
install_missing() {
    local packages=$1 wanted=$2
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        {
            echo "These packages are missing; as root, run / Ces paquets manquent ; en tant que root, lancez :"
            # shellcheck disable=SC2086  # one word a package is what is meant
            echo "    apt-get install --no-install-recommends" $packages
        } >&2
        exit 1
    fi
    # shellcheck disable=SC2086
    install $packages
    packages=$(missing "$wanted")
    if [ -n "$packages" ]; then
        echo "setup: installed, but still not found: $packages" >&2
        exit 1
    fi
}

main "$@"
