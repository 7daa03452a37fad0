# Les clés avec lesquelles des programmes s'adressent au serveur par HTTP.

value-scope = DROIT
value-count = NOMBRE

help-facteur-key = Les clés avec lesquelles des programmes s'adressent au serveur par HTTP : envoyer, lire, réparer
help-facteur-key-list = Lister les clés : ce que chacune permet, et quand elle a servi
    .of = Seulement celles de ce compte ou de ce site
help-facteur-key-add = Créer une clé ; elle n'est affichée qu'une fois
    .label = À quoi elle sert, par exemple "boutique"
    .scope = Ce qu'elle permet (répétable) : send, messages:read, messages:write, statistics, explain, discover, webhooks ; sans --of aussi relays:read, relays:write, accounts:read, accounts:write, domains:read, domains:write, status, audit, metrics, admin
    .of = Le compte ou le site pour lequel elle parle (sinon, pour l'administrateur)
    .days = Dans combien de jours elle se termine (sinon, jamais)
help-facteur-key-remove = Reprendre une clé : elle ne sert plus à rien, tout de suite
    .name = Le nom de la clé, tel que facteur key list l'affiche : fct_ et huit lettres

key-made =
    La clé { $name } est créée. Copiez-la maintenant : elle ne sera plus affichée.
    { $key }
key-removed = La clé est reprise : plus personne n'entre avec elle.
keys-none = Il n'y a pas encore de clé. Créez-en une avec : facteur key add "boutique" --of IDENTIFIANT --scope send
key-good = valable
key-expired = terminée
key-revoked = reprise
key-of-server = (administrateur)
column-of = POUR
column-used = DERNIER USAGE
column-ends = FIN
column-label = LIBELLÉ
column-scopes = PERMET
