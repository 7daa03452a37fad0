# The demonstration.

demo-login = you@gmail.com
demo-intro =
    Everything here happens inside this machine, without network, in a directory that is removed at the end:
    a pretend Gmail, which answers in the words of the real one, and a facteur.
demo-add = 1. You say that Gmail carries your mail, and give it your usual password. Google does not take that one from programs.
demo-send = 2. You send a message. Gmail refuses the password.
demo-waits = 3. The message has not bounced: it waits, with its reason. The command that administrators know shows the same.
demo-nothing-lost = All mail for this relay would wait like this, while other relays go on. No one is told that their mail failed.
demo-correct = 4. You create an app password, as advised, and enter it.
demo-corrected = The relay opens at once, and its mail leaves by itself:
demo-arrived = { $count ->
    [one] Gmail has received { $count } message, once.
   *[other] Gmail has received { $count } messages.
}
demo-next =
    Now with your own mail:
      facteur start                                  run the server
      facteur relay add gmail --login you@gmail.com  your own relay (facteur relay presets lists the others)
      facteur send someone@example.org               a test message
    A refusal from anywhere else? facteur explain '550 5.7.26 …' says what it means.
demo-stay =
    The demonstration stays. Its portal shows { $days } days of history, and mail that meets a mailbox that takes it, one that
    asks for patience, one that is full, one that refuses as Orange does, and a relay with a wrong password:
        { $link }
    Your browser will say that it does not know the certificate: it was made a moment ago. Ctrl-C ends everything.
demo-subject-order = Your order has left
demo-subject-invoice = Your invoice
demo-subject-photos = The photos of Sunday
demo-subject-news = News from the shop
demo-subject-minutes = Minutes of the meeting
