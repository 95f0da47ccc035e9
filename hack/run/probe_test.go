// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnswersAreToldApart(t *testing.T) {
	type verdict struct {
		Serves, Settled bool
		Text            string
	}
	tests := map[string]struct {
		answer answer
		want   verdict
	}{
		"served":              {answer{status: 200}, verdict{true, true, "200 OK"}},
		"not programmed yet":  {answer{status: 404, reason: "RouteNotFound"}, verdict{false, false, "404 RouteNotFound"}},
		"no task healthy yet": {answer{status: 503, reason: "NoHealthyTask"}, verdict{false, false, "503 NoHealthyTask"}},
		"not let in":          {answer{status: 403, reason: "AccessDenied"}, verdict{false, true, "403 AccessDenied"}},
		"sent to HTTPS":       {answer{status: 308}, verdict{false, true, "308 Permanent Redirect"}},
		"not asked yet":       {answer{}, verdict{false, false, "0 "}},
		"nothing listens":     {answer{err: errors.New("refused")}, verdict{false, false, "refused"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := verdict{test.answer.serves(), test.answer.settled(), test.answer.String()}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProberAsksForTheRoutesHostAndReadsTheReason(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "demo.example.com" || r.URL.Path != "/v2" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.Header().Set("Proxy-Status", `warren; error=http_request_denied; details="AccessDenied"`)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	prober := newProber(portOf(t, server.URL))

	got := prober.try(t.Context(), route{host: "*.example.com", path: "/v2"})

	want := answer{status: 403, reason: "AccessDenied"}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestCurlLineCanBeTypedAsItIs(t *testing.T) {
	tests := map[string]struct {
		route route
		want  string
	}{
		"plain":           {route{host: "a.example.com", path: "/v1"}, "curl -H 'Host: a.example.com' http://127.0.0.1:8000/v1"},
		"below localhost": {route{host: "*.demo.localhost", path: "/"}, "curl http://demo.demo.localhost:8000/"},
		"a shell's own":   {route{path: "/a&b"}, "curl -H 'Host: any.example' 'http://127.0.0.1:8000/a&b'"},
		"an apostrophe":   {route{path: "/it's"}, `curl -H 'Host: any.example' 'http://127.0.0.1:8000/it'\''s'`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, newProber(8000).curl(test.route)); diff != "" {
				t.Errorf("command (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDemoTaskSaysWhoAnswersAndWhatArrived(t *testing.T) {
	d := demo{service: service{"default", "api"}, task: "api-1", port: 18101, host: "127.0.0.1"}
	server := httptest.NewServer(d)
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1?x=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "api.example.com"
	request.Header.Set("X-Forwarded-For", "192.0.2.1")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"service api, task api-1", "GET /v1?x=1 HTTP/1.1", "Host: api.example.com", "X-Forwarded-For: 192.0.2.1"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the demo task answered\n%s\nwithout %q", body, want)
		}
	}
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(parsed.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
