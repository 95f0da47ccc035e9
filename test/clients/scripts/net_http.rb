# SPDX-License-Identifier: Apache-2.0

# Ruby's Net::HTTP.
require "digest"
require "json"
require "net/http"
require "stringio"

def text(content)
  return content.strip if content.bytesize <= 64
  "#{content.bytesize} bytes #{Digest::SHA256.hexdigest(content)[0, 8]}"
end

def ask(connection, request)
  content = request["size"] >= 0
  r = Net::HTTPGenericRequest.new(request["method"], content, request["method"] != "HEAD", request["path"])
  # Those that it sends by itself are replaced.
  request["headers"].each { |name, _| r.delete(name) }
  request["headers"].each { |name, value| r.add_field(name, value) }
  if content
    r.body_stream = StringIO.new("a" * request["size"])
    request["chunked"] ? r["Transfer-Encoding"] = "chunked" : r["Content-Length"] = request["size"].to_s
    r["Content-Type"] = "application/octet-stream"
  end
  r["Expect"] = "100-continue" if request["expect"]
  a = connection.request(r)
  "#{a.http_version} #{a.code} #{text(a.body || "")}".strip
end

# The requests over and over. One that fails is not sent again here; Net::HTTP may do so.
def again(job, connection, answers)
  done = failed = 0
  first = nil
  stop = Process.clock_gettime(Process::CLOCK_MONOTONIC) + job["seconds"]
  while Process.clock_gettime(Process::CLOCK_MONOTONIC) < stop
    job["requests"].each do |request|
      done += 1
      begin
        line = ask(connection, request)
        raise "answered #{line}" unless %w[200 204 206 304].include?(line.split[1])
      rescue StandardError => e
        failed += 1
        first ||= "#{request["method"]} #{request["path"]} after #{done}: #{e.class}: #{e.message}"
      end
      sleep job["gap"] / 1000.0
    end
  end
  answers << "#{done} requests, #{failed} failed"
  raise first if first
end

STDOUT.sync = true
STDIN.each_line do |line|
  job = JSON.parse(line)
  answers = []
  error = ""
  begin
    at = URI(job["base"])
    connection = Net::HTTP.new(at.host, at.port)
    connection.use_ssl = job["transport"] == "https"
    connection.ca_file = job["ca"] if connection.use_ssl?
    connection.continue_timeout = 5 if job["requests"].any? { |request| request["expect"] }
    connection.start do
      if job["op"] == "loop"
        again(job, connection, answers)
      else
        job["requests"].each_with_index do |request, i|
          sleep job["gap"] / 1000.0 if i.positive?
          answers << ask(connection, request)
        end
      end
    end
  rescue StandardError => e
    error = "#{e.class}: #{e.message}"
  end
  puts JSON.generate(answers: answers, error: error)
end
