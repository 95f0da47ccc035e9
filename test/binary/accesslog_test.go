// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// logged is a line of the JSON access log, with every field that a line may have.
type logged struct {
	Time            time.Time `json:"time"`
	RequestID       string    `json:"requestId"`
	Client          string    `json:"client"`
	Method          string    `json:"method"`
	Host            string    `json:"host"`
	Path            string    `json:"path"`
	Query           string    `json:"query"`
	Referer         string    `json:"referer"`
	UserAgent       string    `json:"userAgent"`
	Protocol        string    `json:"protocol"`
	Scheme          string    `json:"scheme"`
	Status          int       `json:"status"`
	Bytes           int       `json:"bytes"`
	DurationSeconds float64   `json:"durationSeconds"`
	UpstreamSeconds float64   `json:"upstreamSeconds"`
	Ingress         string    `json:"ingress"`
	Rule            string    `json:"rule"`
	Service         string    `json:"service"`
	Task            string    `json:"task"`
	Endpoint        string    `json:"endpoint"`
	Attempts        int       `json:"attempts"`
	Reason          string    `json:"reason"`
}

// loggedRequest is a request and what the log has to say of it.
type loggedRequest struct {
	name string
	// head is sent with CRLF for each line feed and an empty line after it.
	head string
	json logged
	// combined is the line without the time. A number sign stands for the bytes of content.
	combined string
}

// requestsToLog are for a host that is served, one whose only Task is gone, and others.
func requestsToLog(shop, gone string, web, closed *backend) []loggedRequest {
	const client, http11, scheme = "127.0.0.1", "HTTP/1.1", "http"
	return []loggedRequest{
		{
			name: "answered by a backend",
			head: "GET /a/../items?sort=1 HTTP/1.1\nHost: " + shop + "\nReferer: http://example.com/\nUser-Agent: test/1\n",
			json: logged{Client: client, Method: "GET", Host: shop, Path: "/items", Query: "sort=1", Referer: "http://example.com/",
				UserAgent: "test/1", Protocol: http11, Scheme: scheme, Status: 200,
				Ingress: "shop", Rule: "0.0", Service: "web", Task: "task/web-1", Endpoint: fmt.Sprintf("127.0.0.1:%d", web.port), Attempts: 1},
			combined: `127.0.0.1 - - "GET /items?sort=1 HTTP/1.1" 200 # "http://example.com/" "test/1"`,
		},
		{
			name: "of an old client, with content",
			head: "POST / HTTP/1.0\nHost: " + shop + "\nContent-Length: 0\n",
			json: logged{Client: client, Method: "POST", Host: shop, Path: "/", Protocol: "HTTP/1.0", Scheme: scheme, Status: 200,
				Ingress: "shop", Rule: "0.0", Service: "web", Task: "task/web-1", Endpoint: fmt.Sprintf("127.0.0.1:%d", web.port), Attempts: 1},
			combined: `127.0.0.1 - - "POST / HTTP/1.0" 200 # "-" "-"`,
		},
		{
			name: "without a rule",
			head: "GET /nowhere HTTP/1.1\nHost: other.example.com\n",
			json: logged{Client: client, Method: "GET", Host: "other.example.com", Path: "/nowhere", Protocol: http11, Scheme: scheme, Status: 404,
				Reason: "RouteNotFound"},
			combined: `127.0.0.1 - - "GET /nowhere HTTP/1.1" 404 # "-" "-"`,
		},
		{
			name: "for a backend that is gone",
			head: "GET / HTTP/1.1\nHost: " + gone + "\n",
			json: logged{Client: client, Method: "GET", Host: gone, Path: "/", Protocol: http11, Scheme: scheme, Status: 502,
				Ingress: "gone", Rule: "0.0", Service: "gone", Task: "task/gone-1", Endpoint: fmt.Sprintf("127.0.0.1:%d", closed.port), Attempts: 1,
				Reason: "UpstreamConnectFailed"},
			combined: `127.0.0.1 - - "GET / HTTP/1.1" 502 # "-" "-"`,
		},
		{
			name: "with a path that has no canonical form",
			head: "GET /../up HTTP/1.1\nHost: " + shop + "\nUser-Agent: caf\xe9\n",
			json: logged{Client: client, Method: "GET", Host: shop, Path: "/../up", UserAgent: "caf\u00e9", Protocol: http11, Scheme: scheme, Status: 400,
				Reason: "MalformedPath"},
			combined: `127.0.0.1 - - "GET /../up HTTP/1.1" 400 # "-" "caf\u00e9"`,
		},
		{
			name: "that is none, but TLS",
			head: "\x16\x03 / HTTP/1.1\nHost: " + shop + "\n",
			// A request that cannot be read has the least version, and nothing else.
			json:     logged{Client: client, Protocol: "HTTP/1.0", Scheme: scheme, Status: 400, Reason: "MalformedRequest"},
			combined: `127.0.0.1 - - "  HTTP/1.0" 400 # "-" "-"`,
		},
		{
			name: "with what would end a string",
			head: "GET /a\"b?c\\d HTTP/1.1\nHost: " + shop + "\nUser-Agent: an \"agent\"\\\n",
			json: logged{Client: client, Method: "GET", Host: shop, Path: `/a"b`, Query: `c\d`, UserAgent: `an "agent"\`, Protocol: http11, Scheme: scheme, Status: 200,
				Ingress: "shop", Rule: "0.0", Service: "web", Task: "task/web-1", Endpoint: fmt.Sprintf("127.0.0.1:%d", web.port), Attempts: 1},
			combined: `127.0.0.1 - - "GET /a\"b?c\\d HTTP/1.1" 200 # "-" "an \"agent\"\\"`,
		},
	}
}

// logOf sends the requests to a controller with an access log and ends the controller. It returns the lines of the log,
// and the bytes of content of each response. It takes the test's namespace out of the names of Ingresses.
func logOf(t *testing.T, args ...string) (requests []loggedRequest, lines []string, bytes []int) {
	t.Helper()
	s := newScene(t)
	web, closed := startBackend(t, "web-1"), startBackend(t, "gone-1")
	closed.stop()
	shop, gone := s.host("shop"), s.host("gone")
	s.create(ingress("shop", shop, "web"), task("web", web), ingress("gone", gone, "gone"), task("gone", closed))
	c := s.start(args...).ready()

	requests = requestsToLog(shop, gone, web, closed)
	for _, request := range requests {
		bytes = append(bytes, len(contentOf(t, c.http, request.head)))
	}
	c.terminate()
	if code := c.exit(); code != 0 {
		t.Errorf("the exit code is %d, want 0", code)
	}
	lines = c.stdout.lines()
	if len(lines) != len(requests) {
		t.Fatalf("there are %d lines for %d requests:\n%s", len(lines), len(requests), strings.Join(lines, "\n"))
	}
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], s.namespace+"/", "")
	}
	return requests, lines, bytes
}

