# sendmail, newaliases, postsuper: the words of the programs that every Unix has.

sendmail-value = This option takes no such value: { $what }
    .fix = -N takes never, or success, failure and delay with commas; -R full or hdrs; -B 7BIT or 8BITMIME; -V up to 100 printable characters.
sendmail-daemon = { $what } would start a server, and this command only hands over mail.
    .fix = The server is started with: facteur start
sendmail-unsupported = The message was not taken: nothing here can promise what { $what } asks for.
    .fix = Send it without that option, if it may go without.
sendmail-no-id = “{ $what }” is not the id of a message.
    .fix = mailq shows the ids.
sendmail-no-recipient = There is no recipient.
    .fix = Name one on the line, or have the header read with -t.
sendmail-none-in-header = The header names no recipient.
    .fix = Give the message a To, Cc or Bcc line, or name somebody on the line.
sendmail-address = “{ $what }” is not an address; nothing was sent.
    .fix = An address has the form name@domain; a name alone is a user of this machine.
sendmail-too-many = The header names { $what } recipients, and 10,000 are the most; nothing was sent.
    .fix = Send it in parts, or through an alias or a mailing list.
sendmail-too-big = The message is larger than anything that is taken here; nothing was sent.
    .fix = Send a link instead of the attachment.
sendmail-not-taken = The message was not taken: the server does not answer, and it cannot be put aside either: { $what }
    .fix = Start the server with facteur start, then send it again; if it runs, check the rights on that folder.
sendmail-no-server = The mail server does not answer: { $what }
    .fix = Start it with: facteur start
sendmail-refused = sendmail: { $address } was refused: { $reply }
sendmail-dropped = The server cannot take it now; the message is on disk and leaves as soon as it can.
sendmail-deliverable = { $address }: mail for it is taken ({ $reply })
sendmail-undeliverable = { $address }: mail for it is not taken: { $reply }

newaliases-unreadable = The aliases cannot be read: { $what }
    .fix = Check the name and the rights; facteur.toml says with aliases = "…" where they are.
newaliases-read = { $path }: { $count ->
    [one] 1 alias
   *[other] { $count } aliases
}
alias-no-name = an alias begins with a name and a colon: { $what }
alias-twice = “{ $what }” was given before; the first one holds
alias-command = no command is run for mail here, so this does nothing: { $what }
alias-file = no file is written for mail here, so this does nothing: { $what }
alias-unreadable = the list cannot be read: { $what }
alias-nested = a list that is included may not include another one: { $what }
alias-not-an-address = not an address: { $what }
alias-too-many = “{ $what }” stands for too many addresses; those at the end are left out

postsuper-queue = There is no queue called “{ $what }”.
    .fix = hold and deferred can be named; without a name, all are meant.
