// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// commandLine is a client that is a command. It has one process for a job, or for a request.
type commandLine func(t *testing.T, folder string, j job) outcome

func (c commandLine) run(t *testing.T, j job) outcome {
	t.Helper()
	return c(t, t.TempDir(), j)
}

func (commandLine) close() {}

// curl sends all requests of a job by one process.
func curl(t *testing.T, folder string, j job) outcome {
	t.Helper()
	arguments := []string{"curl"}
	for i, r := range j.Requests {
		if i > 0 {
			arguments = append(arguments, "--next")
		}
		arguments = append(arguments, curlArguments(j, r, filepath.Join(folder, strconv.Itoa(i)))...)
	}
	ran := command(t, folder, nil, arguments...)
	var o outcome
	for i, line := range strings.Split(strings.TrimSpace(ran.stdout), "\n") {
		version, code, _ := strings.Cut(line, " ")
		status, _ := strconv.Atoi(code)
		// HEAD and what failed leave no file.
		content, _ := os.ReadFile(filepath.Join(folder, strconv.Itoa(i)))
		if i < len(j.Requests) && j.Requests[i].Method == "HEAD" {
			content = nil
		}
		if status > 0 {
			o.Answers = append(o.Answers, answer(version, status, content))
		}
	}
	if ran.code != 0 {
		o.Error = ran.failure()
	}
	return o
}

func curlArguments(j job, r request, output string) []string {
	arguments := []string{"-sS", "--max-time", "30", "--cacert", j.CA, "-o", output, "-w", "%{http_version} %{response_code}\n"}
	switch {
	case r.Version == "1.0":
		arguments = append(arguments, "-0")
	case j.Transport == h2c:
		arguments = append(arguments, "--http2-prior-knowledge")
	case j.Transport == h2:
		arguments = append(arguments, "--http2")
	default:
		arguments = append(arguments, "--http1.1")
	}
	for _, field := range r.Headers {
		arguments = append(arguments, "-H", field[0]+": "+field[1])
	}
	if j.Op == retried {
		arguments = append(arguments, "--retry", "3")
	}
	expect := "Expect:"
	if r.Expect {
		expect = "Expect: 100-continue"
	}
	arguments = append(arguments, "-H", expect)
	if r.Follow {
		arguments = append(arguments, "-L")
	}
	switch {
	case r.Method == "HEAD":
		arguments = append(arguments, "-I")
	case r.Size >= 0 && r.Chunked:
		if j.Transport == plain || j.Transport == tls {
			arguments = append(arguments, "-H", "Transfer-Encoding: chunked")
		} else {
			arguments = append(arguments, "-H", "Content-Length:")
		}
		arguments = append(arguments, "-X", r.Method, "-T", filepath.Join(j.folder, strconv.FormatInt(r.Size, 10)))
	case r.Size >= 0 && r.Follow:
		// -X would be for the target of the redirect too.
		arguments = append(arguments, "--data-binary", "@"+filepath.Join(j.folder, strconv.FormatInt(r.Size, 10)))
	case r.Size >= 0:
		arguments = append(arguments, "-X", r.Method, "-T", filepath.Join(j.folder, strconv.FormatInt(r.Size, 10)))
	case r.Method != "GET":
		arguments = append(arguments, "-X", r.Method)
	}
	return append(arguments, j.Base+r.Path)
}

var wgetStatus = regexp.MustCompile(`(?m)^  HTTP/(\S+) (\d+)`)

// wget sends the one request of a job.
func wget(t *testing.T, folder string, j job) outcome {
	t.Helper()
	r := j.Requests[0]
	output := filepath.Join(folder, "output")
	arguments := []string{"wget", "-S", "--no-config", "--tries=1", "--timeout=30", "--content-on-error", "--ca-certificate=" + j.CA, "-O", output}
	for _, field := range r.Headers {
		arguments = append(arguments, "--header="+field[0]+": "+field[1])
	}
	if !r.Follow {
		arguments = append(arguments, "--max-redirect=0")
	}
	switch {
	case r.Size >= 0 && r.Method == "POST":
		arguments = append(arguments, "--post-file="+filepath.Join(j.folder, strconv.FormatInt(r.Size, 10)))
	case r.Size >= 0:
		arguments = append(arguments, "--method="+r.Method, "--body-file="+filepath.Join(j.folder, strconv.FormatInt(r.Size, 10)))
	case r.Method == "HEAD":
		arguments = append(arguments, "--spider")
	case r.Method != "GET":
		arguments = append(arguments, "--method="+r.Method)
	}
	ran := command(t, folder, []string{"LC_ALL=C"}, append(arguments, j.Base+r.Path)...)
	var o outcome
	if heads := wgetStatus.FindAllStringSubmatch(ran.stderr, -1); len(heads) > 0 {
		last := heads[len(heads)-1]
		content, _ := os.ReadFile(output)
		status, _ := strconv.Atoi(last[2])
		o.Answers = append(o.Answers, answer(last[1], status, content))
	}
	// 8 is that the server answered with an error, or with a redirect that is not followed.
	if ran.code != 0 && ran.code != 8 || len(o.Answers) == 0 {
		o.Error = ran.failure()
	}
	return o
}

