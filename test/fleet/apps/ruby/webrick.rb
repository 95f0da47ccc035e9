# SPDX-License-Identifier: Apache-2.0
# webrick.rb PORT CONFIG.RU

require "rack"
require "rack/handler/webrick"

app = Rack::Builder.parse_file(ARGV[1])
app = app.first if app.is_a?(Array)
Rack::Handler::WEBrick.run(app, Host: "127.0.0.1", Port: ARGV[0].to_i, AccessLog: [], Logger: WEBrick::Log.new(File::NULL))
