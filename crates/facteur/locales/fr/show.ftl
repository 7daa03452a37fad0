account-changed = Le compte est modifié.
account-removed = Le compte est supprimé.
site-changed = Le site est modifié.
site-removed = Le site est supprimé.
site-added = Le site est créé. Il envoie depuis son réseau sans s'authentifier.
relay-removed = Le relais est supprimé. Son courrier en prend un autre, ou en attend un.
route-set = La route est fixée.
route-unset = La route est supprimée.

column-login = IDENTIFIANT
column-name = NOM
column-owner = PROPRIÉTAIRE
column-role = RÔLE
column-language = LANGUE
column-undo = REPRISE
column-senders = PEUT ENVOYER AVEC
column-line-endings = FINS DE LIGNE
column-networks = RÉSEAUX
column-state = ÉTAT
column-server = SERVEUR
column-scope = COURRIER DE
column-relay = RELAIS
column-needs = DEMANDE

accounts-none = Il n'y a pas encore de compte. Ajoutez-en un avec : facteur account add vous@example.org
sites-none = Il n'y a pas encore de site. Ajoutez-en un avec : facteur site add NOM --sender @example.org
relays-none = Il n'y a pas encore de relais : le courrier attend. Ajoutez-en un avec : facteur relay add (facteur relay presets liste ceux qui sont connus)
domain-removed = Le domaine est supprimé, et ses clés avec lui : son courrier n'est plus signé.
domains-none = Il n'y a pas encore de domaine : le courrier part sans signature. Ajoutez-en un avec : facteur domain add example.org
column-domain = DOMAINE
column-bounces = RETOURS D'ÉCHEC VERS
domain-publish = { $domain } est ajouté : son courrier est désormais signé. Publiez ces enregistrements là où se gère le DNS du domaine :
domain-all-published = { $domain } : tous les enregistrements sont publiés.
domain-some-missing = { $domain } : certains enregistrements ne sont pas encore publiés, ou pas comme il faut.
domain-then-check = Puis voyez s'ils y sont : facteur domain check { $domain }
documents = Ce qui est dit aux logiciels de messagerie (https) :
document-out-of-reach = Publiez les enregistrements ci-dessus, faites mener ici le port 443, et obtenez un certificat pour ce nom.
document-otherwise = Il y a autre chose à cette adresse, ou rien : un autre serveur web répond pour ce nom, ou ce serveur n'y publie pas encore.
settings-on = { $domain } dit désormais ses réglages aux logiciels de messagerie. Publiez ces enregistrements là où se gère le DNS du domaine :
settings-off = { $domain } ne dit plus rien aux logiciels de messagerie. Retirez du DNS ses enregistrements SRV et les noms autoconfig et autodiscover.
settings-then = Les noms autoconfig.{ $domain } et autodiscover.{ $domain } ont besoin d'un certificat, et le port 443 doit mener ici : docs/discover.fr.md dit comment. Puis voyez : facteur domain check { $domain }
routes-none = Il n'y a pas encore de route : le courrier attend. Le premier relais devient celui de tous : facteur relay add

password-set = Le mot de passe de { $login } est enregistré.
password-made =
    Identifiant :  { $login }
    Mot de passe : { $password }
    Il ne sera plus affiché.

relay-no-tls = sans TLS
relay-insecure = non vérifié
relay-next = Essayez-le avec : facteur relay test { $relay }

preset-password = mot de passe
preset-app-password = mot de passe d'application
preset-key = clé fournie par sa console
preset-oauth2-only = OAuth2 seulement : les mots de passe ne marchent pas
presets-next = Ajoutez-en un avec : facteur relay add NOM --login IDENTIFIANT

closure-relay = Le relais { $relay } a été fermé { $since } ; son courrier attend.
closure-out-of-reach = Le relais { $relay } est hors d'atteinte (premier échec { $since }) ; son courrier attend.
closure-sender = { $sender } a été arrêté sur le relais { $relay } { $since } ; son courrier attend.
closure-again = Nouvel essai { $when }.

