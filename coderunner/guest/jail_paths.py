"""Where things stand inside the jail."""

BOX_PARENT = "/run"  # a Landlock rule covers a mount made later only when it stands on the folder above
BOX = "/run/box"
ENVIRONMENTS = "/opt/environments"  # all layers; every child hides them before its run
ENVIRONMENT = "/opt/environment"  # the run's own layer
NOTHING = "/opt/nothing"
GUEST_CODE = "/opt/coderunner"  # this package, shown by the service
HOSTS = "/etc/hosts"  # names that a run may connect to; empty unless the operator opened the network
