# SPDX-License-Identifier: Apache-2.0
"""eventlet_server.py PORT"""

import sys

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi as server  # noqa: E402

import wsgi  # noqa: E402

server.server(eventlet.listen(("127.0.0.1", int(sys.argv[1]))), wsgi.application, log_output=False)
