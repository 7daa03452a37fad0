# Statistics.
help-facteur-stats = How much was accepted, delivered, delayed and refused
    .by = What is told apart
    .from = Since then: an age such as 7d, or a time such as 2026-11-22T10:00:00Z (else 30 days, one day for hours)
    .to = Until then (else until now)
    .of = Only mail of this account or site
column-accepted = ACCEPTED
column-delivered = DELIVERED
column-deferred = DELAYED
column-failed = REFUSED
column-bounced = CAME BACK
column-hour = HOUR (UTC)
column-day = DAY (UTC)
column-destination = DESTINATION
column-cause = CAUSE
column-account = ACCOUNT
stats-total = all
stats-others = others
