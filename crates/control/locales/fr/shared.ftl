# Les réponses.

colon = { "" } :

reason-who = Qui doit agir : { $text }
reason-fix = Que faire : { $text }
reason-link = Voir : { $text }
reason-raw = Ce qui a été dit : { $text }

time-never = à un moment inconnu
time-now = maintenant
time-today = à { $time }
time-other-day = le { $date } à { $time }
time-ago = il y a { $span } ({ $moment })
time-in = dans { $span } ({ $moment })
span-seconds = { $count ->
    [one] { $count } seconde
   *[other] { $count } secondes
}
span-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] { $count } heure
   *[other] { $count } heures
}
span-days = { $count ->
    [one] { $count } jour
   *[other] { $count } jours
}

state-waiting = attend
state-leased = en cours d'envoi
state-held = retenu
state-delivered = remis
state-failed = refusé
state-expired = abandonné
state-cancelled = supprimé
queue-next = prochain essai { $when }
queue-others = { $count ->
    [one] et { $count } autre
   *[other] et { $count } autres
}

count-recipients = { $count ->
    [one] { $count } destinataire
   *[other] { $count } destinataires
}
acted-retry = { $messages ->
    [0] Rien à essayer : aucun message en attente ne correspond.
    [one] { $messages } message ({ $recipients }) est réessayé tout de suite.
   *[other] { $messages } messages ({ $recipients }) sont réessayés tout de suite.
}
acted-hold = { $messages ->
    [0] Rien à retenir : aucun message en attente ne correspond.
    [one] { $messages } message ({ $recipients }) est retenu.
   *[other] { $messages } messages ({ $recipients }) sont retenus.
}
acted-release = { $messages ->
    [0] Rien à laisser partir : aucun message retenu ne correspond.
    [one] { $messages } message ({ $recipients }) peut partir.
   *[other] { $messages } messages ({ $recipients }) peuvent partir.
}
acted-delete = { $messages ->
    [0] Rien à supprimer : aucun message en attente ne correspond.
    [one] { $messages } message ({ $recipients }) est supprimé.
   *[other] { $messages } messages ({ $recipients }) sont supprimés.
}
acted-bounce = { $messages ->
    [0] Rien à renvoyer : aucun message en attente ne correspond.
    [one] { $messages } message ({ $recipients }) est abandonné, et son expéditeur est prévenu.
   *[other] { $messages } messages ({ $recipients }) sont abandonnés, et leurs expéditeurs sont prévenus.
}
acted-undo = { $messages ->
    [0] Trop tard : le message est parti, ou un essai a déjà eu lieu. Voyez : facteur why
   *[other] Le message est repris ({ $recipients }) : il ne partira pas.
}
acted-in-flight = { $count ->
    [one] { $count } destinataire était en cours d'envoi, ou déjà dans cet état : il n'a pas été touché.
   *[other] { $count } destinataires étaient en cours d'envoi, ou déjà dans cet état : ils n'ont pas été touchés.
}

story-title = Message { $id }
story-from = De : { $text }
story-to = À : { $text }
story-size = Taille : { $text }
story-message-id = Message-ID : { $text }
story-nobody = personne (un avis)
story-received-here = donné sur cette machine, par { $client }
story-happened = Ce qui s'est passé
story-now = Où il en est
story-received = reçu de { $client }
story-others = { $count ->
    [one] et { $count } autre
   *[other] et { $count } autres
}
story-attempt = essai par le relais { $relay } ({ $server })
story-attempt-direct = essai directement chez le serveur du destinataire ({ $server })
story-took = pris pour { $to } : { $said }
story-refused = pas pris pour { $to } : { $said }
story-next = Prochain essai : { $when }
story-expires = Abandon si rien ne change : { $moment }
event-held = retenu par quelqu'un
event-released = libéré par quelqu'un
event-cancelled = supprimé par quelqu'un
event-retried = essai immédiat, demandé par quelqu'un
event-perhaps-twice = le serveur s'est arrêté sans prévenir alors que ceci partait peut-être : cela peut arriver deux fois
event-expired = abandonné
event-relay-closed = le relais { $relay } a été fermé
event-relay-opened = le relais { $relay } a été rouvert
event-sender-stopped = l'expéditeur a été arrêté sur le relais { $relay }
event-sender-resumed = l'expéditeur peut de nouveau prendre le relais { $relay }
event-came-back = renvoyé par le serveur qui l'avait pris
event-reported = { $detail ->
    [delay] un autre serveur a signalé qu'il y est en retard, et toujours essayé
    [success] un autre serveur a confirmé son arrivée
    [complaint] le destinataire s'en est plaint
    [auto_reply] une réponse automatique y est arrivée
   *[other] un rapport illisible est arrivé : l'expéditeur l'a reçu tel quel
}
event-noticed = l'expéditeur a été prévenu, par le message { $detail }

