# What a discovery found.

discover-imap = Use IMAP to read: your mail stays on the server, and is the same on each of your devices.
discover-pop3-only = Only POP3 is offered to read: your mail moves to the device that fetches it, unless you tell the program to leave copies on the server.
discover-exchange-only = Exchange answers for this domain (the kind of account that Outlook calls MAPI), and nothing that other programs speak is known. What works: Outlook; the mail program of a phone, with an account of the kind “Exchange”; the web; and any other program by way of DavMail, which speaks IMAP and SMTP on your own computer. The administrator can also switch IMAP on.
discover-unknown = The table knows no server to read this mail. Ask your provider for the names of its IMAP and SMTP servers.
discover-app-password = Your own password will be refused: make an app password in your account's security settings, and give that one to the program.
discover-oauth2-only = No password works here: the program must sign in with OAuth2, by a page of the provider on which you type your password.
discover-none-answers = No server to read this mail was found that answers as it should. Ask your provider for the names of its IMAP and SMTP servers.
discover-answers = { $protocol } answers: { $host }, port { $port }
discover-answered = answers
discover-let-in = signed in
discover-at = { $protocol } at { $host }, port { $port }
discover-failed = { $at }: { $cause } { $fix }
discover-own-machine = Nothing could be reached from this machine. Look at its network, then at its firewall and antivirus, and at its clock; then try from another network.
discover-unconfirmed = The password was not sent to { $host }: only the DNS leads there, and anybody on the way could have changed its answer.
discover-enable = Mail programs must first be allowed, in the settings on the web: { $url }
discover-help = The provider's own page: { $url }
discover-no-tls = { $protocol } at { $host } is not proposed: it is known without encryption only, so a password could be read on its way.
discover-no-name = { $protocol } at “{ $host }” is not proposed: that is not the name of a server.
discover-no-port = { $protocol } at { $host } is not proposed: its port is not a number of a port.
discover-odd-port = { $protocol } at { $host } is not proposed: its port is not one at which mail is read or sent.
discover-not-offered = { $protocol } is not offered: the domain says so itself.

discover-setting = { $name }: { $value }
discover-server = Server
discover-port = Port
discover-security = Security
discover-user = User name
discover-for-thunderbird = In Thunderbird, add a mail account with your name, your address and your password, choose “Configure manually”, and enter:
discover-for-outlook = In Outlook, add an account with your address, open the advanced options, choose to set it up yourself, and enter:
discover-for-android = In the phone's mail program, add an account of the kind “Other”, enter your address and your password, and then:
discover-document-too-large = The document there is far larger than settings are: it was not read.
discover-document-attack = The document there is built so as to overload its readers: it was not believed.
discover-document-other = What is there is something else than settings, such as a web page.
discover-document-empty = The document there names no server that can be used.
discover-document-redirects = The address leads from one place to another without end.

needs-password = This provider wants the user name and the password of the account.
needs-key = This provider wants a key: make an SMTP key or API key in its console, and use it as the password.
needs-login-full = The user name is the whole address.
needs-login-local = The user name is the part of the address before the @.
