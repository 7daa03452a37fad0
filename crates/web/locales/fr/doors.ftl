# Pourquoi un courrier remis par HTTP n'est pas pris.
web-door-field = Corrigez le champ et renvoyez la requête ; docs/api/sending.fr.md de facteur montre ce qui est lu.
web-door-twice = Cette clé de requête est déjà venue avec une autre requête.
    .fix = Créez un Idempotency-Key par message, et ne le répétez qu'avec exactement la même requête.
web-door-missing = Ce message n'existe pas.
    .fix = Vérifiez l'identifiant ; la clé d'un compte ou d'un site ne voit que ses propres messages.
web-door-late = Le message est déjà parti, ou il est en train de partir.
    .fix = Seul ce qui n'a jamais été tenté peut être repris : envoyez plus tard, ou donnez du temps au message avec undo_seconds.
