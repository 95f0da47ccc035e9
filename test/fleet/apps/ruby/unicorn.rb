# SPDX-License-Identifier: Apache-2.0
# The configuration of Unicorn.

worker_processes 8
listen "127.0.0.1:#{ENV.fetch('FLEET_PORT')}"
