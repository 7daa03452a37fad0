# Le chemin vers le portail.

help-facteur-portal = Le portail : voir son courrier et réparer avec un navigateur
help-facteur-portal-link = Fait un lien qui connecte un administrateur au portail, une seule fois

portal-link = Ouvrez ceci dans un navigateur. Le lien connecte un administrateur, une seule fois, dans les { $count } minutes :
portal-no-port = Ce serveur n'a pas de port pour le portail. Ajoutez à facteur.toml : [[listener]] address = "0.0.0.0:8189" kind = "https", chacun sur sa ligne, et redémarrez-le.
