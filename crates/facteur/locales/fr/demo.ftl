# La démonstration.

demo-login = vous@gmail.com
demo-intro =
    Tout se passe ici à l'intérieur de cette machine, sans réseau, dans un répertoire supprimé à la fin :
    un faux Gmail, qui répond avec les mots du vrai, et un facteur.
demo-add = 1. Vous dites que Gmail transporte votre courrier, et donnez votre mot de passe habituel. Google ne l'accepte pas des logiciels.
demo-send = 2. Vous envoyez un message. Gmail refuse le mot de passe.
demo-waits = 3. Le message n'a pas été renvoyé en erreur : il attend, avec sa raison. La commande connue des administrateurs le montre aussi.
demo-nothing-lost = Tout le courrier de ce relais attendrait ainsi, pendant que les autres relais continuent. Personne ne reçoit d'avis d'échec.
demo-correct = 4. Vous créez un mot de passe d'application, comme indiqué, et vous le saisissez.
demo-corrected = Le relais rouvre aussitôt, et son courrier part tout seul :
demo-arrived = { $count ->
    [one] Gmail a reçu { $count } message, une seule fois.
   *[other] Gmail a reçu { $count } messages.
}
demo-next =
    Et maintenant, avec votre courrier :
      facteur start                                    lancer le serveur
      facteur relay add gmail --login vous@gmail.com   votre propre relais (facteur relay presets liste les autres)
      facteur send quelquun@example.org                un message d'essai
    Un refus reçu ailleurs ? facteur explain '550 5.7.26 …' dit ce qu'il signifie.
demo-stay =
    La démonstration reste ouverte. Son portail montre { $days } jours d'historique, et du courrier qui rencontre une boîte qui
    l'accepte, une qui demande de patienter, une qui est pleine, une qui refuse comme Orange, et un relais au mauvais mot de passe :
        { $link }
    Votre navigateur dira qu'il ne connaît pas le certificat : il vient d'être fabriqué. Ctrl-C arrête tout.
demo-subject-order = Votre commande est partie
demo-subject-invoice = Votre facture
demo-subject-photos = Les photos de dimanche
demo-subject-news = Des nouvelles de la boutique
demo-subject-minutes = Compte rendu de la réunion
