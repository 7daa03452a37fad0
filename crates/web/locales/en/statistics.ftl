# Statistics.
web-nav-statistics = Statistics
web-stats-time = Time
web-stats-day = the last day
web-stats-week = the last 7 days
web-stats-month = the last 30 days
web-stats-year = the last year
web-stats-by = By
web-stats-of = Account or site
web-stats-show = Show
web-stats-hour = Hour (UTC)
web-stats-by-day = Day (UTC)
web-stats-relay = Relay
web-stats-destination = Destination
web-stats-cause = Cause
web-stats-account = Account
web-stats-accepted = Accepted
web-stats-delivered = Delivered
web-stats-deferred = Delayed
web-stats-failed = Refused
web-stats-bounced = Came back
web-stats-others = others
web-stats-total = { $accepted ->
    [one] 1 recipient accepted
   *[other] { $accepted } recipients accepted
  }, { $delivered } delivered, { $lost } refused or come back, { $deferred ->
    [one] 1 try put off
   *[other] { $deferred } tries put off
  }.
web-stats-today = Today:
web-stats-chart = Columns of what was delivered and of what was refused; the table below has the figures.
web-stats-legend = Green: delivered. Red: refused, too late, or come back.
