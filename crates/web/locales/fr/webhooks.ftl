# Les webhooks.
web-nav-webhooks = Webhooks
web-nav-my-webhooks = Mes webhooks
web-nav-my-keys = Mes clés d'API
web-hooks-hint = Un webhook est une adresse web que ce serveur prévient de ce qui arrive au courrier : accepté, remis, retardé, refusé. Chaque événement arrive au moins une fois, signé, et dans l'ordre pour chaque message.
web-hooks-none = Il n'y a pas encore de webhook.
web-hook-add = Ajouter un webhook
web-hook-added = Le webhook est ajouté.
web-hook-secret-once = Voici son secret, montré cette seule fois. Le destinataire vérifie avec lui la signature de chaque envoi.
web-hook-url = Adresse
web-hook-url-hint = Elle commence par https:// ou http://. Un nom d'utilisateur et un mot de passe peuvent s'y trouver ; ils ne seront plus montrés.
web-hook-shape = Format des envois
web-hook-own = celui de facteur
web-hook-scope = Pour le courrier de qui
web-hook-scope-hint = server pour tout le monde, ou owner:NOM, account:IDENTIFIANT, site:NOM
web-hook-events = Quels événements
web-hook-events-hint = Vide pour tous. Par exemple : delivered bounced failed deferred
web-hook-note = Note
web-hook-test = Envoyer un essai
web-hook-tested = Le destinataire a reçu l'essai.
web-hook-pause = Mettre en pause
web-hook-is-paused = Le webhook est en pause. Ce qui arrive entre-temps lui est gardé.
web-hook-resume = Reprendre
web-hook-skip = Laisser de côté les événements essayés en vain
web-hook-is-resumed = Le webhook reprend, avec tout ce qu'il a manqué.
web-hook-owed = { $count ->
    [one] Un événement attend d'être dit.
   *[other] { $count } événements attendent d'être dits.
}
web-hook-posts = Derniers envois
web-hook-no-posts = Rien n'a encore été envoyé.
web-hook-replay = Renvoyer des événements
web-hook-replay-hint = Pour un destinataire qui a perdu quelque chose : chaque événement depuis ce moment revient, avec l'identifiant qu'il avait.
web-hook-since = Depuis
web-hook-hour = une heure
web-hook-day = un jour
web-hook-week = une semaine
web-hook-again = Renvoyer
web-hook-is-told-again = Ces événements sont renvoyés.
web-hook-change = Le changer
web-hook-new-secret = Créer un nouveau secret
web-hook-secret-new = Le webhook a un nouveau secret.
web-hook-remove = Supprimer le webhook
web-hook-removed = Le webhook est supprimé.
