# What a starting server says.

start-initialised = A new server, { $host }, with its data in { $path }.
start-administrator =
    An administrator was made:
      login:    { $login }
      password: { $password }
    Keep it: it is not shown again.
start-certificate = A certificate was made: { $path }. Programs will ask whether to trust it; your own goes into facteur.toml.
start-not-listening = { $address } could not be had: { $detail }
start-perhaps-twice = { $count ->
    [one] The server stopped without warning while { $count } recipient's mail was perhaps leaving: it may arrive twice.
   *[other] The server stopped without warning while mail to { $count } recipients was perhaps leaving: it may arrive twice.
}
start-no-relay =
    There is no relay yet: mail is accepted, and waits. Next step, in another terminal:
      facteur setup
start-ready = { $host } is ready. Stop it with Ctrl-C.
init-already = There is a server in { $path } already.
init-next = Next step: facteur start
