# SPDX-License-Identifier: Apache-2.0
"""cheroot_server.py PORT"""

import sys

from cheroot.wsgi import Server

import wsgi

Server(("127.0.0.1", int(sys.argv[1])), wsgi.application, numthreads=16).start()
