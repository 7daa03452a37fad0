# Le code en plus du mot de passe.
web-factor = Code en plus du mot de passe
web-factor-hint = En plus de votre mot de passe, la connexion à ces pages demande alors un code que fait votre téléphone. Qui apprend votre mot de passe n'entre pas pour autant.
web-factor-programs = Vos logiciels de courrier ne savent pas montrer de code : il faut alors à chacun un mot de passe d'application, et votre mot de passe n'ouvre plus que ces pages.
web-factor-do = Le mettre en place
web-factor-on = Demandé
web-factor-left = { $count ->
    [one] Il reste { $count } code de secours.
   *[other] Il reste { $count } codes de secours.
}
web-factor-remove = Ne plus demander de code
web-factor-removed = Plus aucun code n'est demandé.
web-factor-scan = 1. Montrez cette image à votre téléphone
web-factor-scan-hint = Avec un logiciel qui fait ces codes (Aegis, FreeOTP, Google Authenticator, 1Password, Bitwarden et bien d'autres).
web-factor-picture = Une image (code QR) qui contient le secret, pour votre téléphone
web-factor-type = Ou tapez ce secret :
web-factor-check = 2. Tapez le code qu'il affiche
web-factor-confirm = Vérifier le code
web-factor-is-on = Un code est désormais demandé
web-factor-reset-hint = Pour quelqu'un qui a perdu son téléphone ou sa clé d'accès. Assurez-vous que c'est bien cette personne qui le demande : son mot de passe suffira de nouveau.
web-recovery-hint = Gardez ces codes de secours sur papier ou dans un gestionnaire de mots de passe. Chacun ouvre ces pages une fois si votre téléphone est perdu. Ils ne seront plus affichés.
web-recovery-kept = Je les ai gardés
web-field-code = Code
web-hint-code = Six chiffres, nouveaux toutes les trente secondes.
web-hint-code-or-recovery = Les six chiffres que votre téléphone affiche en ce moment, ou un de vos codes de secours.
web-code-title = Votre code
web-code-wrong = Le code est faux, ou a déjà servi.
web-code-wrong-fix = Attendez le suivant. S'il est refusé aussi, mettez l'horloge de votre téléphone à l'heure.
web-code-over = Cela a duré trop longtemps. Redonnez votre mot de passe.
web-code-slowed = Trop de codes faux : plus rien n'est vérifié pendant un moment. Réessayez dans { $span }.
web-code-lost = Je n'ai pas mon téléphone
web-code-lost-hint = Tapez un des codes de secours que vous avez gardés. Si vous n'en avez plus, un administrateur de ce serveur peut retirer le code.

# Les mots de passe d'un seul logiciel.
web-apps = Mots de passe d'application
web-apps-hint = Un mot de passe à part pour chaque logiciel ou appareil qui envoie votre courrier : celui qui est perdu se reprend tout seul, et aucun n'ouvre ces pages.
web-app-add = Créer un mot de passe d'application
web-app-made = fait
web-app-used = dernier usage
web-app-unused = jamais utilisé
web-app-remove = Le reprendre
web-app-removed = Le mot de passe d'application est repris. Le logiciel qui l'utilisait ne peut plus envoyer.
web-app-is = Le mot de passe d'application pour « { $label } » est fait.
web-field-app = À quoi il sert
web-hint-app = Par exemple : téléphone, Thunderbird à la maison.

# Les navigateurs connectés.
web-devices = Mes appareils
web-devices-hint = Les navigateurs connectés à ces pages en votre nom. Fermez ce que vous ne connaissez pas, puis changez de mot de passe.
web-device-seen = vu pour la dernière fois
web-device-this = Celui-ci
web-device-end = Fermer
web-device-ended = Il est déconnecté.
web-device-unnamed = Un programme sans nom

# Les blocages.
web-block-title = Droit d'envoyer
web-block = Bloquer
web-block-hint = Plus rien n'est accepté de sa part, et son courrier en attente est gardé. Une fois débloqué, ce courrier part tout seul.
web-field-why = Pourquoi
web-hint-why = Pour le registre ; seuls les administrateurs le voient.
web-field-note = Mot à la personne
web-field-note-en = Mot à la personne, en anglais
web-field-note-fr = Mot à la personne, en français
web-hint-note = Affiché sur sa propre page.
web-unblock = Débloquer
web-unblock-hint = L'envoi est de nouveau permis aussitôt, et le courrier en attente part, le plus ancien d'abord.
web-is-blocked = Bloqué
web-asks = Demande à être débloqué
web-blocked-done = { $name } est bloqué : plus rien n'est accepté de sa part, et son courrier en attente est gardé.
web-unblocked-done = { $name } est débloqué : son courrier en attente part.
web-blocked = Votre compte est bloqué
web-blocked-more = Vous ne pouvez pas envoyer pour le moment. Votre courrier en attente est gardé, et partira tout seul une fois le compte débloqué. Rien n'est perdu.
web-blocked-since = depuis
web-blocked-own = Pourquoi, et que faire
web-plea = Demander à être débloqué
web-plea-hint = Dites ce qui s'est passé et ce que vous avez fait. Les administrateurs de ce serveur le lisent.
web-plea-do = Envoyer la demande
web-plea-sent = Vous avez demandé à être débloqué :
web-plea-done = Les administrateurs peuvent lire votre demande.
web-pleas = { $count ->
    [one] { $count } personne demande à être débloquée
   *[other] { $count } personnes demandent à être débloquées
}
web-pleas-do = Voir les comptes

# Mon compte.
web-own-none = Vous êtes connecté par un lien du serveur, et n'avez pas de compte à vous ici.
web-own-addresses = Mes adresses
web-own-addresses-hint = Celles avec lesquelles vous pouvez envoyer. Un administrateur en ajoute d'autres.
web-own-undo = Votre courrier part au bout de { $span } ; d'ici là vous pouvez le reprendre.
