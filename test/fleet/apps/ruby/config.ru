# SPDX-License-Identifier: Apache-2.0
# The application for servers that speak Rack.

require "digest"
require "stringio"
require "zlib"

LARGE = "0123456789abcdef" * 20_000
GZIP = begin
  out = StringIO.new("".b)
  writer = Zlib::GzipWriter.new(out)
  writer.mtime = 1
  writer.write("compressed once\n" * 100)
  writer.close
  out.string
end
TEXT = { "Content-Type" => "text/plain; charset=utf-8" }.freeze

# Slowly gives pieces one by one.
class Slowly
  def initialize(pieces, pause)
    @pieces = pieces
    @pause = pause
  end

  def each
    @pieces.each do |piece|
      yield piece
      sleep @pause
    end
  end
end

def echo(env, path)
  content = env["rack.input"] ? env["rack.input"].read.b : "".b
  query = env["QUERY_STRING"].to_s
  lines = ["method #{env['REQUEST_METHOD']}", "target #{path}#{query.empty? ? '' : "?#{query}"}",
           "content #{content.bytesize} #{Digest::SHA256.hexdigest(content)}"].map(&:b)
  env.each do |name, value|
    if name.start_with?("HTTP_") && name != "HTTP_VERSION"
      lines << "field #{name[5..].downcase.tr('_', '-')}: ".b + value.b
    elsif %w[CONTENT_TYPE CONTENT_LENGTH].include?(name) && value
      lines << "field #{name.downcase.tr('_', '-')}: ".b + value.b
    end
  end
  "#{lines.join("\n".b)}\n".b
end

def simple(path, env)
  case path
  when %r{\A/status/(\d+)\z}
    status = Regexp.last_match(1).to_i
    [204, 304].include?(status) ? [status, {}, ""] : [status, TEXT, "status #{status}\n"]
  when "/redirect" then [302, TEXT.merge("Location" => "/elsewhere?x=1"), "over there\n"]
  when "/redirect-absolute" then [301, TEXT.merge("Location" => "http://#{env['HTTP_HOST']}/elsewhere"), "over there\n"]
  when "/fields"
    [200, TEXT.merge("Set-Cookie" => "a=1; Path=/\nb=2; HttpOnly", "Vary" => "Accept, Cookie", "X-Latin" => "caf\xe9".b,
                     "X-Long" => "a" * 3000, "ETag" => '"of-the-app"', "Content-Language" => "de, en",
                     "Cache-Control" => "private, max-age=5", "Link" => "</style.css>; rel=preload", "X-Empty" => ""), "fields\n"]
  when "/login" then [401, TEXT.merge("WWW-Authenticate" => 'Basic realm="fleet", charset="UTF-8"'), "who?\n"]
  when "/large" then [200, TEXT, LARGE]
  when "/gzip" then [200, TEXT.merge("Content-Encoding" => "gzip"), GZIP]
  when "/empty" then [200, TEXT, ""]
  when "/refuse" then [413, TEXT, "too large\n"]
  when "/slow"
    sleep 0.5
    [200, TEXT, "slow\n"]
  end
end

run(lambda do |env|
  path = env["PATH_INFO"]
  case path
  when "/stream" then next [200, TEXT.dup, Slowly.new((0...5).map { |n| "piece #{n}\n" }, 0.03)]
  when "/events" then next [200, { "Content-Type" => "text/event-stream" }, Slowly.new((0...3).map { |n| "data: #{n}\n\n" }, 0.1)]
  end
  status, fields, body = simple(path, env) || [200, TEXT, echo(env, path)]
  fields = fields.merge("Content-Length" => body.bytesize.to_s) unless [204, 304].include?(status)
  # What belongs to HEAD is the server's to leave out in some, and the application's in others.
  [status, fields.dup, env["REQUEST_METHOD"] == "HEAD" ? [] : [body]]
end)
