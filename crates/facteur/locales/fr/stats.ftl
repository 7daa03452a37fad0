# Les statistiques.
help-facteur-stats = Combien a été accepté, remis, retardé et refusé
    .by = Ce qui est distingué
    .from = Depuis ce moment : un âge comme 7d, ou une heure comme 2026-11-22T10:00:00Z (sinon 30 jours, un jour pour les heures)
    .to = Jusqu'à ce moment (sinon jusqu'à maintenant)
    .of = Seulement le courrier de ce compte ou de ce site
column-accepted = ACCEPTÉS
column-delivered = REMIS
column-deferred = RETARDÉS
column-failed = REFUSÉS
column-bounced = REVENUS
column-hour = HEURE (UTC)
column-day = JOUR (UTC)
column-destination = DESTINATION
column-cause = CAUSE
column-account = COMPTE
stats-total = tout
stats-others = autres
