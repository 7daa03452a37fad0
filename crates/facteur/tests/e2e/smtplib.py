"""Python's smtplib as a client of facteur: sends a message, or says single commands and prints the replies.

    smtplib.py send    PORT starttls|tls|plain  MECHANISM|-  LOGIN PASSWORD FROM TO   (the message on standard input)
    smtplib.py replies PORT starttls|tls|plain  COMMAND...
"""
import smtplib
import ssl
import sys


def connect(port, mode):
    """A connection with TLS as the mode says. The certificate is the server's own, so nobody vouches for it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if mode == "tls":
        client = smtplib.SMTP_SSL("127.0.0.1", port, timeout=60, context=context)
    else:
        client = smtplib.SMTP("127.0.0.1", port, timeout=60)
    client.ehlo()
    if mode == "starttls":
        client.starttls(context=context)
        client.ehlo()
    return client


def send(client, mechanism, login, password, sender, recipient):
    """Sends what stands on standard input."""
    if mechanism != "-":
        client.user, client.password = login, password
        answer = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login}[mechanism]
        client.auth(mechanism, answer)
    # smtplib mends the line ends of text, which is ASCII for it; those of bytes are the caller's.
    client.sendmail(sender, [recipient], sys.stdin.buffer.read().replace(b"\n", b"\r\n"))
    client.quit()


def replies(client, commands):
    """Prints the reply to each command, all its bytes on one line."""
    for command in commands:
        client.send(command + "\r\n")
        code, text = client.getreply()
        print(code, text.decode())


def main():
    """Does what the arguments say."""
    what, port, mode, *rest = sys.argv[1:]
    client = connect(int(port), mode)
    if what == "send":
        send(client, *rest)
    else:
        replies(client, rest)


main()
