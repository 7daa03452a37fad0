# Les ennuis : une phrase pour la cause et, dans `.fix`, une pour le remède.

fault-not-allowed = Vous pouvez consulter ce serveur, mais pas le modifier.
    .fix = Adressez-vous à son administrateur.
fault-missing = Il n'y a pas de « { $what } » ici.
    .fix = Vérifiez l'orthographe ; les listes (facteur account list, site list, relay list, queue) montrent ce qui existe.
fault-exists = Il y a déjà un « { $what } ».
    .fix = Prenez un autre nom, ou modifiez ou supprimez celui-là.
fault-invalid = La valeur de { $what } n'est pas valable : { $detail }
    .fix = Corrigez-la ; --help montre la forme attendue.
fault-invalid-bare = La valeur de { $what } n'est pas valable.
    .fix = Corrigez-la ; --help montre la forme attendue.
fault-invalid-password = Le mot de passe est trop court : il lui faut au moins 8 caractères.
    .fix = Choisissez-en un plus long, ou n'en donnez pas pour qu'il soit créé.
fault-invalid-preset = Aucun relais n'est connu sous ce nom.
    .fix = Les relais connus sont : { $detail }. Pour tout autre, indiquez --host.
fault-needed = Il manque quelque chose : { $what }
    .fix = Indiquez-le ; --help montre la forme attendue.
fault-oauth2-only = Le fournisseur { $what } n'accepte plus de mot de passe des logiciels, seulement OAuth2.
    .fix = Envoyez par un autre relais ; facteur relay presets montre ceux qui acceptent un mot de passe ou une clé.
fault-insecure = Un relais à une adresse publique demande TLS et une authentification, sinon votre mot de passe et votre courrier peuvent être lus en chemin.
    .fix = Retirez --tls never et --no-auth ; si vous savez que le chemin est sûr, ajoutez --insecure.
fault-not-published = L'enregistrement MX de { $what } ne désigne pas encore ce serveur : d'autres serveurs refuseraient donc son courrier.
    .fix = Publiez cet enregistrement, attendez quelques minutes, puis réessayez : { $detail }
fault-no-listener = Aucun port de ce serveur ne prend le courrier d'autres serveurs : les retours d'échec de { $what } ne pourraient pas revenir.
    .fix = Ajoutez à facteur.toml, chacun sur sa ligne : [[listener]] address = "0.0.0.0:25" kind = "mx" ; relancez le serveur, puis réessayez.
fault-store = Les données du serveur ne peuvent être ni lues ni écrites : { $detail }
    .fix = Vérifiez le disque et les droits sur le répertoire des données, puis réessayez.
fault-refused = Le message n'a pas été accepté : { $detail }
    .fix = Corrigez ce qui est nommé, et renvoyez-le.

client-not-initialised = Il n'y a pas encore de serveur dans { $path }.
    .fix = Créez-en un et lancez-le avec : facteur start ; ou désignez-en un autre avec --data.
client-unreachable = Le serveur de { $path } ne répond pas : { $detail }
    .fix = S'il est en train de démarrer ou de s'arrêter, réessayez dans un instant ; sinon, relancez-le.
client-forbidden = Les données de { $path } appartiennent à un autre utilisateur.
    .fix = Lancez la commande sous cet utilisateur, ou en tant que root.

config-unreadable = La configuration { $path } ne peut pas être lue : { $detail }
    .fix = Vérifiez les droits sur ce fichier.
config-invalid = La configuration { $path } contient une erreur : { $detail }
    .fix = Corrigez la ligne indiquée.

start-net = Le réseau ne peut pas être mis en place : { $detail }
    .fix = Libérez ce port ou indiquez-en un autre dans facteur.toml, sous [[listener]] ; pour un certificat, vérifiez les fichiers sous [tls].
start-file = { $path } ne peut pas être créé : { $detail }
    .fix = Vérifiez les droits sur le répertoire, ou choisissez-en un autre avec --data.
store-in-use = Les données sont déjà utilisées : { $detail }
    .fix = Arrêtez d'abord l'autre facteur, ou donnez à celui-ci un autre répertoire avec --data.
store-full = Le disque est plein : { $detail }
    .fix = Libérez de la place ; aucun message n'est perdu, le courrier est refusé d'ici là.
store-read-only = Le disque a failli pendant que le serveur tournait : { $detail }
    .fix = Vérifiez le disque et ses câbles, puis relancez facteur : ce qui avait été confirmé y est.
store-other = Les données ne peuvent pas être ouvertes : { $detail }
    .fix = Vérifiez le disque et les droits sur le répertoire des données ; si le fichier est abîmé, restaurez une sauvegarde.

trouble-file = { $path } ne peut pas être lu : { $detail }
    .fix = Vérifiez son nom et les droits dessus.
trouble-system = Le système refuse ce dont tout programme a besoin : { $detail }
    .fix = Réessayez dans un instant.
trouble-unexpected = Le serveur a répondu autre chose que ce qui était demandé.
    .fix = Sa version n'est pas celle de cette commande : redémarrez-le.

usage-unknown-argument = { $argument } n'est pas connu ici.
usage-unknown-command = Il n'y a pas de commande « { $command } ».
usage-invalid-value = « { $value } » n'est pas une valeur possible de { $argument }.
usage-no-value = Il manque une valeur à { $argument }.
usage-too-many-values = { $argument } prend moins de valeurs.
usage-conflict = { $argument } et { $other } ne vont pas ensemble.
usage-missing = Il manque quelque chose : { $argument }
usage-no-command = Il manque une commande.
usage-not-text = Un argument n'est pas du texte UTF-8.
usage-other = Ces arguments ensemble n'ont pas de sens.
usage-meant = Vouliez-vous dire { $meant } ?
usage-expected = { $argument } : { $says }.
usage-help = Aide : { $command } --help
usage-all-needed = Rien ne dit de quels messages il s'agit.
    .fix = Désignez-les par leur identifiant, par --sender, --recipient, --domain, --relay, --cause ou --older-than ; ou dites --all.
usage-password-needed = Il faut un mot de passe, et il n'y a pas de terminal où le demander.
    .fix = Donnez-le sur l'entrée standard, avec --password-stdin.
usage-passwords-differ = Les deux mots de passe ne sont pas les mêmes.
    .fix = Recommencez, et tapez deux fois le même.
usage-text-needed = Il n'y a rien à expliquer.
    .fix = Donnez le texte du serveur, en argument ou sur l'entrée standard.
usage-question-needed = La ligne { $what } n'est pas un objet JSON qui contient un texte.
    .fix = Écrivez un objet par ligne, par exemple : {"{"}"text": "550 5.1.1 User unknown"{"}"}
usage-from-needed = Aucun expéditeur n'est connu.
    .fix = Indiquez-en un avec --from.
