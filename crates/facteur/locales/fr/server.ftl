# Ce que dit un serveur qui démarre.

start-initialised = Un nouveau serveur, { $host }, dont les données sont dans { $path }.
start-administrator =
    Un administrateur a été créé :
      identifiant :  { $login }
      mot de passe : { $password }
    Conservez-le : il ne sera plus affiché.
start-certificate = Un certificat a été créé : { $path }. Les logiciels demanderont s'il faut lui faire confiance ; le vôtre s'indique dans facteur.toml.
start-not-listening = { $address } n'a pas pu être pris : { $detail }
start-perhaps-twice = { $count ->
    [one] Le serveur s'était arrêté sans prévenir alors que le courrier de { $count } destinataire partait peut-être : il peut arriver deux fois.
   *[other] Le serveur s'était arrêté sans prévenir alors que le courrier de { $count } destinataires partait peut-être : il peut arriver deux fois.
}
start-no-relay =
    Il n'y a pas encore de relais : le courrier est accepté, et attend. Prochaine étape, dans un autre terminal :
      facteur setup
start-ready = { $host } est prêt. Pour l'arrêter : Ctrl-C.
init-already = Il y a déjà un serveur dans { $path }.
init-next = Prochaine étape : facteur start
