# La première visite.
web-setup = Mettre ce serveur en route
web-setup-hint = Cinq étapes. Vous pouvez vous arrêter à chacune et revenir : ce qui est fait reste fait.
web-step-done = Fait
web-step-open = À faire
web-setup-name = Nom du serveur
web-setup-name-hint = Les autres serveurs le connaissent sous ce nom : au mieux un nom dont l'adresse dans le DNS est celle de cette machine, comme mail.example.org. Le serveur le prend à son prochain démarrage.
web-setup-name-next = Ce serveur s'appelle { $host }. À son prochain démarrage, il s'appellera { $next } : redémarrez-le quand cela vous convient (systemctl restart facteur).
web-setup-admin = Vous
web-setup-address = Votre adresse
web-setup-address-hint = Les avis de ce serveur, et le courrier de root, y arrivent.
web-setup-password-hint = Pour vous connecter ici avec l'identifiant admin. Vide, il reste comme il est.
web-setup-way = Comment le courrier part
web-setup-way-hint = Rien ne part encore. Le courrier qui arrive attend, et part dès que vous avez choisi.
web-setup-relay = Par un relais
web-setup-relay-hint = Un fournisseur transmet votre courrier : le bon choix à la maison et dans la plupart des bureaux.
web-setup-explain = Ce qu'il demande
web-setup-relay-do = Installer ce relais
web-setup-relay-own = Mon fournisseur n'est pas dans la liste
web-setup-local-hint = Directement aux serveurs de chaque destinataire : pour un serveur qui a une adresse publique fixe et son nom dans le DNS. Beaucoup de fournisseurs d'accès le bloquent.
web-setup-local-do = Envoyer sans relais
web-setup-test = Essai
web-setup-test-local = Sans relais, il n'y a rien à essayer à part : le courrier de confirmation montre si tout marche.
web-setup-first-way = Choisissez d'abord comment le courrier part.
web-setup-mail = Courrier de confirmation
web-setup-mail-hint = Un petit message fait tout le trajet. Vous le voyez partir, ou vous voyez pourquoi il ne part pas.
web-setup-mail-do = L'envoyer
web-setup-later = Faire cela plus tard
web-setup-left = Il est parti : le serveur d'en face l'a pris. Regardez dans la boîte.
web-setup-tried = essayé
web-setup-end = Vers la vue d'ensemble
web-setup-story = Toute l'histoire
web-setup-subject = facteur marche : { $host } a envoyé ceci
web-setup-text = Ce message a été envoyé par { $host } pour montrer que son courrier arrive. Il n'y a rien à répondre.
web-look-again = Regarder de nouveau
web-field-address = Adresse
web-do-setup = Mettre en route
web-relay-waiting = { $count ->
    [one] { $count } message attend ce relais.
   *[other] { $count } messages attendent ce relais.
}
web-relay-waiting-more = Plus de { $count } messages attendent ce relais.
web-relay-waiting-none = Aucun courrier n'attend ce relais.
web-no-route-person = Un administrateur de ce serveur doit encore choisir comment le courrier part. Le vôtre partira alors tout seul.
