"""What `./clinic` becomes once the environment stands."""

import sys

from admin_ui.cli.main import main

sys.exit(main(sys.argv[1:]))
