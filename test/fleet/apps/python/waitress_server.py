# SPDX-License-Identifier: Apache-2.0
"""waitress_server.py PORT"""

import sys

import waitress

import wsgi

waitress.serve(wsgi.application, host="127.0.0.1", port=int(sys.argv[1]), threads=16)
