# SPDX-License-Identifier: Apache-2.0
"""gevent_server.py PORT"""

import sys

from gevent import monkey

monkey.patch_all()

from gevent.pywsgi import WSGIServer  # noqa: E402

import wsgi  # noqa: E402

WSGIServer(("127.0.0.1", int(sys.argv[1])), wsgi.application, log=None).serve_forever()
