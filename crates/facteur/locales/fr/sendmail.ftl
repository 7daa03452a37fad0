# sendmail, newaliases, postsuper : les mots des programmes que tout Unix connaît.

sendmail-value = Cette option n'accepte pas cette valeur : { $what }
    .fix = -N prend never, ou success, failure et delay séparés par des virgules ; -R full ou hdrs ; -B 7BIT ou 8BITMIME ; -V au plus 100 caractères imprimables.
sendmail-daemon = { $what } lancerait un serveur, et cette commande ne fait que remettre du courrier.
    .fix = Le serveur se lance avec : facteur start
sendmail-unsupported = Le message n'a pas été pris : rien ici ne peut promettre ce que demande { $what }.
    .fix = Envoyez-le sans cette option, s'il peut partir sans.
sendmail-no-id = « { $what } » n'est pas l'identifiant d'un message.
    .fix = mailq montre les identifiants.
sendmail-no-recipient = Il n'y a pas de destinataire.
    .fix = Nommez-en un sur la ligne, ou faites lire l'en-tête avec -t.
sendmail-none-in-header = L'en-tête ne nomme aucun destinataire.
    .fix = Donnez au message une ligne To, Cc ou Bcc, ou nommez quelqu'un sur la ligne.
sendmail-address = « { $what } » n'est pas une adresse ; rien n'a été envoyé.
    .fix = Une adresse a la forme nom@domaine ; un nom seul désigne un utilisateur de cette machine.
sendmail-too-many = L'en-tête nomme { $what } destinataires, et 10 000 est le plus grand nombre ; rien n'a été envoyé.
    .fix = Envoyez-le en plusieurs fois, ou par un alias ou une liste de diffusion.
sendmail-too-big = Le message dépasse tout ce qui est accepté ici ; rien n'a été envoyé.
    .fix = Envoyez un lien à la place de la pièce jointe.
sendmail-not-taken = Le message n'a pas été pris : le serveur ne répond pas, et le message ne peut pas non plus être mis de côté : { $what }
    .fix = Lancez le serveur avec facteur start, puis renvoyez le message ; s'il tourne, vérifiez les droits sur ce dossier.
sendmail-no-server = Le serveur de courrier ne répond pas : { $what }
    .fix = Lancez-le avec : facteur start
sendmail-refused = sendmail : { $address } a été refusé : { $reply }
sendmail-dropped = Le serveur ne peut pas le prendre maintenant ; le message est sur le disque et partira dès que possible.
sendmail-deliverable = { $address } : son courrier est accepté ({ $reply })
sendmail-undeliverable = { $address } : son courrier n'est pas accepté : { $reply }

newaliases-unreadable = Les alias ne peuvent pas être lus : { $what }
    .fix = Vérifiez le nom et les droits ; facteur.toml dit par aliases = "…" où ils se trouvent.
newaliases-read = { $path } : { $count ->
    [one] 1 alias
   *[other] { $count } alias
}
alias-no-name = un alias commence par un nom et un deux-points : { $what }
alias-twice = « { $what } » figure déjà plus haut ; c'est le premier qui compte
alias-command = aucune commande n'est exécutée pour du courrier ici ; ceci n'a donc pas d'effet : { $what }
alias-file = aucun fichier n'est écrit pour du courrier ici ; ceci n'a donc pas d'effet : { $what }
alias-unreadable = cette liste ne peut pas être lue : { $what }
alias-nested = une liste incluse ne peut pas en inclure une autre : { $what }
alias-not-an-address = ce n'est pas une adresse : { $what }
alias-too-many = « { $what } » représente trop d'adresses ; les dernières sont laissées de côté

postsuper-queue = Il n'y a pas de file « { $what } ».
    .fix = hold et deferred peuvent être nommées ; sans nom, toutes sont visées.
