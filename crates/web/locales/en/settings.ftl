# The settings of a domain, for its people.

web-settings = Settings for mail programs at { $domain }
web-settings-alone = Most programs find these settings by themselves: type your address and your password, and nothing else. The password is that of the mailbox.
web-settings-address = Your address
web-settings-show = Show
web-settings-profile = Download this profile and open it: Mail is set up by it, and asks only for your password.
web-settings-download = Download the profile
web-settings-server = Server
web-settings-port = Port
web-settings-security = Security
web-settings-user = User name
web-settings-user-full = the whole address
web-settings-user-local = the part of the address before the @
