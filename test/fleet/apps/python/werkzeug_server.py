# SPDX-License-Identifier: Apache-2.0
"""werkzeug_server.py PORT"""

import logging
import sys

from werkzeug.serving import run_simple

import wsgi

logging.getLogger("werkzeug").setLevel(logging.ERROR)
run_simple("127.0.0.1", int(sys.argv[1]), wsgi.application, threaded=True)