// contentOf sends a request on a connection of its own and asks for that to be closed. It returns the content of the
// response.
func contentOf(t *testing.T, address, head string) string {
	t.Helper()
	c, err := connect(address, net.Dialer{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, strings.ReplaceAll(head+"Connection: close\n\n", "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	response, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	_, content, ok := strings.Cut(string(response), "\r\n\r\n")
	if !ok {
		t.Fatalf("the response %q has no end of its head", response)
	}
	return content
}

func TestTheJSONAccessLogHasOneObjectForEachRequest(t *testing.T) {
	t.Parallel()
	began := time.Now()
	requests, lines, bytes := logOf(t, "--access-log=json")
	for i, request := range requests {
		t.Run(request.name, func(t *testing.T) {
			decoder := json.NewDecoder(strings.NewReader(lines[i]))
			decoder.DisallowUnknownFields()
			var got logged
			if err := decoder.Decode(&got); err != nil {
				t.Fatalf("decoding %q: %v", lines[i], err)
			}
			want := request.json
			want.Bytes = bytes[i]
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(logged{}, "Time", "RequestID", "DurationSeconds", "UpstreamSeconds")); diff != "" {
				t.Errorf("the line (-want +got):\n%s", diff)
			}
			// The log counts milliseconds.
			if got.Time.Before(began.Truncate(time.Millisecond)) || got.Time.After(time.Now()) {
				t.Errorf("the time is %s, want that of the request", got.Time)
			}
			if read := got.Method != ""; (got.RequestID != "") != read {
				t.Errorf("the id is %q, want one where a request could be read", got.RequestID)
			}
			if answered := got.Endpoint != ""; (got.UpstreamSeconds > 0) != answered || got.UpstreamSeconds > got.DurationSeconds {
				t.Errorf("the service took %f of %f seconds", got.UpstreamSeconds, got.DurationSeconds)
			}
			if lasted := time.Since(began).Seconds(); got.DurationSeconds <= 0 || got.DurationSeconds > lasted {
				t.Errorf("it took %f seconds, want more than none and less than %f", got.DurationSeconds, lasted)
			}
		})
	}
}

func TestTheJSONAccessLogHasTheFieldsThatAreAskedFor(t *testing.T) {
	t.Parallel()
	requests, lines, _ := logOf(t, "--access-log=json", "--access-log-fields=status, task,query")
	for i, request := range requests {
		want := fmt.Sprintf(`{"status":%d`, request.json.Status)
		for _, field := range []struct{ name, value string }{{"task", request.json.Task}, {"query", request.json.Query}} {
			if field.value == "" {
				continue
			}
			value, err := json.Marshal(field.value)
			if err != nil {
				t.Fatal(err)
			}
			want += fmt.Sprintf(`,%q:%s`, field.name, value)
		}
		if diff := cmp.Diff(want+"}", lines[i]); diff != "" {
			t.Errorf("%s: the line (-want +got):\n%s", request.name, diff)
		}
	}
}

func TestTheCombinedAccessLogHasOneLineForEachRequest(t *testing.T) {
	t.Parallel()
	requests, lines, bytes := logOf(t, "--access-log=combined")
	when := regexp.MustCompile(`\[[^]]*\]`)
	for i, request := range requests {
		t.Run(request.name, func(t *testing.T) {
			stamp := when.FindString(lines[i])
			if _, err := time.Parse("[02/Jan/2006:15:04:05 -0700]", stamp); err != nil {
				t.Errorf("the time in %q: %v", lines[i], err)
			}
			want := strings.Replace(request.combined, "#", fmt.Sprint(bytes[i]), 1)
			if diff := cmp.Diff(want, strings.Replace(lines[i], stamp+" ", "", 1)); diff != "" {
				t.Errorf("the line (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStandardOutputIsEmptyWithoutAnAccessLog(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c := s.start().ready()
	if err := answers(c.http, s.host("shop"), "/", notFound); err != nil {
		t.Error(err)
	}
	c.terminate()
	if code := c.exit(); code != 0 {
		t.Errorf("the exit code is %d, want 0", code)
	}
	if lines := c.stdout.lines(); !slices.Equal(lines, nil) {
		t.Errorf("standard output is %q, want nothing", lines)
	}
}
