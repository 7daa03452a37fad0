"""The servers that bench.py knows. One entry each:

    "name": {
        "about":   one line,
        "vars":    {NAME: value} for the texts below,
        "files":   {path under the work directory: text},   configuration
        "prepare": [shell command, ...],                    before the start
        "start":   command that stays in the foreground,
    }

In every text @DIR@ is the run's empty work directory (on disk), @PORT@ and
@SINK@ the two ports, @HERE@ this folder, @SESSIONS@ the number of client
connections. To compare with another server, add its entry here.
"""
import os
import shlex
from pathlib import Path

from facteur import configuration, preparation

# Postfix. Tuned as TUNING_README and postconf(5) advise for a relay that is to
# go fast: no chroot, no DNS, no reverse look-ups, no input flow delay, no
# client limits, many processes, connection cache on. No syslog daemon needs to
# run here, so it logs nothing (its fastest case); "postfix-log" logs to a file
# through postlogd, as an installation without syslog does.
POSTFIX_MAIN = """
compatibility_level = 3.6
queue_directory = @DIR@/queue
data_directory = @DIR@/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = bench.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions =
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtp_host_lookup = native
relayhost = [127.0.0.1]:@SINK@
smtputf8_enable = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_error_sleep_time = 0
in_flow_delay = 0
default_process_limit = 300
initial_destination_concurrency = @CONC@
default_destination_concurrency_limit = @CONC@
qmgr_message_active_limit = 50000
qmgr_message_recipient_limit = 50000
smtp_connection_cache_destinations = [127.0.0.1]:@SINK@
smtp_connection_cache_on_demand = yes
smtp_tls_security_level = none
smtpd_tls_security_level = none
enable_long_queue_ids = yes
biff = no
"""
POSTFIX_MASTER = """
127.0.0.1:@PORT@ inet n - n - - smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
proxywrite unix -       -       n       -       1       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""


def postfix(concurrency, about, extra=""):
    """Postfix with this many deliveries at once."""
    return {
        "about": about,
        "vars": {"CONC": concurrency},
        "files": {"etc/main.cf": POSTFIX_MAIN + extra, "etc/master.cf": POSTFIX_MASTER},
        "prepare": ["mkdir queue && install -d -o postfix data && postfix -c @DIR@/etc check"],
        "start": "/usr/sbin/postfix -c @DIR@/etc start-fg",
    }


def facteur():
    """The program of this tree; FACTEUR names the binary."""
    binary = os.environ.get("FACTEUR", str(Path(__file__).resolve().parent.parent / "target/release/facteur"))
    call = f"{shlex.quote(binary)} --data @DIR@/data "
    return {
        "about": "facteur, as it is shipped",
        "files": {"data/facteur.toml": configuration("@PORT@")},
        "prepare": [call + shlex.join(command) for command in preparation("@SINK@")],
        "start": call + "start",
    }


LOG = "maillog_file = @DIR@/mail.log\nmaillog_file_prefixes = /\n"

PEERS = {
    "facteur": facteur(),
    "postfix": postfix(100, "Postfix, relay concurrency 100, no logging"),
    "postfix-c20": postfix(20, "Postfix, relay concurrency 20 (its default), no logging"),
    "postfix-log": postfix(100, "Postfix, relay concurrency 100, logging to a file", LOG),
    "bound": {
        "about": "no mail server: the least work that a durable relay can do (bound.c)",
        "prepare": ["cc -O2 -pthread -o bound @HERE@/bound.c"],
        "start": "@DIR@/bound @DIR@/log @PORT@ @SINK@ @SESSIONS@",
    },
    "direct": {"about": "no server: the load straight into the sink"},
}
