//! What a web server that has the ports 80 and 443 needs, so that a domain's documents are had through it.

/// Where this server answers by https, and a web server on the same machine finds it.
const BEHIND: &str = "https://127.0.0.1:8189";

/// For nginx. Only the documents are led here: the portal has a name of its own, or none.
pub fn nginx(domain: &str) -> String {
    format!(
        r"# /etc/nginx/conf.d/mail-settings-{domain}.conf
server {{
    listen 80;
    listen [::]:80;
    server_name autoconfig.{domain} autodiscover.{domain};
    # certbot certonly --webroot -w /var/www/html -d autoconfig.{domain} -d autodiscover.{domain}
    location /.well-known/acme-challenge/ {{
        root /var/www/html;
    }}
    location / {{
        return 301 https://$host$request_uri;
    }}
}}
server {{
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name autoconfig.{domain} autodiscover.{domain};
    ssl_certificate /etc/letsencrypt/live/autoconfig.{domain}/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/autoconfig.{domain}/privkey.pem;
    location ~* ^/(mail|autodiscover|\.well-known/autoconfig)/ {{
        proxy_pass {BEHIND};
        proxy_set_header Host $host;
    }}
    location / {{
        return 404;
    }}
}}
# In the server block of {domain} itself, where it has one:
#     location /.well-known/autoconfig/ {{
#         proxy_pass {BEHIND};
#         proxy_set_header Host $host;
#     }}
"
    )
}

/// For Caddy, which gets the certificates by itself.
pub fn caddy(domain: &str) -> String {
    format!(
        "# /etc/caddy/Caddyfile
autoconfig.{domain}, autodiscover.{domain} {{
	@documents path /mail/* /autodiscover/* /.well-known/autoconfig/*
	handle @documents {{
		reverse_proxy {BEHIND} {{
			transport http {{
				tls_insecure_skip_verify
			}}
		}}
	}}
	handle {{
		respond 404
	}}
}}
# In the site block of {domain} itself, where it has one:
#	handle /.well-known/autoconfig/* {{
#		reverse_proxy {BEHIND} {{
#			transport http {{
#				tls_insecure_skip_verify
#			}}
#		}}
#	}}
"
    )
}
