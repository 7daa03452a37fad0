# The way into the portal.

help-facteur-portal = The portal: mail seen and mended with a browser
help-facteur-portal-link = Make a link that signs an administrator in to the portal, once

portal-link = Open this in a browser. It signs an administrator in, once, within { $count } minutes:
portal-no-port = This server has no port for the portal. Add to facteur.toml: [[listener]] address = "0.0.0.0:8189" kind = "https", each on a line of its own, and start it anew.