record-published = Publié.
record-missing = Pas encore là.
record-otherwise = Il y a autre chose à la place : { $text }
record-unanswered = Le DNS n'a pas répondu pour { $name } : réessayez dans un instant.
record-name = Nom : { $name }
record-kind = Type : { $kind }
record-value = Valeur : { $value }
purpose-dkim-rsa = La clé de la signature que tous les serveurs connaissent (DKIM, RSA)
purpose-dkim-ed25519 = La clé de la signature courte que les serveurs récents préfèrent (DKIM, Ed25519)
purpose-spf = Les serveurs qui peuvent envoyer pour le domaine (SPF) ; un domaine n'en a qu'un seul enregistrement
purpose-dmarc = Ce que les autres doivent faire du courrier ni signé ni venu de ces serveurs (DMARC) : rien encore, pour commencer
purpose-bounces-mx = Le serveur auquel reviennent les retours d'échec
purpose-bounces-spf = Le serveur qui peut envoyer avec les adresses auxquelles reviennent les retours d'échec (SPF)
purpose-mail-server = Par là, les logiciels de messagerie trouvent où se lit ou s'envoie le courrier du domaine ; « . » dit que cela ne se fait pas
purpose-mail-documents = L'hôte où les logiciels de messagerie trouvent les réglages du domaine
relay-open = ouvert
relay-out-of-reach = hors d'atteinte
relay-closed = fermé
hook-state-good = fonctionne
hook-state-trouble = en difficulté
hook-state-paused = en pause
hook-taken = reçu ({ $status })
hook-moved = Le destinataire dit qu'il a changé d'adresse ({ $status }).
    .fix = Les redirections ne sont pas suivies : mettez la nouvelle adresse dans le webhook.
hook-signature = Le destinataire ne laisse pas entrer ce serveur ({ $status }).
    .fix = Comparez le secret, ou le nom d'utilisateur et le mot de passe de l'adresse, avec ce qu'il attend.
hook-nothing-there = Le destinataire ne connaît rien à cette adresse, ou n'y accepte pas de POST ({ $status }).
    .fix = Corrigez le chemin de l'adresse.
hook-gone = Le destinataire dit qu'il a disparu pour de bon ({ $status }).
    .fix = Supprimez le webhook, ou reprenez-le quand le destinataire sera revenu.
hook-patience = Le destinataire demande de patienter ({ $status }).
    .fix = Rien à faire : un nouvel essai suivra.
hook-refused = Le destinataire n'accepte pas cet événement ({ $status }).
    .fix = Lisez ce qu'il dit, et son propre journal : il attend peut-être une autre forme.
hook-broken = Le destinataire est en panne ou hors service ({ $status }).
    .fix = Son propre journal dit pourquoi. L'événement sera envoyé de nouveau.
hook-address = L'adresse du webhook ne peut pas être appelée.
    .fix = Écrivez une adresse qui commence par https:// ou http://.
hook-no-name = Le nom de l'adresse n'existe pas, ou mène dans un réseau privé.
    .fix = Vérifiez comment il est écrit.
hook-no-dns = Le nom de l'adresse n'a pas pu être cherché.
    .fix = Le DNS n'a pas répondu : l'événement sera envoyé de nouveau.
hook-inside = L'adresse mène dans un réseau privé, ou à ce serveur lui-même ; elle n'a pas été appelée.
    .fix = Si c'est voulu, nommez le réseau dans facteur.toml : [webhooks] networks = ["10.0.0.0/8"].
hook-unreachable = Personne ne répond à cette adresse et à ce port.
    .fix = Vérifiez que le destinataire fonctionne et que ce serveur peut le joindre. L'événement sera envoyé de nouveau.
hook-slow = Le destinataire n'a pas répondu à temps.
    .fix = Il devrait répondre d'abord et travailler ensuite. L'événement sera envoyé de nouveau.
hook-dropped = Le destinataire a coupé la connexion sans répondre.
    .fix = Son propre journal dit pourquoi. L'événement sera envoyé de nouveau.
hook-no-tls = Il n'y a pas de TLS à ce port.
    .fix = Commencez l'adresse par http://, ou corrigez le port.
hook-certificate = Le certificat du destinataire n'est pas digne de confiance.
    .fix = Renouvelez-le, ou corrigez le nom dans l'adresse.
hook-not-http = Ce qui répond là ne parle pas HTTP.
    .fix = Corrigez l'hôte ou le port de l'adresse.
hook-paused-person = Quelqu'un l'a mis en pause { $since }. Ce qui arrive entre-temps lui est gardé.
hook-paused-failing = Mis en pause { $since } : un événement n'a toujours pas été reçu, essayé pour la première fois { $tried }. Rien n'a été jeté. Réparez le destinataire, puis reprenez le webhook.
hook-paused-gone = Mis en pause { $since } : le destinataire a dit qu'il a disparu pour de bon. Rien n'a été jeté.
elsewhere-of-provider = Les { $count } relais chez { $provider } sont tous en difficulté : c'est sans doute { $provider } qui est en panne, et il n'y a rien à changer ici.
elsewhere-of-account = { $count ->
    [one] L'autre relais chez { $provider } n'a aucune difficulté connue de ce serveur : le problème vient plutôt de ce compte ou de ses réglages que de { $provider }.
   *[other] Les { $count } autres relais chez { $provider } n'ont aucune difficulté connue de ce serveur : le problème vient plutôt de ce compte ou de ses réglages que de { $provider }.
}
elsewhere-carries = { $count ->
    [one] L'autre relais chez { $provider } a accepté du courrier { $when } : le problème vient plutôt de ce compte ou de ses réglages que de { $provider }.
   *[other] L'un des { $count } autres relais chez { $provider } a accepté du courrier { $when } : le problème vient plutôt de ce compte ou de ses réglages que de { $provider }.
}
relay-refuses-all = Le relais { $relay } a refusé ses { $count } derniers messages l'un après l'autre, quel que soit leur contenu : il s'agit plutôt d'un quota épuisé ou d'un compte bloqué que de ce que dit ce message. Regardez l'état du compte chez le fournisseur avant de changer le texte.
elsewhere-of-connection = Aucun des { $count } relais n'est joignable, quel que soit leur fournisseur : vérifiez d'abord la connexion de ce serveur.

role-person = personne
role-helper = assistant
role-administrator = administrateur
