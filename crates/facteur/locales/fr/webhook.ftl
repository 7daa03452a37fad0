# Les webhooks.

help-facteur-webhook = Les adresses du web auxquelles est dit ce qui arrive au courrier
    .epilogue =
        Événements : queued, delivered, deferred, bounced, failed, held, released, cancelled, retried, perhaps_twice, reported, relay_closed, relay_opened, sender_stopped, sender_resumed.
        Chacun arrive au moins une fois, toujours avec le même identifiant, et dans l'ordre pour chaque message. Ce qui n'est pas reçu est essayé pendant trois jours ; ensuite le webhook se met en pause, et rien n'est jeté.
help-facteur-webhook-list = Lister les webhooks, et pourquoi certains sont en pause
help-facteur-webhook-show = Montrer un webhook, et ce qu'ont donné ses derniers envois
    .name = Le webhook
help-facteur-webhook-add = Ajouter un webhook ; le secret qui signe ses envois est montré une fois
    .name = Son nom
    .url = Où : https:// ou http:// ; un nom d'utilisateur et un mot de passe peuvent s'y trouver
    .scope = Les événements de qui : server (tout le monde), owner:NOM, account:IDENTIFIANT, site:NOM
    .event = Seulement cet événement ; peut être donné plusieurs fois
    .shape = Dans les mots de qui : own (les nôtres), ou ceux de Postmark, SendGrid, Resend, Brevo, Mailjet
    .description = Une note pour les gens
help-facteur-webhook-change = Changer un webhook ; ce qui n'est pas nommé reste
    .name = Le webhook
    .url = Où
    .all_events = Tous les événements désormais
    .scope = Les événements de qui : server (tout le monde), owner:NOM, account:IDENTIFIANT, site:NOM
    .event = Seulement cet événement ; peut être donné plusieurs fois
    .shape = Dans les mots de qui : own (les nôtres), ou ceux de Postmark, SendGrid, Resend, Brevo, Mailjet
    .description = Une note pour les gens
help-facteur-webhook-secret = Donner à un webhook un nouveau secret, montré une fois
    .name = Le webhook
help-facteur-webhook-test = Envoyer un événement inventé, et montrer ce que cela donne
    .name = Le webhook
help-facteur-webhook-replay = Redire à un webhook ce qu'il a peut-être perdu ; les identifiants restent les mêmes
    .name = Le webhook
    .since = Tout depuis ce moment : un âge comme 2h ou 3d, ou une heure comme 2026-11-22T10:00:00Z
    .event = Ce seul événement, par l'identifiant que le destinataire a vu
help-facteur-webhook-pause = Ne plus rien envoyer à un webhook ; ce qui arrive entre-temps lui est gardé
    .name = Le webhook
help-facteur-webhook-resume = Reprendre un webhook, avec tout ce qu'il a manqué
    .name = Le webhook
    .skip_refused = Laisser de côté les événements essayés en vain
help-facteur-webhook-remove = Supprimer un webhook
    .name = Le webhook

value-event = ÉVÉNEMENT
value-time = HEURE

column-address = ADRESSE
webhooks-none = Il n'y a pas de webhook. Ajoutez-en un avec : facteur webhook add NOM https://…
webhook-removed = Le webhook est supprimé.
webhook-all-events = tous
webhook-line-name = Webhook :        { $value }
webhook-line-address = Adresse :        { $value }
webhook-line-description = Note :           { $value }
webhook-line-scope = Événements de :  { $value }
webhook-line-events = Événements :     { $value }
webhook-line-shape = Forme :          { $value }
webhook-line-state = État :           { $value }
webhook-owed = { $count ->
    [one] Un événement attend d'être dit.
   *[other] { $count } événements attendent d'être dits.
}
webhook-secret =
    Son secret, montré cette seule fois : { $secret }
    Le destinataire vérifie webhook-signature (ou X-Signature) avec lui.
webhook-post = { $when } : { $event } ({ $id }, { $millis } ms) : { $what }