tested-works = Le relais { $relay } fonctionne.
tested-fails = Le relais { $relay } ne fonctionne pas.
dialogue-cut = (la suite était trop longue)
size-bytes = { $count ->
    [one] { $count } octet
   *[other] { $count } octets
}
size-kilobytes = { $count } ko
size-megabytes = { $count } Mo

queue-none = Rien n'attend.
queue-more = Il y en a d'autres après ces { $count } : demandez-en plus avec --limit, ou restreignez avec --sender, --relay, --cause…

status-running = facteur { $version } sur { $host } (processus { $pid }) tourne, lancé { $since }.
status-stopped = facteur { $version } sur { $host } est arrêté : le courrier n'entre ni ne sort. Lancez-le avec : facteur start
status-all-well = Rien ne demande votre attention.
status-attention = À voir
status-disk-full = Le disque est plein (reste { $mib } Mio) : aucun message n'est accepté tant qu'il n'y a pas de place. Ce qui a été accepté est en sûreté.
status-disk-failed = Le disque a failli ({ $detail }) : aucun message n'est accepté ni envoyé tant que facteur n'a pas redémarré. Ce qui avait été confirmé est dessus. Vérifiez le disque, puis : systemctl restart facteur
status-no-relay = Il n'y a pas encore de voie de sortie : le courrier attend. Choisissez-en une avec : facteur setup (ou facteur relay add)
status-no-route = Aucun relais ne transporte le courrier de tous. Choisissez-en un avec : facteur route set NOM --default
status-nobody = Personne ne peut encore envoyer. Ajoutez un compte avec : facteur account add vous@example.org
status-queue = { $messages ->
    [0] La file d'attente est vide.
    [one] { $messages } message attend ou est en cours d'envoi ({ $recipients }).
   *[other] { $messages } messages attendent ou sont en cours d'envoi ({ $recipients }).
}
status-queue-leased = en partance ou en cours d'envoi : { $count }
status-queue-parked = en attente d'un relais : { $count }
status-queue-held = retenus : { $count }
status-relays = Relais : { $relays }
status-principals = Comptes : { $accounts }, sites : { $sites }
listener = Écoute sur { $address }, { $kind }
listener-instead = Écoute sur { $address }, { $kind }, car le port { $port } n'a pas pu être pris
listener-tls = TLS d'emblée
listener-starttls = STARTTLS
listener-mx = STARTTLS, pour le courrier des autres serveurs
listener-http = le web en clair, qui mène au portail
listener-https = le portail, avec un navigateur
listener-submission = STARTTLS, et sans pour les réseaux des sites

explain-provider = Ce serveur appartient à : { $name }
explain-wait = Le même message peut passer plus tard, sans changement : le serveur demande d'attendre { $span }.
explain-may-pass = Le même message peut passer plus tard, sans changement.
explain-will-not-pass = Le même message ne passera pas si rien ne change.
explain-topic = Si ce courrier n'était pas de vous : facteur explain --topic { $name }
explain-unsure = Cette lecture n'est pas certaine : le texte est vague.
explain-cause = Cause : { $cause }
explain-cause-by = Cause : { $cause } (d'après les mots « { $words } »)
explain-address-dead = Cette adresse n'existe plus : rien ne doit plus lui être envoyé.
explain-not-a-bounce = Ce message n'annonce pas l'échec d'un autre.

send-subject = Un message d'essai de facteur
send-text = Ceci est un message d'essai. Si vous pouvez le lire, le courrier part bien de ce serveur.
send-accepted = Le message { $id } de { $from } est accepté.
send-stopped = Le serveur est arrêté : le message partira quand il tournera. Lancez-le avec : facteur start
send-left = Vous ne suivez plus le message ; il continue sa route. Pour le voir : facteur queue

ask-login = Nom d'utilisateur du relais :{" "}
ask-password = Mot de passe de { $login } (il ne s'affiche pas) :{" "}
ask-password-again = Encore une fois, le mot de passe de { $login } :{" "}