var nghttpStatus = regexp.MustCompile(`:status: (\d+)`)

// nghttp sends the one request of a job over HTTP/2.
func nghttp(t *testing.T, folder string, j job) outcome {
	t.Helper()
	r := j.Requests[0]
	arguments := []string{"nghttp", "-v", "-n", "--no-dep", "--timeout=30", "-H", ":method: " + r.Method}
	for _, field := range r.Headers {
		arguments = append(arguments, "-H", field[0]+": "+field[1])
	}
	if r.Size >= 0 {
		arguments = append(arguments, "-d", filepath.Join(j.folder, strconv.FormatInt(r.Size, 10)))
		if r.Chunked {
			arguments = append(arguments, "--no-content-length")
		}
		if r.Expect {
			arguments = append(arguments, "--expect-continue")
		}
	}
	ran := command(t, folder, nil, append(arguments, j.Base+r.Path)...)
	var o outcome
	if heads := nghttpStatus.FindAllStringSubmatch(ran.stdout, -1); len(heads) > 0 {
		status, _ := strconv.Atoi(heads[len(heads)-1][1])
		// What of the content is shown stands among the frames.
		o.Answers = append(o.Answers, answer("2", status, nil))
	}
	if ran.code != 0 || strings.Contains(ran.stdout+ran.stderr, "not processed") || len(o.Answers) == 0 {
		o.Error = ran.failure()
	}
	return o
}

// lynx sends the one request of a job by HTTP/1.0, which it speaks unless it is told otherwise.
func lynx(t *testing.T, folder string, j job) outcome {
	t.Helper()
	arguments := []string{"lynx", "-mime_header", "-connect_timeout=30", "-noredir"}
	if j.Requests[0].Method == "HEAD" {
		arguments = []string{"lynx", "-head", "-dump", "-noredir"}
	}
	ran := command(t, folder, []string{"SSL_CERT_FILE=" + j.CA, "TERM=dumb"}, append(arguments, j.Base+j.Requests[0].Path)...)
	head, content, _ := strings.Cut(strings.ReplaceAll(ran.stdout, "\r\n", "\n"), "\n\n")
	var version string
	var status int
	if _, err := fmt.Sscanf(head, "HTTP/%s %d", &version, &status); err != nil || ran.code != 0 {
		return outcome{Error: ran.failure()}
	}
	if j.Requests[0].Method == "HEAD" {
		content = ""
	}
	return outcome{Answers: []string{answer(version, status, []byte(content))}}
}

// httpie sends the one request of a job.
func httpie(t *testing.T, folder string, j job) outcome {
	t.Helper()
	r := j.Requests[0]
	arguments := []string{"http", "--ignore-stdin", "--print=hb", "--pretty=none", "--verify=" + j.CA, "--timeout=30"}
	if r.Chunked {
		arguments = append(arguments, "--chunked")
	}
	if r.Follow {
		arguments = append(arguments, "--follow")
	}
	arguments = append(arguments, r.Method, j.Base+r.Path)
	for _, field := range r.Headers {
		arguments = append(arguments, field[0]+":"+field[1])
	}
	if r.Expect {
		arguments = append(arguments, "Expect:100-continue")
	}
	if r.Size >= 0 {
		arguments = append(arguments, "@"+filepath.Join(j.folder, strconv.FormatInt(r.Size, 10)))
	}
	ran := command(t, folder, []string{"HOME=" + folder, "HTTPIE_CONFIG_DIR=" + quietHTTPie(t, folder)}, arguments...)
	head, content, _ := strings.Cut(strings.ReplaceAll(ran.stdout, "\r\n", "\n"), "\n\n")
	var version string
	var status int
	if _, err := fmt.Sscanf(head, "HTTP/%s %d", &version, &status); err != nil || ran.code != 0 {
		return outcome{Error: ran.failure()}
	}
	return outcome{Answers: []string{answer(version, status, []byte(content))}}
}

// quietHTTPie returns the folder of a configuration by which HTTPie starts no process that looks for updates.
func quietHTTPie(t *testing.T, folder string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(`{"disable_update_warnings": true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}
